"""What an upgrade and its way back do on the host, act by act, each journalled with how long it took."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from builder.errors import PacsmithError, Unreachable
from builder.inventory import Machine
from builder.models.event import Event, StepStatus
from builder.survey.remote import Answer, Remote
from builder.wayback import beside, door, stored
from builder.wayback.arrivals import MARK_SCRIPT, give_back_script, keep_script
from builder.wayback.copy import Copy, detached, sweep_script
from builder.wayback.manifest import Manifest, differences, instances, manifest_of, manifest_script
from builder.workflows.reboot import answered, came_back, over_ssh
from builder.workflows.session import now

ROLE = "upgrade"
ORTHANC_MAY_START = "/etc/pacsmith/orthanc.configured"
"""The mark without which Orthanc's unit does not start it."""
_LONG = 4 * 3600.0
_SHOWN = 3
_ORTHANC = (
    "timeout 120 sh -c 'until curl -fsS -o /dev/null -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042/system; "
    "do sleep 0.5; done' 2>/dev/null"
)
_TIMERS = "'pacsmith-*.timer' 'apt-daily*.timer'"
_ENABLED = f"$(systemctl list-unit-files --state=enabled --no-legend {_TIMERS} | cut -d ' ' -f 1)"
_START = "systemctl start {}; timeout 60 sh -c 'until pg_isready -q; do sleep 0.2; done'"


class ActFailed(PacsmithError):
    """An act that did not do its work; the host goes back to what it was."""


class Acts:
    """The acts on one host. `run` is the upgrade whose copy they use, `own` the run that journals; `seconds` is how
    long each took."""

    def __init__(self, machine: Machine, run: str, own: str, hear: Callable[[Event], None]) -> None:
        self.machine, self.name, self.own, self.hear = machine, machine.host.name, own, hear
        self.archive = machine.host.archive
        self.copy = Copy.of(machine.host, run)
        self.remote = Remote(machine.connection)
        self.seconds: dict[str, float] = {}

    def take_copy(self) -> None:
        """Make the copy of the system while it serves, and hold its programs and settings against the host's. Copies
        that were never completed go: they were left by upgrades that were cut off."""
        with self.act("Copy the system while it serves"):
            self.shell(sweep_script())
            self._copy()
        with self.act("Check the copy"):
            self._nothing(self.shell(self.copy.check_script()))

    def make_next(self, steps: Sequence[tuple[str, str]]) -> None:
        """Make the next system beside the one that serves, step by step."""
        with self.act("Begin the next system beside this one"):
            self.shell(detached(beside.make_script(self.copy), f"pacsmith-next-{self.own}"))
        for name, script in steps:
            with self.act(name):
                self._inside(script)
        with self.act("What the next system has otherwise"):
            self.shell(beside.changed_script(self.copy))

    def _inside(self, script: str) -> None:
        unit = f"pacsmith-next-{self.own}"
        answer = self._answer(detached(beside.inside_script(self.copy, f"set -e\n{script}"), unit))
        if answer.code != 0:
            told = [line for line in answer.text.splitlines() if line.startswith(("E: ", "dpkg: "))]
            raise ActFailed(
                f"{self.name}: {'; '.join(told[-_SHOWN:]) or answer.text.strip()[-400:] or 'no word of why'}"
            )

    def exchange(self) -> None:
        """Make the host what the next system is, and boot it, unless that was done already. Orthanc waits for its
        settings."""
        if self.shell(f"cat {self.copy.folder}/state 2>/dev/null || true").strip() == beside.EXCHANGED:
            return
        with self.act("Exchange the systems, and boot"):
            self._down(beside.exchange_script(self.copy, f"rm -f /mnt{ORTHANC_MAY_START}"), "exchange")

    def drop_next(self) -> None:
        """The next system is what the host is by now."""
        self.shell(beside.drop_script(self.copy))

    def _down(self, script: str, unit: str) -> None:
        """Carry a script out that boots the host, in a unit of its own, and wait until it is up."""
        before = self.shell("cat /proc/sys/kernel/random/boot_id").strip()
        with suppress(Unreachable):  # it goes down with the connection; its next boot says how it went
            self.shell(detached(script, f"pacsmith-{unit}-{self.own}"))
        self.remote.close()
        came_back(over_ssh(self.machine), before)
        self.remote = Remote(self.machine.connection)

    def _nothing(self, lacking: str) -> None:
        lines = lacking.splitlines()
        if lines:
            raise ActFailed(f"{self.name}: the copy is not what the host is: {'; '.join(lines[:_SHOWN])}")

    def _copy(self) -> None:
        self.shell(detached(self.copy.take_script(), f"pacsmith-copy-{self.own}"))
        self._stored(stored.links_script)

    def _stored(self, script: Callable[[str, str], str]) -> None:
        if self.archive is not None and self.archive.storage == "filesystem":
            self.shell(script(self.archive.storage_directory, self.copy.folder))

    def close_doors(self) -> None:
        """Refuse new connections to the services, now and after a boot."""
        ports = self._ports()
        if ports:
            with self.act("Close the doors to senders"):
                door.close(self.remote, ports)

    def open_doors(self) -> None:
        """Let them in again, and let what goes by the clock go on."""
        with self.act("Open the doors"):
            self.shell(f'its={_ENABLED}; [ -z "$its" ] || systemctl start $its')
            door.open_again(self.remote)

    def stand_still(self) -> None:
        """Stop what writes to the archive, and what would begin to by itself."""
        with self.act("Stop what writes"):
            self.shell(f"systemctl stop {_TIMERS}")
            if self.archive is not None:
                self.shell("systemctl stop orthanc.service")

    def complete_copy(self) -> None:
        """Bring the copy up to date while nothing writes, the database least of all, and hold it against the host."""
        stop, start = ("systemctl stop postgresql", _START.format("postgresql")) if self.archive else (":", ":")
        with self.act("Bring the copy up to date"):
            self.shell(stop)
            self._copy()
            self._nothing(self.shell(self.copy.whole_script()))
            self.shell(start)

    def drop_copy(self) -> None:
        """Remove the copy: nobody can go back by it any more."""
        with self.act("Remove the copy"):
            self._stored(stored.drop_script)
            self.shell(self.copy.drop_script())

    def reach(self) -> None:
        """Wait for a host that is away, as long as a host may take to boot. Raises Unreachable."""
        try:
            self.shell("true")
        except Unreachable:
            self.remote.close()
            with self.act("Wait for the host"):
                answered(over_ssh(self.machine))
            self.remote = Remote(self.machine.connection)

    def manifest(self, name: str) -> Manifest:
        """Every instance that the archive keeps; none of a host that is no archive."""
        if self.archive is None:
            return Manifest(())
        with self.act(name):
            self.shell(_START.format("postgresql"))
            text = self.shell(manifest_script(self.archive.storage, self.archive.storage_directory))
            try:
                found = manifest_of(instances(text))
            except ValueError as fault:
                raise ActFailed(f"{self.name}: {fault}") from None
        if found.broken:
            first = ", ".join(one.sop_uid for one in found.broken[:_SHOWN])
            self.say(f"{len(found.broken)} instances are not what the database says of them: {first}", "note")
        return found

    def mark(self) -> int | None:
        """The number beyond which the archive counts whatever comes from now on."""
        return int(self.shell(MARK_SCRIPT)) if self.archive is not None else None

    def equal(self, before: Manifest, after: Manifest) -> None:
        """Raise ActFailed that names what differs."""
        told = differences(before, after)
        if told:
            more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
            raise ActFailed(f"{self.name}: {'; '.join(told[:_SHOWN])}{more}")

    def keep_arrivals(self, mark: int) -> None:
        """Keep what came after the manifest, outside the database that goes away."""
        if self.archive is not None:
            with self.act("Keep what came meanwhile"):
                self.shell(_START.format("postgresql"))
                where = self.archive
                self.shell(keep_script(mark, where.storage, where.storage_directory, self.copy.folder))

    def put_back(self) -> None:
        """Make the system what it was, and boot it."""
        with self.act("Put the system back, and boot it"):
            self.shell("systemctl stop orthanc.service nginx.service 'postgresql@*' 2>/dev/null || true")
            self._down(self.copy.put_back_script(), "back")
            self._stored(stored.put_back_script)

    def give_back_arrivals(self) -> int:
        """Give the archive what came meanwhile; how many instances that was."""
        if self.archive is None:
            return 0
        with self.act("Give back what came meanwhile"):
            self.shell(f"systemctl start orthanc.service nginx.service; {_ORTHANC}")
            return int(self.shell(give_back_script(self.copy.folder)))

    def close(self) -> None:
        """End the connection."""
        self.remote.close()

    def _ports(self) -> list[int]:
        host = self.machine.host
        found = [host.ae.port] if host.ae is not None else []
        return [*found, self.archive.web_port] if self.archive is not None else found

    def shell(self, script: str) -> str:
        """What a shell text that runs as root prints. Raises ActFailed when it fails, Unreachable as `Remote.run`
        does."""
        answer = self._answer(script)
        if answer.code != 0:
            raise ActFailed(f"{self.name}: {answer.text.strip()[-400:] or f'exit code {answer.code}'}")
        return answer.stdout.decode("utf-8", "replace")

    def _answer(self, script: str) -> Answer:
        return self.remote.run("sh -s", stdin=script.encode(), sudo=True, timeout=_LONG)

    @contextmanager
    def act(self, name: str) -> Iterator[None]:
        """Journal an act: that it begins, and how it ended."""
        began = time.monotonic()
        self.say(name, "started")
        try:
            yield
        except PacsmithError as fault:
            self.say(name, "failed", error=str(fault))
            raise
        self.seconds[name] = round(time.monotonic() - began, 1)
        self.say(name, "changed", changed=True, duration=self.seconds[name])

    def say(self, step: str, status: StepStatus, **more: object) -> None:
        """Journal one event."""
        event = {"run": self.own, "at": now(), "host": self.name, "role": ROLE, "step": step, "previewable": False}
        self.hear(Event.model_validate({**event, "status": status, **more}))
