"""One lab: the hosts of a site, booted on this machine: up, down, status, ssh, snapshot and restore."""

import errno
import json
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.errors import BadInput, PacsmithError
from builder.inventory.build import connection_to
from builder.lab import cgroups, containers, needs, snapshots, vagrant_hosts
from builder.lab.bringup import BringUp, Say
from builder.lab.errors import LabConflict, LabError
from builder.lab.image import Cache
from builder.lab.layout import Layout, cache_folder
from builder.lab.lock import locked
from builder.lab.machine import LabMachine, read_keeper
from builder.lab.network import LabNetwork, used_networks
from builder.lab.snapshots import Snapshot
from builder.lab.teardown import stop_hosts, take_down
from builder.lab.vagrant_hosts import VagrantHosts
from builder.models.connection import Connection
from builder.models.site import Site
from builder.render.lab_hosts import lab_hosts


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One line of `lab status`. `up_seconds` since the last boot, `memory` in bytes; None while not running.

    `boots` is None for hosts that Vagrant boots: LXC does not count them.
    """

    name: str
    kind: str
    os: str
    address: str
    state: str
    boots: int | None
    up_seconds: float | None
    memory: int | None


Driver = Literal["nspawn", "vagrant"]


def _quiet(_line: str) -> None:
    pass


class Lab:
    """The lab of `site`; paths of keys and pins are relative to the current folder, the project folder."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.layout = Layout.of(site.name)
        self.hosts = lab_hosts(site)
        self.network = LabNetwork(self.layout, used_networks(site))

    def connection(self, name: str) -> Connection:
        """How the host or stand-in `name` is reached. Raises BadInput when the lab has none of that name."""
        if name not in {host.name for host in self.hosts}:
            raise BadInput(f"{name}: no host of lab {self.site.name}; it has {', '.join(h.name for h in self.hosts)}")
        return connection_to(self.site, self.site.end(name))

    def ssh_argv(self, name: str, command: list[str]) -> list[str]:
        """The `ssh` command for a host. One text is a shell command; several are a program and its arguments.

        Raises BadInput when the lab has no such host.
        """
        connection = self.connection(name)
        argv = ["ssh", *connection.ssh_options(), f"{connection.user}@{connection.address}"]
        if len(command) > 1:
            return [*argv, shlex.join(command)]
        return [*argv, *command]

    def up(self, on_line: Say = _quiet, driver: Driver = "nspawn") -> None:
        """Boot what is not running and mend what a crash left; nothing to do takes well under a second.

        Raises LabError, LabConflict, LabBusy.
        """
        needs.require_root()
        needs.require_programs()
        with self._locked(on_line):
            self._require_ours()
            self._require_only(driver)
            if driver == "vagrant":
                self._vagrant_up(on_line)
            else:
                self._bring_up(on_line)

    def down(self, on_line: Say = _quiet, *, keep_disks: bool = False) -> None:
        """Stop and remove everything; with `keep_disks`, the next `up` goes on with the same disks.

        Raises LabError, LabConflict, LabBusy.
        """
        needs.require_root()
        with self._locked(on_line):
            self._require_ours()
            if keep_disks:
                self._require_only("nspawn")
            else:
                vagrant_hosts.remove(self.layout, self.site)
            take_down(self.layout, self.network, keep_disks=keep_disks)
            Cache(cache_folder(), on_line).sweep()
        on_line(f"lab {self.site.name}: down" + (", disks kept" if keep_disks else ""))

    def status(self) -> tuple[HostStatus, ...]:
        """Every host of the lab, sorted by name."""
        cache = Cache(cache_folder(), _quiet)
        return tuple(self._status(machine) for machine in self._machines(cache))

    def playing(self) -> frozenset[str]:
        """The hosts and stand-ins that run here and now for this project folder: whoever speaks to one of their
        addresses from this machine speaks to the lab. Empty where another's lab cannot be looked into."""
        try:
            return self._playing()
        except (PacsmithError, OSError, ValueError):
            return frozenset()

    def is_down(self, name: str) -> bool:
        """Whether the host or stand-in `name` certainly does not run: False where that cannot be looked into, as by
        one who is not root, in another's lab, and of a machine that a person's own `vagrant up` made here."""
        by_hand = Path(".vagrant", "machines", name).glob("*/id")
        try:
            return os.geteuid() == 0 and name not in self._playing() and not any(by_hand)
        except (PacsmithError, OSError, ValueError):
            return False

    def _playing(self) -> frozenset[str]:
        self._require_ours()
        machines = self._machines(Cache(cache_folder(), _quiet)) if self.layout.owner.is_file() else []
        contained = set(containers.names(self.layout.container_prefix)) if machines else set()
        return frozenset(machine.host.name for machine in machines if self._plays(machine, contained))

    def _plays(self, machine: LabMachine, contained: set[str]) -> bool:
        container = f"{self.layout.container_prefix}{machine.host.name}"
        return machine.is_kept() or (container in contained and containers.state(container) == "running")

    def snapshot(self, name: str, on_line: Say = _quiet) -> None:
        """Copy all disks as `name`, in place of an older one of that name. Running hosts are stopped and started again.

        Raises BadInput, LabError, LabConflict, LabBusy.
        """
        needs.require_root()
        snapshots.check_name(name)
        with self._locked(on_line), self._stopped(on_line):
            snapshots.take(self.layout, name, tuple(host.name for host in self.hosts), on_line)

    def restore(self, name: str, on_line: Say = _quiet) -> None:
        """Put all disks back to the snapshot `name`. Running hosts are stopped and started again.

        Raises BadInput, LabError, LabConflict, LabBusy.
        """
        needs.require_root()
        with self._locked(on_line):
            snapshot = snapshots.require(self.layout, name, tuple(host.name for host in self.hosts))
            with self._stopped(on_line):
                self._put_back(snapshot, on_line)

    def list_snapshots(self) -> tuple[Snapshot, ...]:
        """All snapshots, sorted by name."""
        return snapshots.snapshots(self.layout)

    @contextmanager
    def _locked(self, say: Say) -> Iterator[None]:
        """Hold the lab's lock; a fault of the file system becomes a sentence. Raises LabError, LabBusy."""
        try:
            with locked(self.layout.lock, f"lab {self.site.name}", say):
                yield
        except OSError as fault:
            place = fault.filename or self.layout.folder
            remedy = "make room there" if fault.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
            raise LabError(f"{place}: {fault.strerror or fault}; {remedy}, then run the same command again") from fault

    @contextmanager
    def _stopped(self, say: Say) -> Iterator[None]:
        """All hosts powered off for the block, and up again afterwards, also after a fault, if any was running."""
        self._require_ours()
        self._require_only("nspawn")
        self._finish_restore(say)
        was_up = any(machine.is_kept() for machine in self._machines(Cache(cache_folder(), say)))
        stop_hosts(self.layout, orderly=True)
        try:
            yield
        finally:
            if was_up:
                self._bring_up(say)

    def _put_back(self, snapshot: Snapshot, say: Say) -> None:
        snapshots.put_back(self.layout, snapshot)
        cache = Cache(cache_folder(), say)
        machines = self._machines(cache)
        for machine in machines:
            BringUp(self.site, machines, self.network, cache, say).pin(machine, machine.public_key())
        say(f"lab {self.site.name}: disks are as in snapshot {snapshot.name}")

    def _finish_restore(self, say: Say) -> None:
        snapshot = snapshots.unfinished(self.layout)
        if snapshot is not None:
            say(f"lab {self.site.name}: finishing the restore of {snapshot.name}, which was cut short")
            stop_hosts(self.layout, orderly=False)
            self._put_back(snapshot, say)

    def _bring_up(self, say: Say) -> None:
        self._require_ours()
        self._finish_restore(say)
        cache = Cache(cache_folder(), say)
        cache.sweep()
        BringUp(self.site, self._machines(cache), self.network, cache, say).run()

    def _vagrant_up(self, say: Say) -> None:
        cache = Cache(cache_folder(), say)
        cache.sweep()
        machines = self._machines(cache)
        VagrantHosts(self.site, machines, BringUp(self.site, machines, self.network, cache, say)).run()

    def _require_only(self, driver: Driver) -> None:
        """Raises LabConflict when hosts of the other driver are there: they have the same addresses."""
        if driver == "nspawn":
            others = containers.names(self.layout.container_prefix)
        else:
            others = tuple(host.name for host in self.hosts if self.layout.host(host.name).disk_state.is_file())
        if others:
            whose = "Vagrant's containers" if driver == "nspawn" else "hosts of systemd-nspawn"
            raise LabConflict(
                f"lab {self.site.name} has {whose} ({', '.join(others)}), with which this does not go together; run "
                f"`pacsmith lab down {self.site.name}` first"
            )

    def _machines(self, cache: Cache) -> list[LabMachine]:
        return [
            LabMachine(
                self.layout, host, self.connection(host.name), cache.layers(host.os, stand_in=host.kind == "stand_in")
            )
            for host in self.hosts
        ]

    def _status(self, machine: LabMachine) -> HostStatus:
        container = f"{self.layout.container_prefix}{machine.host.name}"
        if container in containers.names(container):
            return _container_status(machine, container)
        keeper = read_keeper(machine.folder)
        kept = machine.is_kept()
        if kept:
            state = "running" if machine.answers() else "booting"
        elif not machine.has_disk():
            state = "absent"
        else:
            state = (keeper.ended if keeper is not None else None) or "down"
        return HostStatus(
            machine.host.name, machine.host.kind, machine.host.os, machine.host.address, state,
            keeper.boots if keeper is not None else 0,
            time.time() - keeper.booted_at if keeper is not None and kept else None,
            cgroups.memory(machine.cgroup) if kept else None,
        )  # fmt: skip

    def _require_ours(self) -> None:
        """Raises LabConflict when the lab of this name belongs to another project folder that still exists."""
        if not self.layout.owner.is_file():
            return
        project = Path(json.loads(self.layout.owner.read_text())["project"])
        if project != Path.cwd() and project.is_dir():
            raise LabConflict(
                f"lab {self.site.name} on this machine belongs to {project}; run `pacsmith lab down` there, "
                "or give this site another name"
            )


def _container_status(machine: LabMachine, container: str) -> HostStatus:
    state = containers.state(container)
    running = state == "running"
    if running and not machine.answers():
        state = "booting"
    return HostStatus(
        machine.host.name, machine.host.kind, machine.host.os, machine.host.address,
        "down" if state == "stopped" else state, None, containers.up_seconds(container) if running else None,
        cgroups.memory(f"lxc.payload.{container}") if running else None,
    )  # fmt: skip
