"""A file's text, or one sentence about why it cannot be read."""

import hashlib
import re
from pathlib import Path

from builder.load.problem import LoadErrors, Problem

_LARGEST = 64 * 1024 * 1024
# YAML 1.2, 5.1: the printable characters. Everything else must be written as an escape in double quotes.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _refuse(file: Path, what: str, remedy: str, line: int = 1, column: int = 1) -> LoadErrors:
    return LoadErrors([Problem(file, line, column, "", what, remedy)])


def _read_bytes(file: Path, wanted: str) -> bytes:
    try:
        if file.is_dir():
            raise _refuse(file, "this is a folder", f"name {wanted}")
        if file.exists() and not file.is_file():
            raise _refuse(file, "this is not an ordinary file", f"name {wanted}")
        if file.stat().st_size > _LARGEST:
            raise _refuse(file, f"the file is larger than {_LARGEST // 1024**2} MiB", f"name {wanted}")
        return file.read_bytes()
    except FileNotFoundError:
        raise _refuse(file, "there is no such file", "check the name") from None
    except PermissionError:
        raise _refuse(file, "the file may not be read", "give yourself the right to read it") from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else None
        raise _refuse(
            file, f"the file cannot be read ({reason or 'bad name'})", "check the name and the disk"
        ) from None


def _place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def read_text(file: Path, wanted: str = "a YAML file") -> tuple[str, str]:
    """The text of `file` (UTF-8, a byte order mark is dropped) and the SHA-256 of its bytes, hex. Raises LoadErrors,
    whose remedy is to name what is `wanted`."""
    raw = _read_bytes(file, wanted)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line, column = _place(raw[: fault.start].decode("utf-8", "replace"))
        raise _refuse(file, "the file is not UTF-8 text", "save it as UTF-8", line, column) from None
    strange = _UNPRINTABLE.search(text)
    if strange is not None:
        line, column = _place(text[: strange.start()])
        what = f"a character that cannot be printed (U+{ord(strange.group()):04X}) stands here"
        raise _refuse(file, what, "remove it, or save the file as UTF-8 text", line, column)
    return text, hashlib.sha256(raw).hexdigest()
