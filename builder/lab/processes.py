"""Which process is which: a pid alone is not enough, since pids come back.

Standard library only (the keeper uses it).
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process: pid and start time in clock ticks since boot (field 22 of /proc/PID/stat)."""

    pid: int
    start: int

    @property
    def alive(self) -> bool:
        """True while this very process runs; a zombie does not."""
        return start_of(self.pid) == self.start


def start_of(pid: int) -> int | None:
    """Start time of the running process `pid` in clock ticks since boot; None when there is none (or a zombie)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may contain anything
    return None if fields[0] in "ZX" else int(fields[19])


def boot_id() -> str:
    """Changes when the machine boots: a state file of an earlier boot speaks of nobody."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def myself() -> Process:
    """This process."""
    pid = os.getpid()
    return Process(pid, start_of(pid) or 0)


def command_lines() -> Iterator[tuple[Process, list[str]]]:
    """Every running process with its arguments; those that end meanwhile are left out."""
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            raw = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        start = start_of(int(folder.name))
        if raw and start is not None:
            yield Process(int(folder.name), start), [part.decode("utf-8", "replace") for part in raw.split(b"\0")[:-1]]


def is_of_host(argv: list[str], host_folder: str) -> bool:
    """Whether `argv` is the keeper or the nspawn of the host whose folder this is. Pure."""
    if argv[1:4] == ["-m", "builder.lab.keeper", host_folder]:
        return True
    return bool(argv) and Path(argv[0]).name == "systemd-nspawn" and f"--directory={host_folder}/root" in argv


def is_below(argv: list[str], hosts_folder: str) -> bool:
    """Whether `argv` is a keeper or nspawn of any host below this folder. Pure."""
    if argv[1:3] == ["-m", "builder.lab.keeper"] and len(argv) > 3:
        return argv[3].startswith(f"{hosts_folder}/")
    return bool(argv) and Path(argv[0]).name == "systemd-nspawn" and any(
        part.startswith(f"--directory={hosts_folder}/") for part in argv
    )  # fmt: skip


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to this very process, if it still runs."""
    if process.alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def wait_gone(processes: list[Process], seconds: float) -> bool:
    """Wait until none of `processes` runs any more. Returns False when one still runs after `seconds`."""
    deadline = time.monotonic() + seconds
    while any(process.alive for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
