"""A lab whose hosts Vagrant boots with its provider lxc: on the lab's own bridges, and furnished as any lab host."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from builder.errors import Unreachable
from builder.inventory import state_folder
from builder.lab import containers, needs, vagrant
from builder.lab.box import ensure_box, recipe
from builder.lab.bringup import BringUp
from builder.lab.errors import LabError
from builder.lab.furnish import Furniture, write_fresh, write_identity
from builder.lab.keys import HOST_KEY
from builder.lab.layout import Layout
from builder.lab.machine import LabMachine
from builder.lab.sources import mirrors_for
from builder.lab.vagrant import Vagrant
from builder.models.site import OperatingSystem, Site
from builder.render.files import Difference, carry_out
from builder.render.vagrant import box_name, vagrant_list
from builder.survey.remote import Remote

READY_SECONDS = 90
# What a running guest has to take in again after its files were written: name, units, keys of the SSH server.
_TAKE_IN = 'hostname "$(cat /etc/hostname)"; systemctl daemon-reload; systemctl restart ssh.service'


def vagrant_of(site: Site, layout: Layout) -> Vagrant:
    """Vagrant with a home of this site in the project folder."""
    return Vagrant(layout, Path(state_folder(site)) / "vagrant")


class VagrantHosts:
    """One `up` of one lab; the caller holds the lab's lock. `steps` knows the lab's keys, pins and mirrors."""

    def __init__(self, site: Site, machines: Sequence[LabMachine], steps: BringUp) -> None:
        self.site = site
        self.machines = machines
        self.steps = steps
        self.layout = steps.layout
        self.vagrant = vagrant_of(site, self.layout)

    def run(self) -> None:
        """Everything, or nothing where all is well. Raises LabError, LabConflict."""
        began = time.monotonic()
        say, name = self.steps.say, self.site.name
        if self.steps.network.is_up() and all(self._is_well(machine) for machine in self.machines):
            say(f"lab {name}: all {len(self.machines)} hosts are up")
            return
        vagrant.require_programs()
        self.vagrant.end_remains()
        self.steps.network.check()
        self._require_space()
        self.steps.claim()
        self.steps.network.up()
        self._write_list()
        self._add_boxes()
        self._clear_half_made()
        furniture = list(map(self.steps.furnisher(), self.machines))
        say(f"lab {name}: vagrant up with provider lxc")
        self.vagrant.run(["up", "--provider", "lxc"])
        with ThreadPoolExecutor(thread_name_prefix="lab-vagrant") as pool:
            list(pool.map(self._take_over, self.machines, furniture))
        say(f"lab {name}: all {len(self.machines)} hosts are up after {time.monotonic() - began:.1f} s")

    def _container(self, machine: LabMachine) -> str:
        return f"{self.layout.container_prefix}{machine.host.name}"

    def _is_well(self, machine: LabMachine) -> bool:
        running = containers.state(self._container(machine)) == "running"
        return running and self._is_taken_over(machine) and machine.answers()

    def _require_space(self) -> None:
        place = containers.folder()
        new = [m for m in self.machines if not containers.names(self._container(m))]
        if place is not None and new:
            needs.require_space(place, len(new) * (needs.TREE_BYTES + needs.HOST_BYTES), f"lab {self.site.name}")

    def _add_boxes(self) -> None:
        mirrors, cache = mirrors_for(self.site), self.steps.cache
        kinds: set[tuple[OperatingSystem, bool]] = {(m.host.os, m.host.kind == "stand_in") for m in self.machines}
        for os, stand_in in sorted(kinds):
            name, made_as = box_name(os, stand_in=stand_in), recipe(os, stand_in=stand_in).folder
            if not self.vagrant.has_box(name, made_as):
                self.vagrant.add_box(name, ensure_box(cache, os, mirrors, stand_in=stand_in), made_as)

    def _clear_half_made(self) -> None:
        """A container that Vagrant does not know was made by one that was killed: Vagrant could not make it again."""
        for machine in self.machines:
            name = self._container(machine)
            if name in containers.names(name) and self.vagrant.machine_id(machine.host.name) != name:
                containers.remove(name)

    def _write_list(self) -> None:
        path = Path(state_folder(self.site)) / "rendered" / "vagrant.yml"
        text = vagrant_list(self.site)
        if not path.is_file() or path.read_text("utf-8") != text:
            carry_out((Difference(path, text, None),))

    def _wanted(self, machine: LabMachine) -> dict[str, Any]:
        """What a guest was furnished for. A container that was made anew has another folder."""
        key = Path(machine.connection.key + ".pub")
        return {
            "host": machine.host.model_dump(mode="json"),
            "connection": machine.connection.model_dump(),
            "authorised_key": key.read_text() if key.is_file() else "",
            "root": containers.root_of(self._container(machine)).stat().st_ino,
        }

    def _is_taken_over(self, machine: LabMachine) -> bool:
        state = machine.folder.container_state
        try:
            return bool(json.loads(state.read_text("utf-8")) == self._wanted(machine))
        except (OSError, ValueError):
            return False

    def _take_over(self, machine: LabMachine, furniture: Furniture) -> None:
        """Give a guest what every lab host has: its name, the site's user and key, mirrors, a host key that is known
        before anybody connects; then wait until it answers to these."""
        if not self._is_taken_over(machine):
            name = self._container(machine)
            root = containers.root_of(name)
            write_fresh(root, furniture)
            write_identity(root, furniture)
            self.steps.pin(machine, (root / HOST_KEY).with_suffix(".pub").read_text())
            containers.inside(name, _TAKE_IN)
            machine.folder.path.mkdir(parents=True, exist_ok=True)
            machine.folder.container_state.write_text(json.dumps(self._wanted(machine)), "utf-8")
        self.steps.say(f"{machine.host.name}: {_ready(machine)} at {machine.host.address}")


def _ready(machine: LabMachine) -> str:
    """systemd's word once SSH lets us in with the pinned key. Raises LabError after READY_SECONDS."""
    deadline = time.monotonic() + READY_SECONDS
    reason = "no SSH server answers"
    while time.monotonic() < deadline:
        try:
            with Remote(machine.connection) as remote:
                argv = ["systemctl", "is-system-running", "--wait"]
                return remote.run(argv, timeout=READY_SECONDS).stdout.decode().strip()
        except Unreachable as silent:
            reason = str(silent)
            time.sleep(0.2)
    raise LabError(
        f"{machine.host.name}: not up after {READY_SECONDS} s: {reason}; see `lxc-info` and the guest's journal"
    )


def remove(layout: Layout, site: Site) -> None:
    """Leave nothing of Vagrant behind: what still works, containers by name, and its home. Raises LabError."""
    own = vagrant_of(site, layout)
    own.end_remains()
    with ThreadPoolExecutor(thread_name_prefix="lab-vagrant") as pool:
        list(pool.map(containers.remove, containers.names(layout.container_prefix)))
    own.forget()
