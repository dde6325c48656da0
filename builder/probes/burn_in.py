"""A host under load for some time: tools installed, loads started, the host watched, all of it removed again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from builder.errors import Unreachable
from builder.models.site import Host
from builder.probes import burn_in_collect as collect
from builder.probes import burn_in_judge as judge
from builder.probes.burn_in_host import BurnInError, Found, ask, lacking, look, simulated
from builder.probes.burn_in_images import ImageLoop, Show
from builder.probes.burn_in_judge import Judged
from builder.probes.burn_in_load import (
    INSTALLING,
    Load,
    disk_load,
    file_to_write,
    graphics_load,
    hold_script,
    install_script,
    memory_load,
    memory_to_test,
    processor_load,
    start_script,
    tested_directory,
)
from builder.probes.burn_in_watch import Watch, reading_of, watched
from builder.survey.displays import SCREENS
from builder.survey.remote import Remote

_LOOK_EVERY = 10.0  # seconds between two looks at a host
_SILENCE = 180.0  # seconds without an answer after which the host counts as lost
_IN_MEMORY = ("tmpfs", "ramfs")
_WORKERS = 8  # processes that test the memory at most


class StoppedError(Exception):
    """Somebody wants the burn-in to end now."""


@dataclass
class BurnIn:
    """One host's burn-in of so many `seconds`. `tell` hears how far it is; `stop` ends it."""

    remote: Remote
    host: Host
    run: str
    seconds: int
    stop: threading.Event
    tell: Callable[[str], None]
    show: Show | None = None
    watch: Watch = field(default_factory=Watch)
    skipped: list[Judged] = field(default_factory=list)
    silent_since: float | None = None

    def carry_out(self) -> list[Judged]:
        """Everything, from looking to removing; what is left of an earlier one is removed first.

        Raises Unreachable; BurnInError when it cannot begin; StationInUse and StoppedError when it was ended early,
        after everything has been removed.
        """
        left = collect.remove(self.remote)
        if left:
            raise BurnInError(f"{self.host.name}: an earlier burn-in left {', '.join(left)}, which cannot be removed")
        here = look(self.remote, self.host)
        loads = self._loads(here)
        directory = tested_directory(self.host) if any(load.name == "disk" for load in loads) else None
        packages = simulated(self.remote, lacking(loads, here))
        self._root(hold_script(self.run, list(packages), directory), "the burn-in cannot be prepared")
        try:
            if packages:
                self.tell(f"installing {len(packages)} packages for the burn-in")
                self._root(install_script(lacking(loads, here)), "the tools cannot be installed", INSTALLING)
            found = self._under_load(here, loads, directory)
        finally:
            self.tell("removing what the burn-in brought")
            left = collect.remove(self.remote)
        return [*found, judge.left_as_found(packages, left)]

    def _loads(self, here: Found) -> list[Load]:
        """The loads that this host can bear; `skipped` says why another is left out."""
        loads = [processor_load(self.seconds)]
        size = memory_to_test(here.available, here.limit, container=here.container)
        if size:
            loads.append(memory_load(size, min(here.processors, _WORKERS), self.seconds))
        else:
            expected, why = "every result of the memory right under full load", "too little memory is free to test any"
            self.skipped.append(judge.unknown("memory", expected, why))
        return [*loads, *self._disk(here), *self._graphics(here)]

    def _disk(self, here: Found) -> list[Load]:
        directory = tested_directory(self.host)
        if directory is None:
            why = f"a {self.host.host_class.replace('_', ' ')} keeps no images on a disk"
            self.skipped.append(Judged("disk", "a disk that holds images", why, "not applicable"))
            return []
        if here.filesystem in _IN_MEMORY:
            why = f"{directory} lies in memory ({here.filesystem})"
            self.skipped.append(Judged("disk", "a disk that holds images", why, "not applicable"))
            return []
        size = file_to_write(here.free or 0)
        if size:
            return [disk_load(directory, size, self.seconds)]
        why = f"{directory} " + (
            "does not exist: build the host first" if here.free is None else "has too little space"
        )
        self.skipped.append(judge.unknown("disk", "what is written to the disk is read back the same", why))
        return []

    def _graphics(self, here: Found) -> list[Load]:
        expected, authority = "the graphics card draws without a wrong picture", SCREENS.get(self.host.host_class)
        if authority is None or not here.graphics:
            why = "no GPU" if authority is not None else "nobody looks at a screen of this machine"
            self.skipped.append(Judged("graphics", expected, why, "not applicable"))
            return []
        if not here.screen:
            self.skipped.append(judge.unknown("graphics", expected, "its screen is not up"))
            return []
        return [graphics_load(self.seconds, authority)]

    def _root(self, script: str, why: str, timeout: float = 120) -> None:
        answer = self.remote.run("sh -s", stdin=script.encode(), sudo=True, timeout=timeout)
        if answer.code != 0:
            raise BurnInError(f"{self.host.name}: {why}: {' '.join(answer.text.split())[-300:]}")

    def _under_load(self, here: Found, loads: list[Load], directory: str | None) -> list[Judged]:
        before = collect.drives(self.remote, here)
        units = [load.unit for load in loads]
        self._look(units)
        self._root(start_script(loads, directory, self.seconds), "the loads cannot be started")
        with ImageLoop(self.show) as images:
            self._until_done(units, images)
        return [
            *collect.results(self.remote, loads, directory, here),
            *self.skipped,
            images.judged(station=self.host.host_class == "workstation"),
            *collect.counters(self.remote, here, self.watch, before),
        ]

    def _until_done(self, units: list[str], images: ImageLoop) -> None:
        """Watch until all loads have ended. Raises StoppedError, StationInUse, Unreachable."""
        began = time.monotonic()
        while True:
            if self.stop.wait(min(_LOOK_EVERY, max(self.seconds / 20, 1))):
                raise StoppedError
            if images.in_use is not None:
                raise images.in_use
            self._look(units)
            self.tell(self._progress(time.monotonic() - began))
            if self.watch.last is not None and self.watch.last.running == 0:
                return

    def _look(self, units: list[str]) -> None:
        """One look. A host under load may be slow to answer, and a network may be away for a moment: only a silence
        that lasts raises Unreachable."""
        try:
            answers, _ = ask(self.remote, watched(units))
        except Unreachable:
            answers = {}
        if "active" in answers:
            self.silent_since = None
            self.watch.take(reading_of(answers))
            return
        self.silent_since = self.silent_since or time.monotonic()
        if time.monotonic() - self.silent_since > _SILENCE:
            raise Unreachable(
                f"{self.host.name}: under load it has not answered for {_SILENCE:.0f} s; look at its console, and when "
                "it is back, tidy up with: pacsmith verify --burn-in 0"
            )

    def _progress(self, gone: float) -> str:
        hot = self.watch.hottest
        told = f"{min(gone, self.seconds) / 60:.1f} of {self.seconds / 60:.0f} min"
        return told + (f", {hot:.0f} °C" if hot is not None else "")
