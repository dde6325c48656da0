"""The manifest of a host's configuration: setting by setting, without a word of what they say (pure).

Of a JSON file each value is a setting, of any other the whole file. What is kept of it is a digest with a salt that
nobody keeps but the host: the files hold passwords, too."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from shlex import quote

_SALT = "salt"


def read_script(folder: str, files: Iterable[str]) -> str:
    """Shell text that prints the salt, made in `folder` where it is not there yet, and each of the files, as base64. Of
    a file that is not there it prints nothing. Pure."""
    salt = f"{folder}/{_SALT}"
    begin = (
        f"set -e; umask 077; mkdir -p {folder}\n"
        f"[ -s {salt} ] || {{ head -c 32 /dev/urandom | base64 --wrap=0 >{salt}; sync -f {folder}; }}\n"
        f'echo "$(cat {salt})"\n'
    )
    each = (f'if [ -e {file} ]; then echo {file} "$(base64 --wrap=0 {file})"; fi' for file in map(quote, files))
    return begin + "\n".join(each)


def settings(text: str) -> Mapping[str, str]:
    """What `read_script` printed: setting -> its digest (HMAC-SHA-256, hex). Raises ValueError for anything else."""
    salt, *lines = text.splitlines() or [""]
    if not salt:
        raise ValueError("no configuration could be read")
    found = {}
    for line in lines:
        file, _, packed = line.partition(" ")
        try:
            content = base64.b64decode(packed, validate=True)
        except binascii.Error:
            raise ValueError(f"no configuration: {file[:80]} is cut short") from None
        for name, value in _parts(file, content):
            found[name] = hmac.new(salt.encode(), value, hashlib.sha256).hexdigest()
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The settings that are gone or are others, as sentences; a setting more is none: newer versions have more."""
    gone = [f"{name} is gone" for name in before.keys() - after.keys()]
    other = [f"{name} is another one" for name in before.keys() & after.keys() if before[name] != after[name]]
    return tuple(sorted(gone + other))


def _parts(file: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if not file.endswith(".json"):
        yield file, content
        return
    try:
        document = json.loads(content)
    except ValueError:
        yield file, content
        return
    yield from ((f"{file}: {name}" if name else file, value) for name, value in _leaves(document, ""))


def _leaves(value: object, name: str) -> Iterator[tuple[str, bytes]]:
    """A list is one value: its order may matter."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _leaves(below, f"{name}.{key}" if name else str(key))
    else:
        yield name, json.dumps(value, sort_keys=True).encode()
