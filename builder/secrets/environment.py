"""Take secrets out of the process's environment, so that no child process (ssh, the engines, qemu) inherits them."""

import os

from pydantic import SecretStr

_TAKEN: dict[str, SecretStr] = {}


def take(name: str) -> SecretStr | None:
    """The variable's value, which is gone from `os.environ` afterwards; asked again, the same. None: not set."""
    value = os.environ.pop(name, None)
    if value is not None:
        _TAKEN[name] = SecretStr(value)
    return _TAKEN.get(name)
