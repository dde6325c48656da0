"""One lab: the hosts of a site, booted on this machine. The steps of `up`, `down`, `status`, `snapshot` and `restore`."""

import json
import shlex
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from builder.errors import BadInput
from builder.inventory.build import connection_to, fqdn_of
from builder.lab import cgroups, keys, needs
from builder.lab.errors import LabConflict
from builder.lab.furnish import Furniture, machine_proxy, machine_resolver
from builder.lab.image import Cache, base_recipe, stand_in_recipe
from builder.lab.layout import Layout, cache_folder
from builder.lab.lock import locked
from builder.lab.machine import LabMachine, read_keeper
from builder.lab.network import LabNetwork, used_networks
from builder.lab.sources import Mirrors, mirrors_for, sources_text
from builder.lab.teardown import take_down
from builder.models.connection import Connection
from builder.models.site import OperatingSystem, Site
from builder.render.lab_hosts import lab_hosts

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One line of `lab status`. `up_seconds` since the last boot, `memory` in bytes; None while not running."""

    name: str
    kind: str
    os: str
    address: str
    state: str
    boots: int
    up_seconds: float | None
    memory: int | None


def _quiet(_line: str) -> None:
    pass


class Lab:
    """The lab of `site`; paths of keys and pins are relative to the current folder, the project folder."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.layout = Layout.of(site.name)
        self.hosts = lab_hosts(site)
        self.network = LabNetwork(self.layout, used_networks(site))
        self._pins = threading.Lock()

    def connection(self, name: str) -> Connection:
        """How the host or stand-in `name` is reached. Raises BadInput when the lab has none of that name."""
        if name not in {host.name for host in self.hosts}:
            raise BadInput(f"{name}: no host of lab {self.site.name}; it has {', '.join(h.name for h in self.hosts)}")
        return connection_to(self.site, self.site.end(name))

    def ssh_argv(self, name: str, command: list[str]) -> list[str]:
        """The `ssh` command for a host, with or without a command to run there. Raises BadInput."""
        connection = self.connection(name)
        argv = ["ssh", *connection.ssh_options(), f"{connection.user}@{connection.address}"]
        return [*argv, shlex.join(command)] if command else argv

    def up(self, on_line: Say = _quiet) -> None:
        """Boot what is not running and mend what a crash left; nothing to do takes well under a second.

        Raises LabError, LabConflict, LabBusy.
        """
        needs.require_root()
        needs.require_programs()
        with self._locked(on_line):
            self.bring_up(on_line)

    def down(self, on_line: Say = _quiet, *, keep_disks: bool = False) -> None:
        """Stop and remove everything; with `keep_disks`, the next `up` goes on with the same disks.

        Raises LabError, LabConflict, LabBusy.
        """
        needs.require_root()
        with self._locked(on_line):
            self._require_ours()
            take_down(self.layout, self.network, keep_disks=keep_disks)
            Cache(cache_folder(), on_line).sweep()
        on_line(f"lab {self.site.name}: down" + (", disks kept" if keep_disks else ""))

    def status(self) -> tuple[HostStatus, ...]:
        """Every host of the lab, sorted by name."""
        cache = Cache(cache_folder(), _quiet)
        return tuple(self._status(machine) for machine in self._machines(cache))

    def _locked(self, say: Say):  # type: ignore[no-untyped-def]
        return locked(self.layout.lock, f"lab {self.site.name}", say)

    def _machines(self, cache: Cache) -> list[LabMachine]:
        return [
            LabMachine(self.layout, host, self.connection(host.name), cache.layers(host.os, stand_in=host.kind == "stand_in"))
            for host in self.hosts
        ]

    def _status(self, machine: LabMachine) -> HostStatus:
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

    def bring_up(self, say: Say) -> None:
        """`up`, with the lock held already."""
        self._require_ours()
        cache = Cache(cache_folder(), say)
        cache.sweep()
        machines = self._machines(cache)
        if self.network.is_up() and all(m.is_kept() and m.is_as_the_site_says() and m.answers() for m in machines):
            self._attach(machines)
            say(f"lab {self.site.name}: all {len(machines)} hosts are up")
            return
        began = time.monotonic()
        needs.require_kernel()
        self._require_space(cache, machines)
        self.network.check()
        self.layout.folder.mkdir(parents=True, exist_ok=True)
        self.layout.owner.write_text(json.dumps({"project": str(Path.cwd())}))
        self.network.up()
        mirrors = mirrors_for(self.site)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda os: self._bring_up_release(os, machines, cache, mirrors, say), {m.host.os for m in machines}))
        self._attach(machines)
        say(f"lab {self.site.name}: all {len(machines)} hosts are up after {time.monotonic() - began:.1f} s")

    def _attach(self, machines: list[LabMachine]) -> None:
        """A bridge that was made anew has lost its hosts."""
        for machine in machines:
            interface = machine.interface()
            if interface is not None:
                self.network.attach(interface, machine.host.network)

    def _require_space(self, cache: Cache, machines: list[LabMachine]) -> None:
        recipes = {base_recipe(m.host.os) for m in machines}
        recipes |= {stand_in_recipe(m.host.os) for m in machines if m.host.kind == "stand_in"}
        trees = sum(needs.TREE_BYTES for recipe in recipes if not cache.has(recipe))
        needs.require_space(cache.folder, trees, "making base trees")
        disks = sum(needs.HOST_BYTES for m in machines if not m.has_disk())
        needs.require_space(self.layout.folder, disks, f"lab {self.site.name}")

    def _bring_up_release(
        self, os: OperatingSystem, machines: list[LabMachine], cache: Cache, mirrors: Mirrors, say: Say
    ) -> None:
        """All hosts of one Debian release: hosts boot while the stand-ins' layer is still being made."""
        furniture = self._furnisher(mirrors)
        ours = [machine for machine in machines if machine.host.os == os]
        stand_ins = [machine for machine in ours if machine.host.kind == "stand_in"]
        cache.ensure_base(os, mirrors)
        with ThreadPoolExecutor() as pool:
            started = [pool.submit(self._bring_up_host, m, furniture(m), say) for m in ours if m not in stand_ins]
            if stand_ins:
                cache.ensure_stand_in(os, mirrors)
            started += [pool.submit(self._bring_up_host, m, furniture(m), say) for m in stand_ins]
            for future in started:
                future.result()

    def _furnisher(self, mirrors: Mirrors) -> Callable[[LabMachine], Furniture]:
        resolver, proxy = machine_resolver(), machine_proxy()

        def furniture(machine: LabMachine) -> Furniture:
            key = Path(machine.connection.key)
            with self._pins:
                keys.make_pair(key, f"pacsmith lab {self.site.name}")
                keys.give_back(key.parent)
            public = key.with_name(key.name + ".pub").read_text()
            return Furniture(
                machine.host, machine.connection, public, sources_text(mirrors, machine.host.os), resolver, proxy
            )

        return furniture

    def _bring_up_host(self, machine: LabMachine, furniture: Furniture, say: Say) -> None:
        began = time.monotonic()
        if not (machine.is_kept() and machine.is_as_the_site_says()):
            machine.stop()
            if machine.prepare(furniture):
                self._pin(machine)
            machine.start()
        word = machine.wait_ready()
        say(f"{machine.host.name}: {word} at {machine.host.address} after {time.monotonic() - began:.1f} s")

    def _pin(self, machine: LabMachine) -> None:
        """Pin the host's key, which the lab has made itself: nothing is trusted because it was seen first."""
        known_hosts = Path(machine.connection.known_hosts)
        names = keys.pin_names(machine.connection, fqdn_of(self.site, self.site.end(machine.host.name)))
        with self._pins:
            keys.pin(known_hosts, names, machine.public_key())
            keys.give_back(known_hosts.parent)
