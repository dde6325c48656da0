"""Leave nothing behind: stop every host of a lab and remove its processes, mounts, bridges, rules and disks.

Works from names, the mount table and the process list, so it needs no state file to have survived.
"""

import contextlib
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.lab import cgroups, mounts
from builder.lab.errors import LabError
from builder.lab.keeper import STOP_SECONDS
from builder.lab.layout import CGROUP_ROOT, Layout
from builder.lab.machine import read_keeper
from builder.lab.network import LabNetwork
from builder.lab.processes import command_lines, is_below, send, wait_gone

_NSPAWN = Path("/run/systemd/nspawn")


def stop_hosts(layout: Layout, *, orderly: bool) -> None:
    """Stop every host of the lab, also those that the site no longer names. Raises LabError when one does not end."""
    if orderly:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda folder: _power_off(layout, folder.name), _host_folders(layout)))
    if not cgroups.kill(layout.cgroup):
        raise LabError(f"lab {layout.site}: processes in control group {layout.cgroup} do not end; see `ps`")
    remains = [process for process, argv in command_lines() if is_below(argv, str(layout.hosts))]
    for process in remains:
        send(process, signal.SIGKILL)
    if not wait_gone(remains, 10):
        raise LabError(f"lab {layout.site}: process {remains[0].pid} does not end; see `ps`")
    cgroups.kill(layout.cgroup)


def _host_folders(layout: Layout) -> list[Path]:
    return sorted(layout.hosts.iterdir()) if layout.hosts.is_dir() else []


def _power_off(layout: Layout, name: str) -> None:
    state = read_keeper(layout.host(name))
    if state is None:
        return
    send(state.keeper if state.keeper.alive else state.machine, signal.SIGTERM)
    wait_gone([state.keeper, state.machine], STOP_SECONDS + 5)


def _forget_in_nspawn(layout: Layout) -> None:
    """Remove what a killed nspawn leaves in /run: its lock on each root, and a folder a machine."""
    for folder in _host_folders(layout):
        with contextlib.suppress(OSError):
            root = layout.host(folder.name).root.stat()
            (_NSPAWN / "locks" / f"inode-{root.st_dev}:{root.st_ino}").unlink()
        with contextlib.suppress(OSError):
            (_NSPAWN / "propagate" / layout.machine(folder.name)).rmdir()


def take_down(layout: Layout, network: LabNetwork, *, keep_disks: bool) -> None:
    """Stop and remove everything of the lab; its disks and snapshots stay with `keep_disks`. Raises LabError."""
    stop_hosts(layout, orderly=keep_disks)
    _forget_in_nspawn(layout)
    mounts.unmount_below(layout.folder)
    network.down()
    cgroups.remove(CGROUP_ROOT)
    if not keep_disks and layout.folder.exists():
        if mounts.below(layout.folder):
            raise LabError(
                f"{layout.folder}: something is still mounted below; unmount it and run `pacsmith lab down` again"
            )
        shutil.rmtree(layout.folder)
