"""A lock that a dead process cannot keep: flock on a file, which goes away when nobody needs it."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from builder.lab.errors import LabBusy


@contextlib.contextmanager
def locked(path: Path, what: str, say: Callable[[str], None], *, seconds: float = 300) -> Iterator[None]:
    """Hold the lock `path` for the block. `what` names it in messages.

    Waits up to `seconds` for another command to end, and says so. Raises LabBusy after that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline, told = time.monotonic() + seconds, False
    while (file := _taken(path)) is None:
        owner = _owner(path)
        if time.monotonic() > deadline:
            raise LabBusy(
                f"{what}: another pacsmith command (process {owner}) has worked on it for more than {seconds:.0f} s; "
                "wait for it or end it, then run this again"
            )
        if not told:
            say(f"{what}: waiting for another pacsmith command (process {owner})")
            told = True
        time.sleep(0.05)
    with file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _taken(path: Path) -> TextIO | None:
    """The locked file, or None while another process holds it or has just removed it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    file.close()
    return None


def _owner(path: Path) -> str:
    try:
        return path.read_text().strip() or "unknown"
    except FileNotFoundError:
        return "unknown"
