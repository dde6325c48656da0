"""The keeper: one small process a host. It starts nspawn, again when the host reboots or falls over, and stops it.

Run as `python -m builder.lab.keeper HOST_FOLDER CGROUP -- NSPAWN...`. With `--keep-unit`, nspawn does not reboot a host
by itself: it exits with 133. Standard library only, so that it stays small and starts at once.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from builder.lab import cgroups
from builder.lab.layout import HostFolder
from builder.lab.processes import boot_id, myself, start_of

REBOOT = 133
STOP_SECONDS = 30
_PR_SET_PDEATHSIG = 1
_FALLS, _FALL_SECONDS = 5, 60.0


def keeper_argv(folder: Path, cgroup: str, nspawn: list[str]) -> list[str]:
    """The command that starts a keeper. Pure."""
    return [sys.executable, "-m", "builder.lab.keeper", str(folder), cgroup, "--", *nspawn]


def verdict(code: int, falls: list[float], now: float) -> str:
    """What an exit code of nspawn means: `again`, `off`, or why it is given up. `falls` are earlier times. Pure."""
    if code == REBOOT:
        return "again"
    if code == 0:
        return "off"
    recent = [moment for moment in falls if now - moment < _FALL_SECONDS]
    return "again" if len(recent) < _FALLS else f"nspawn fell over {len(recent) + 1} times in {_FALL_SECONDS:.0f} s"


def drop_link(nspawn: list[str]) -> None:
    """Remove the host's network link of an earlier life: the kernel takes its time over the network of processes that
    were killed, and nspawn falls over a link that is still there (seen after a `down`, 2026-11-22)."""
    for word in nspawn:
        if word.startswith("--machine="):
            link = f"vb-{word.removeprefix('--machine=')}"
            subprocess.run(["ip", "link", "delete", "dev", link], capture_output=True, check=False)


def machine_starter(cgroup: str) -> Callable[[], None]:
    """What nspawn's process does before it becomes nspawn: enter its own control group, and die when its keeper dies.

    The death signal is SIGTERM, on which nspawn shuts the host down in good order: a host without a keeper would
    come back from no reboot, so it does not stay.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def start() -> None:
        cgroups.join(cgroup)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return start


class Keeper:
    """State of one keeper; `stopping` is set by SIGTERM."""

    def __init__(self, folder: HostFolder, cgroup: str, nspawn: list[str]) -> None:
        self.folder = folder
        self.cgroup = cgroup
        self.nspawn = nspawn
        self.child: subprocess.Popen[bytes] | None = None
        self.stopping = False
        self.boots = 0

    def on_stop(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM: pass it on, after which nspawn powers the host off; insist after STOP_SECONDS."""
        if self.child is None:
            os._exit(0)
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(signal.SIGKILL if self.stopping else signal.SIGTERM)
        self.stopping = True
        signal.alarm(STOP_SECONDS)

    def write_state(self, ended: str | None = None) -> None:
        """Write who runs now; atomically, since `status` reads it at any time."""
        me = myself()
        child = self.child.pid if self.child is not None else 0
        state = {
            "boot_id": boot_id(), "pid": me.pid, "start": me.start, "boots": self.boots, "booted_at": time.time(),
            "machine_pid": child, "machine_start": start_of(child) or 0, "ended": ended,
        }  # fmt: skip
        part = self.folder.keeper_state.with_suffix(".part")
        part.write_text(json.dumps(state))
        part.rename(self.folder.keeper_state)

    def keep(self) -> int:
        """Run the host until it is powered off, SIGTERM comes, or it falls over again and again."""
        falls: list[float] = []
        while True:
            self.boots += 1
            drop_link(self.nspawn)
            with self.folder.console.open("wb") as console:
                self.child = subprocess.Popen(
                    self.nspawn,
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    preexec_fn=machine_starter(f"{self.cgroup}/machine"),  # noqa: PLW1509 (the keeper has no threads)
                )
            if self.stopping:  # the signal came while the host was being started again
                self.child.terminate()
            self.write_state()
            code = self.child.wait()
            what = "off" if self.stopping else verdict(code, falls, time.monotonic())
            cgroups.kill(f"{self.cgroup}/machine")
            if what != "again":
                self.write_state("powered off" if what == "off" else what)
                return 0 if what == "off" else 1
            if code != REBOOT:
                falls.append(time.monotonic())


def main(arguments: list[str]) -> int:
    """Keep one host. A second keeper of the same host ends at once."""
    folder, cgroup, _, *nspawn = arguments
    host = HostFolder(Path(folder))
    with host.keeper_lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        cgroups.join(f"{cgroup}/keeper")
        keeper = Keeper(host, cgroup, nspawn)
        signal.signal(signal.SIGTERM, keeper.on_stop)
        signal.signal(signal.SIGALRM, keeper.on_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return keeper.keep()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
