"""A folder in memory for one run of an engine, which is gone afterwards however the engine ends.

A process of its own holds the other end of a pipe to the engine. When the engine has ended (finished, killed or
crashed) that process kills whatever the engine has left running and removes the folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.errors import PacsmithError

END_SECONDS = 10.0
_AT_ONCE = 0.02  # seconds between two looks at the processes that are being killed


def memory_folder(mounts: str) -> str:
    """Where this machine keeps files in memory only, for everybody: read from the text of /proc/mounts.

    Raises PacsmithError when there is no such place.
    """
    kinds = dict(line.split()[1:3] for line in mounts.splitlines())
    for place in ("/dev/shm", "/run/shm"):
        if kinds.get(place) == "tmpfs":
            return place
    raise PacsmithError(
        "/dev/shm is no tmpfs on this machine, and what Ansible writes for a run holds secrets that must not reach "
        "its disk; mount it with: mount -t tmpfs tmpfs /dev/shm"
    )


@contextmanager
def workroom() -> Iterator[Path]:
    """The folder (0700, tmpfs). Raises PacsmithError when this machine has no tmpfs."""
    place = memory_folder(Path("/proc/mounts").read_text(encoding="utf-8", errors="replace"))
    folder = Path(tempfile.mkdtemp(prefix="pacsmith-", dir=place))
    # It inherits our real standard output, so whoever reads our events waits until it has cleared away, too.
    caretaker = subprocess.Popen(
        [sys.executable, "-P", "-m", "builder.engines.workroom", str(folder)],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert caretaker.stdin is not None
    try:
        yield folder
    finally:
        caretaker.stdin.close()
        caretaker.wait(2 * END_SECONDS)


def _left_running(folder: str) -> list[int]:
    """Processes whose environment names the folder: Ansible, its workers, and SSH connections kept open."""
    mark, found = f"={folder}/".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue  # ended meanwhile, or somebody else's
    return found


def clear_away(folder: str) -> None:
    """Kill what still runs there and remove the folder."""
    end = time.monotonic() + END_SECONDS
    while (running := _left_running(folder)) and time.monotonic() < end:
        for process in running:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(_AT_ONCE)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Wait for the engine's end, then clear away: `python -m builder.engines.workroom FOLDER`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clear_away(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
