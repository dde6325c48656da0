"""`lab up`, step by step: base trees, network, disks, keepers, and waiting until every host lets us in."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from builder.inventory.build import fqdn_of
from builder.lab import keys, needs
from builder.lab.errors import LabError
from builder.lab.furnish import Furniture, machine_proxy, machine_resolver
from builder.lab.image import Cache, base_recipe, stand_in_recipe
from builder.lab.machine import LabMachine
from builder.lab.network import LabNetwork
from builder.lab.sources import mirrors_for, sources_text
from builder.models.site import OperatingSystem, Site

Say = Callable[[str], None]


class BringUp:
    """One `up` of one lab; the caller holds the lab's lock."""

    def __init__(self, site: Site, machines: Sequence[LabMachine], network: LabNetwork, cache: Cache, say: Say) -> None:
        self.site = site
        self.machines = machines
        self.network = network
        self.layout = network.layout
        self.cache = cache
        self.say = say
        self._keys = threading.Lock()
        self._interrupted = threading.Event()

    def run(self) -> None:
        """Everything, or nothing where all is well. Raises LabError, LabConflict."""
        began = time.monotonic()
        if self._all_is_well():
            self.say(f"lab {self.site.name}: all {len(self.machines)} hosts are up")
            return
        needs.require_kernel()
        self._require_space()
        self.network.check()
        self.claim()
        self.network.up()
        self._attach()
        self._boot_all()
        self.say(f"lab {self.site.name}: all {len(self.machines)} hosts are up after {time.monotonic() - began:.1f} s")

    def claim(self) -> None:
        """Write down that the lab belongs to this project folder."""
        self.layout.folder.mkdir(parents=True, exist_ok=True)
        self.layout.owner.write_text(json.dumps({"project": str(Path.cwd())}))

    def _all_is_well(self) -> bool:
        return self.network.is_up() and all(
            machine.is_kept() and machine.is_as_the_site_says() and self._is_pinned(machine) and machine.answers()
            for machine in self.machines
        )

    def _require_space(self) -> None:
        recipes = {base_recipe(machine.host.os) for machine in self.machines}
        recipes |= {stand_in_recipe(m.host.os) for m in self.machines if m.host.kind == "stand_in"}
        trees = sum(needs.TREE_BYTES for recipe in recipes if not self.cache.has(recipe))
        needs.require_space(self.cache.folder, trees, "making base trees")
        new = [machine.host.kind for machine in self.machines if not machine.has_disk()]
        disks = sum(needs.HOST_BYTES if kind == "host" else needs.STAND_IN_BYTES for kind in new)
        needs.require_space(self.layout.folder, disks, f"lab {self.site.name}")

    def _attach(self) -> None:
        """A bridge that was made anew has lost the hosts that still run."""
        for machine in self.machines:
            interface = machine.interface()
            if interface is not None:
                self.network.attach(interface, machine.host.network)

    def _boot_all(self) -> None:
        furnish = self.furnisher()
        releases = sorted({machine.host.os for machine in self.machines})
        with ThreadPoolExecutor(thread_name_prefix="lab-release") as pool:
            self._finish([pool.submit(self._boot_release, release, furnish) for release in releases])

    def _boot_release(self, release: OperatingSystem, furnish: Callable[[LabMachine], Furniture]) -> None:
        """All hosts of one Debian release: hosts boot while the stand-ins' layer is still being made."""
        ours = [machine for machine in self.machines if machine.host.os == release]
        stand_ins = [machine for machine in ours if machine.host.kind == "stand_in"]
        mirrors = mirrors_for(self.site)
        self.cache.ensure_base(release, mirrors)
        with ThreadPoolExecutor(max_workers=max(len(ours), 1), thread_name_prefix="lab-host") as pool:
            started = [pool.submit(self._boot, m, furnish(m)) for m in ours if m.host.kind == "host"]
            if stand_ins:
                self.cache.ensure_stand_in(release, mirrors)
            started += [pool.submit(self._boot, machine, furnish(machine)) for machine in stand_ins]
            self._finish(started)

    def _finish(self, started: Sequence[Future[None]]) -> None:
        """Wait for all; then say every fault, not the first alone. An interrupt ends all waiting. Raises LabError."""
        faults: list[str] = []
        for future in started:
            try:
                future.result()
            except LabError as fault:
                faults.append(str(fault))
            except KeyboardInterrupt:
                self._interrupted.set()
                raise
        if faults:
            raise LabError("\n".join(faults))

    def furnisher(self) -> Callable[[LabMachine], Furniture]:
        """What makes each machine out of its base. Raises LabError when no mirror is known."""
        mirrors, resolver, proxy = mirrors_for(self.site), machine_resolver(), machine_proxy()
        if not resolver:
            self.say(
                f"lab {self.site.name}: this machine names no DNS server that its hosts could reach; they have none"
            )

        def furniture(machine: LabMachine) -> Furniture:
            public = self._controller_key(Path(machine.connection.key))
            return Furniture(
                machine.host, machine.connection, public, sources_text(mirrors, machine.host.os), resolver, proxy
            )

        return furniture

    def _controller_key(self, key: Path) -> str:
        with self._keys:
            keys.make_pair(key, f"pacsmith lab {self.site.name}")
        return key.with_name(key.name + ".pub").read_text()

    def _boot(self, machine: LabMachine, furniture: Furniture) -> None:
        began = time.monotonic()
        if not (machine.is_kept() and machine.is_as_the_site_says()):
            machine.stop()
            machine.prepare(furniture, lambda key: self.pin(machine, key))
            machine.start()
        if not self._is_pinned(machine):
            self.pin(machine, machine.public_key())
        word = machine.wait_ready(self._interrupted)
        self.say(f"{machine.host.name}: {word} at {machine.host.address} after {time.monotonic() - began:.1f} s")

    def _names(self, machine: LabMachine) -> tuple[str, ...]:
        return keys.pin_names(machine.connection, fqdn_of(self.site, self.site.end(machine.host.name)))

    def _is_pinned(self, machine: LabMachine) -> bool:
        return keys.is_pinned(Path(machine.connection.known_hosts), self._names(machine))

    def pin(self, machine: LabMachine, public_key: str) -> None:
        """Pin the host's key, which the lab has made itself: nothing is trusted because it was seen first."""
        known_hosts = Path(machine.connection.known_hosts)
        with self._keys:
            keys.pin(known_hosts, self._names(machine), public_key)
