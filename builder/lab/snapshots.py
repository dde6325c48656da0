"""Snapshots of a lab's disks: copies of what each stopped host has written, whole or not there at all."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from builder.errors import BadInput
from builder.lab import mounts, needs
from builder.lab.confine import confined
from builder.lab.errors import LabError
from builder.lab.execute import run
from builder.lab.layout import HostFolder, Layout

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_COPY_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot: its name, its hosts, and when it was taken (UTC, ISO 8601)."""

    name: str
    hosts: tuple[str, ...]
    taken: str


def copy_argv(source: Path, target: Path) -> list[str]:
    """Copy a disk with owners, times and extended attributes; shared blocks where the file system can. Pure."""
    return ["cp", "--archive", "--reflink=auto", str(source), str(target)]


def _copy(layout: Layout, source: Path, target: Path) -> list[str]:
    """The copy in a control group of the lab, so that it does not outlive a killed command unnoticed."""
    return confined(f"{layout.cgroup}/copy", copy_argv(source, target))


def check_name(name: str) -> None:
    """Raises BadInput for a name that is no plain folder name."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a snapshot; use at most 63 lower-case letters, digits and . _ -")


def snapshots(layout: Layout) -> tuple[Snapshot, ...]:
    """All whole snapshots of the lab, sorted by name."""
    found = []
    for file in sorted(layout.snapshots.glob("*/snapshot.json")):
        if not file.parent.name.startswith("."):
            said = json.loads(file.read_text())
            found.append(Snapshot(file.parent.name, tuple(said["hosts"]), said["taken"]))
    return tuple(found)


def require(layout: Layout, name: str, hosts: tuple[str, ...]) -> Snapshot:
    """The snapshot called `name`, which must hold exactly these hosts. Raises BadInput."""
    known = snapshots(layout)
    for snapshot in known:
        if snapshot.name == name:
            if set(snapshot.hosts) != set(hosts):
                raise BadInput(
                    f"snapshot {name} holds {', '.join(snapshot.hosts)}, the site now has {', '.join(hosts)}; "
                    "restore needs the same hosts"
                )
            return snapshot
    there = f"there are {', '.join(s.name for s in known)}" if known else "there is none"
    raise BadInput(f"lab {layout.site} has no snapshot {name!r}; {there}")


def take(layout: Layout, name: str, hosts: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Copy the disks of the stopped `hosts`. A snapshot of the same name is replaced when the new one is whole.

    Raises LabError when there is no disk or no room.
    """
    folders = {host: layout.host(host) for host in hosts}
    for host, folder in folders.items():
        if not folder.disk_state.is_file():
            raise LabError(f"{host} has no disk yet; run `pacsmith lab up` first")
    size = sum(_bytes_of(folder.upper) for folder in folders.values())
    needs.require_space(layout.folder, size, f"snapshot {name}")
    part = layout.snapshots / f".{name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for host, folder in folders.items():
        (part / host).mkdir()
        run(_copy(layout, folder.upper, part / host / "upper"), timeout=_COPY_SECONDS)
        shutil.copyfile(folder.disk_state, part / host / folder.disk_state.name)
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    (part / "snapshot.json").write_text(json.dumps({"hosts": sorted(hosts), "taken": taken}))
    _replace(layout.snapshots / name, part)
    say(f"lab {layout.site}: snapshot {name}, {size // 2**20} MiB")


def _replace(target: Path, whole: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    whole.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _bytes_of(folder: Path) -> int:
    return int(run(["du", "--summarize", "--block-size=1", str(folder)], timeout=_COPY_SECONDS).split()[0])


def put_back(layout: Layout, snapshot: Snapshot) -> None:
    """Replace the disks of the stopped hosts by their copies. Raises LabError.

    A note in the lab's folder says that this is under way: `unfinished` finds it after a kill; doing it again is safe.
    """
    source = layout.snapshots / snapshot.name
    size = sum(_bytes_of(source / host / "upper") for host in snapshot.hosts)
    needs.require_space(layout.folder, size, f"restoring {snapshot.name}")
    layout.restoring.write_text(snapshot.name)
    for host in snapshot.hosts:
        _exchange(layout, layout.host(host), source / host)
    layout.restoring.unlink()


def _exchange(layout: Layout, folder: HostFolder, copy: Path) -> None:
    mounts.unmount_below(folder.path)
    folder.path.mkdir(parents=True, exist_ok=True)
    part = folder.path / "restored.part"
    folder.disk_state.unlink(missing_ok=True)
    for tree in (part, folder.upper, folder.work):
        shutil.rmtree(tree, ignore_errors=True)
    run(_copy(layout, copy / "upper", part), timeout=_COPY_SECONDS)
    part.rename(folder.upper)
    shutil.copyfile(copy / folder.disk_state.name, folder.disk_state)


def unfinished(layout: Layout) -> Snapshot | None:
    """The snapshot whose restore was cut short; None when none was."""
    if not layout.restoring.is_file():
        return None
    name = layout.restoring.read_text()
    return next((snapshot for snapshot in snapshots(layout) if snapshot.name == name), None)
