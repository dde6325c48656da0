"""Take secrets out of the process's environment, so that no child process (ssh, the engines, qemu) inherits them."""

import os

from pydantic import SecretStr

_EVERYONES = ("HOME", "PATH")  # a site that names one of these as a secret errs; it must still be able to say so
_TAKEN: dict[str, SecretStr] = {}


def take(name: str) -> SecretStr | None:
    """The variable's value, which is gone from `os.environ` afterwards; asked again, the same. None: not set."""
    value = os.environ.get(name) if name in _EVERYONES else os.environ.pop(name, None)
    if value is not None:
        _TAKEN[name] = SecretStr(value)
    return _TAKEN.get(name)
