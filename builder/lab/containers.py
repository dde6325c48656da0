"""LXC containers of a lab, which only Vagrant's provider makes: found by name, so that nothing else need survive."""

import os
import shutil
import time
from pathlib import Path

from builder.lab import cgroups, mounts
from builder.lab.errors import LabError
from builder.lab.execute import ask, run
from builder.lab.processes import start_of

_STOP_SECONDS = 60


def folder() -> Path | None:
    """Where LXC keeps its containers; None where LXC is not installed."""
    if not Path("/usr/bin/lxc-config").exists():
        return None
    return Path(run(["lxc-config", "lxc.lxcpath"]).strip())


def names(prefix: str) -> tuple[str, ...]:
    """Containers whose names begin so, also those that a killed command has left half-made; sorted."""
    place = folder()
    found = place.iterdir() if place is not None and place.is_dir() else ()
    return tuple(sorted(path.name for path in found if path.name.startswith(prefix)))


def root_of(name: str) -> Path:
    """The root of a container, a folder of this machine. Raises LabError when there is none."""
    place = folder()
    root = place / name / "rootfs" if place is not None else None
    if root is None or not (root / "etc").is_dir():
        raise LabError(f"container {name} has no root folder; run `pacsmith lab down`, then up")
    return root


def state(name: str) -> str:
    """What LXC calls it, in small letters: running, stopped, starting, …; absent when LXC does not know it."""
    said = ask(["lxc-info", "--name", name, "--state", "--no-humanize"])
    return said.stdout.strip().lower() if said.returncode == 0 else "absent"


def up_seconds(name: str) -> float | None:
    """Seconds since the container's first process began; None while there is none."""
    pid = ask(["lxc-info", "--name", name, "--pid", "--no-humanize"]).stdout.strip()
    start = start_of(int(pid)) if pid.isdecimal() else None
    return None if start is None else time.clock_gettime(time.CLOCK_BOOTTIME) - start / os.sysconf("SC_CLK_TCK")


def inside(name: str, script: str) -> None:
    """Run a shell script as root in a running container. Raises LabError."""
    run(["lxc-attach", "--name", name, "--clear-env", "--", "/bin/sh", "-ec", script])


def remove(name: str) -> None:
    """Stop a container at once and remove it with its disk, whatever state it is in. Raises LabError."""
    ask(["lxc-stop", "--kill", "--name", name], timeout=_STOP_SECONDS)
    for group in _groups(name):
        if not cgroups.kill(group):
            raise LabError(f"container {name}: processes in control group {group} do not end; see `ps`")
    ask(["lxc-destroy", "--force", "--name", name], timeout=_STOP_SECONDS)
    place = folder()
    if place is not None and (place / name).exists():
        mounts.unmount_below(place / name)
        shutil.rmtree(place / name)


def _groups(name: str) -> list[str]:
    """The container's control groups: LXC adds a number where a killed one has left its own behind."""
    found = []
    for kind in ("lxc.payload.", "lxc.monitor."):
        others = {f"{kind}{other}" for other in names(f"{name}-")}
        found += [f"{kind}{name}", *(group for group in cgroups.named(f"{kind}{name}-[0-9]*") if group not in others)]
    return found
