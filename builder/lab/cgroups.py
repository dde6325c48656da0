"""Control groups of the lab. Each host has one of its own: nspawn's `--keep-unit` would otherwise put every host into
the group that it was started in, where one host's `systemctl stop` ends the same service of all others.

Standard library only (the keeper uses it).
"""

import contextlib
import os
import signal
import time
from pathlib import Path

_CONTROLLERS = ("cpu", "memory", "pids", "io")


def hierarchies(mountinfo: str) -> tuple[Path, ...]:
    """Mount points of the unified hierarchy, first, and of systemd's own version 1 hierarchy, if there is one. Pure."""
    unified, named = [], []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        point = Path(left.split()[4])
        kind, _, options = [*right.split(), "", "", ""][:3]
        if kind == "cgroup2":
            unified.append(point)
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            named.append(point)
    return (*unified[:1], *named[:1])


def everywhere(mountinfo: str) -> tuple[Path, ...]:
    """Mount points of every hierarchy, also of those that have one controller each, in which LXC makes groups. Pure."""
    parts = (line.partition(" - ") for line in mountinfo.splitlines())
    return tuple(
        Path(left.split()[4]) for left, _, right in parts if right.split(maxsplit=1)[0] in ("cgroup", "cgroup2")
    )


def named(pattern: str) -> tuple[str, ...]:
    """The top groups of any hierarchy whose names match `pattern`, as a shell would match them."""
    return tuple(sorted({found.name for root in _all() for found in root.glob(pattern)}))


def _all() -> tuple[Path, ...]:
    return everywhere(Path("/proc/self/mountinfo").read_text())


def mounted() -> tuple[Path, ...]:
    return hierarchies(Path("/proc/self/mountinfo").read_text())


def unified_root() -> Path | None:
    """Where the unified hierarchy is mounted; None when this machine has none."""
    found = mounted()
    is_unified = bool(found) and (found[0] / "cgroup.controllers").exists()
    return found[0] if is_unified else None


def join(group: str) -> None:
    """Make `group` (a path below the root) in every hierarchy and move this process into it. Raises OSError."""
    for root in mounted():
        below = root
        for part in Path(group).parts:
            _pass_controllers_on(below)
            below = below / part
            below.mkdir(exist_ok=True)
        (below / "cgroup.procs").write_text(str(os.getpid()))


def _pass_controllers_on(folder: Path) -> None:
    """Let groups below have memory and process accounting where the machine allows it; the lab works without."""
    for controller in _CONTROLLERS:
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def pids(group: str) -> tuple[int, ...]:
    """Every process in `group` and below."""
    found: set[int] = set()
    for root in mounted():
        for listing in (root / group).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found.update(int(line) for line in listing.read_text().split())
    return tuple(sorted(found - {0}))


def memory(group: str) -> int | None:
    """Bytes in use by `group`: the kernel's account, or the sum of resident sets where memory is not accounted."""
    root = unified_root()
    if root is not None:
        with contextlib.suppress(OSError, ValueError):
            return int((root / group / "memory.current").read_text())
    page, total = os.sysconf("SC_PAGE_SIZE"), 0
    for pid in pids(group):
        with contextlib.suppress(OSError, IndexError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
    return total or None


def kill(group: str, seconds: float = 10) -> bool:
    """End every process of `group` and below, at once, and remove the group. False when something is left."""
    deadline = time.monotonic() + seconds
    while True:
        for root in mounted():
            with contextlib.suppress(OSError):
                (root / group / "cgroup.kill").write_text("1")
        for pid in pids(group):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if remove(group):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def remove(group: str) -> bool:
    """Remove `group` and the groups below, in every hierarchy, where no process is left. False when one had to stay."""
    gone = True
    for root in _all():
        top = root / group
        if not top.exists():
            continue
        for folder in sorted((f for f in top.rglob("*") if f.is_dir()), key=lambda f: len(f.parts), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        try:
            top.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            gone = False
    return gone
