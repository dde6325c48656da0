"""Which process holds something, and whether it is still there: what makes a dead process's lock safe to take over."""

import os
import socket
from pathlib import Path

from builder.models.base import Model

_PROC = Path("/proc")
_START_TIME = 19  # field 22 of /proc/<pid>/stat (proc(5)), counted from the state field that follows the name
_DEAD_STATES = "ZX"


class ProcessIdentity(Model):
    """One process of one boot of one machine.

    `started` is the process's start time in clock ticks since boot: together with `boot` it tells a process from a
    later one with the same number. `namespace` is the PID namespace in which `pid` has its meaning.
    """

    hostname: str
    machine: str
    boot: str
    namespace: str
    pid: int
    started: int

    @classmethod
    def of_this(cls) -> "ProcessIdentity":
        """The running process."""
        return cls(
            hostname=socket.gethostname(),
            machine=_read(Path("/etc/machine-id")),
            boot=_read(_PROC / "sys/kernel/random/boot_id"),
            namespace=_namespace(),
            pid=os.getpid(),
            started=_start_time(os.getpid()) or 0,
        )

    def gone(self, seen_from: "ProcessIdentity") -> bool:
        """Whether this process has certainly ended. False whenever `seen_from` cannot know: of another machine, or
        of another PID namespace of this one."""
        if (self.hostname, self.machine) != (seen_from.hostname, seen_from.machine):
            return False
        if self.boot != seen_from.boot:
            return True
        if self.namespace != seen_from.namespace:
            return False
        return _start_time(self.pid) != self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.hostname}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _start_time(pid: int) -> int | None:
    """Start time in clock ticks since boot; None when there is no such process, or only its unburied remains."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The process's name stands in brackets and may itself hold brackets and spaces.
    state, *numbers = text.rpartition(")")[2].split()
    return None if state in _DEAD_STATES else int(numbers[_START_TIME - 1])
