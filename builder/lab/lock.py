"""A lock that a dead process cannot keep: flock on a file that stays."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from builder.lab.errors import LabBusy


@contextlib.contextmanager
def locked(path: Path, what: str, say: Callable[[str], None], *, seconds: float = 300) -> Iterator[None]:
    """Hold the lock `path` for the block. `what` names it in messages.

    Waits up to `seconds` for another command to end, and says so. Raises LabBusy after that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        deadline, told = time.monotonic() + seconds, False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = path.read_text().strip() or "unknown"
                if time.monotonic() > deadline:
                    raise LabBusy(
                        f"{what}: another pacsmith command (process {owner}) has worked on it for more than "
                        f"{seconds:.0f} s; wait for it or end it, then run this again"
                    ) from None
                if not told:
                    say(f"{what}: waiting for another pacsmith command (process {owner})")
                    told = True
                time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
