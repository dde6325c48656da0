"""What an upgrade and its way back do on the host, act by act, each journalled with how long it took."""

from collections.abc import Callable, Mapping, Sequence

from builder.errors import PacsmithError
from builder.models.archive import ArchiveSettings
from builder.models.upgrade import NewErrors
from builder.probes.samples import stream_patient
from builder.wayback import beside, configuration, door, logs, stored
from builder.wayback.arrivals import MARK_SCRIPT, forget_script, give_back_script, keep_script, room_script
from builder.wayback.copy import KEPT, NEWEST_WHOLE_SCRIPT, PUT_BACK, PUTTING_BACK, detached, sweep_script
from builder.wayback.manifest import Manifest, differences, instances, manifest_of, manifest_script
from builder.wayback.snapshot import FOLDER
from builder.workflows.host_locks import PLACE
from builder.workflows.upgrade_host import ActFailed, UpgradedHost, idle_script

ORTHANC_MAY_START = "/etc/pacsmith/orthanc.configured"
"""The mark without which Orthanc's unit does not start it."""
_SHOWN = 3
_NO_MORE = frozenset((KEPT, PUTTING_BACK, PUT_BACK))
"""In these states of the copy all that came is kept, and the database cannot be asked for more."""
_ORTHANC = (
    "timeout 120 sh -c 'until curl -fsS -o /dev/null -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042/system; "
    "do sleep 0.5; done' 2>/dev/null"
)
_START = "systemctl start {}; timeout 60 sh -c 'until pg_isready -q; do sleep 0.2; done'"


class Acts(UpgradedHost):
    """The acts on one host."""

    @property
    def archive(self) -> ArchiveSettings | None:
        """What the site says of it as an archive; None of a station."""
        return self.machine.host.archive

    def take_copy(self) -> None:
        """Make the copy of the system while it serves, and hold its programs and settings against the host's. Copies
        that were never completed go: they were left by upgrades that were cut off."""
        with self.act("Wait for apt"):
            self.shell(door.apart_script(PLACE))
            self.shell(idle_script("apt-daily.service apt-daily-upgrade.service"))
        with self.act("Copy the system while it serves"):
            self.shell(sweep_script())
            self._stored(stored.sweep_script, FOLDER)
            self._copy()
        with self.act("Check the copy"):
            self._nothing(self.shell(self.copy.check_script()))

    def make_next(self, steps: Sequence[tuple[str, str]]) -> None:
        """Make the next system beside the one that serves, step by step."""
        with self.act("Begin the next system beside this one"):
            self.shell(detached(beside.make_script(self.copy), self.unit("next")))
        for name, script in steps:
            with self.act(name):
                self._inside(script)
        with self.act("What the next system has otherwise"):
            self.shell(beside.changed_script(self.copy))

    def _inside(self, script: str) -> None:
        answer = self.answer(detached(beside.inside_script(self.copy, f"set -e\n{script}"), self.unit("next")))
        if answer.code != 0:
            told = [line for line in answer.text.splitlines() if line.startswith(("E: ", "dpkg: "))]
            raise ActFailed(
                f"{self.name}: {'; '.join(told[-_SHOWN:]) or answer.text.strip()[-400:] or 'no word of why'}"
            )

    def exchange(self) -> None:
        """Make the host what the next system is, and boot it, unless that was done already. Orthanc waits for its
        settings."""
        if self.state() == beside.EXCHANGED:
            return
        with self.act("Exchange the systems, and boot"):
            script = beside.exchange_script(self.copy, f"rm -f /mnt{ORTHANC_MAY_START}")
            self.down(script, "exchange", beside.EXCHANGED)

    def refuse_moved(self) -> None:
        """Raises ActFailed where somebody has changed on the host what the next system has otherwise, too."""
        moved = self.shell(beside.moved_script(self.copy)).split("\n")[:-1]
        if moved:
            raise ActFailed(
                f"{self.name}: changed on the host while the next system was made, and one of both would be lost: "
                f"{', '.join(moved[:_SHOWN])}; begin again once nobody is at work there"
            )

    def drop_next(self) -> None:
        """The next system is what the host is by now."""
        self.shell(beside.drop_script(self.copy))

    def _nothing(self, lacking: str) -> None:
        lines = lacking.splitlines()
        if lines:
            raise ActFailed(f"{self.name}: the copy is not what the host is: {'; '.join(lines[:_SHOWN])}")

    def _copy(self) -> None:
        self.shell(detached(self.copy.take_script(), self.unit("copy")))
        self._stored(stored.links_script, self.copy.folder)

    def _stored(self, script: Callable[[str, str], str], folder: str) -> None:
        if self.archive is not None and self.archive.storage == "filesystem":
            self.shell(script(self.archive.storage_directory, folder))

    def close_doors(self) -> None:
        """Refuse connections to the services, now and after a boot, and hold what goes by the clock; what of that is
        under way is waited for."""
        with self.act("Wait for backups and apt"):
            self.shell(idle_script(" ".join(f"{one}.service" for one in door.CLOCKED)))
        with self.act("Close the doors to senders"):
            door.close(self.remote, self._ports())

    def open_doors(self) -> None:
        """Let them in again, and let what goes by the clock go on."""
        with self.act("Open the doors"):
            door.open_again(self.remote)

    def doors_closed(self) -> bool:
        """Whether senders are refused by now. Raises Unreachable."""
        return self.answer(f"test -e {door.CLOSED}").code == 0

    def serves(self, mark: int | None) -> None:
        """Write down on the host, before the doors are opened, how to keep what will come beyond `mark`, for a person
        at the console, and that it must be kept."""
        if self.archive is not None and mark is not None:
            kept = (
                f"mkdir -p {self.copy.folder}; cat >{self.copy.keep} <<'KEEP'\n{self._keep(mark, self.archive)}\nKEEP"
            )
            self.shell(f"umask 077; {kept}")
        self.shell(self.copy.serves_script())

    def stand_still(self) -> None:
        """Stop what writes to the archive."""
        if self.archive is not None:
            with self.act("Stop what writes"):
                self.shell("systemctl stop orthanc.service; systemctl stop nginx.service")

    def complete_copy(self) -> None:
        """Bring the copy up to date while nothing writes, the database least of all, and hold it against the host."""
        stop, start = ("systemctl stop postgresql", _START.format("postgresql")) if self.archive else (":", ":")
        with self.act("Bring the copy up to date"):
            self.shell(stop)
            self._copy()
            self._nothing(self.shell(self.copy.whole_script()))
            self.shell(start)

    def lay_down(self, papers: Mapping[str, bytes]) -> None:
        """Keep on the host what is known of the upgrade, so that it can go back from another machine, too."""
        self.shell(f"umask 077; mkdir -p {self.copy.papers}")
        for name, content in papers.items():
            try:
                self.remote.put(content, f"{self.copy.papers}/{name}", sudo=True)
            except OSError as fault:  # of the host's disk, not of this machine's
                raise ActFailed(str(fault)) from None

    def has_copy(self) -> bool:
        """Whether the copy is there, and whole."""
        return self.answer(f"test -e {self.copy.folder}/complete").code == 0

    def refuse_without_copy(self) -> None:
        """Raises ActFailed, before anything is touched, for a host whose copy is gone or was never whole, or is older
        than another, which goes back first."""
        newest = self.shell(NEWEST_WHOLE_SCRIPT).strip()
        if newest > self.copy.name and self.has_copy():
            raise ActFailed(
                f"{self.name}: it was upgraded once more, by run {newest}, which goes back first; nothing was changed. "
                f"If that was done from another machine: pacsmith rollback {self.name} --upgraded-elsewhere"
            )
        if not self.has_copy():
            raise ActFailed(
                f"{self.name}: the copy by which it could go back is not there ({self.copy.folder}): it was removed, "
                "or the host went back from another machine; nothing was changed. Where that is so: pacsmith rollback "
                f"{self.name} --give-up-the-way-back-of {self.copy.name}"
            )

    def drop_copy(self) -> None:
        """Remove the copy: nobody can go back by it any more."""
        with self.act("Remove the copy"):
            self._stored(stored.drop_script, self.copy.folder)
            self.shell(self.copy.drop_script())
            self.shell(door.together_script())

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
        self._same(differences(before, after))

    def _same(self, told: Sequence[str]) -> None:
        if told:
            more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
            raise ActFailed(f"{self.name}: {'; '.join(told[:_SHOWN])}{more}")

    def forget(self, *runs: str) -> None:
        """Remove what a stand-in of the lab has sent to see the outage of these runs, and nothing else. What cannot be
        removed is told, and hinders nobody."""
        if self.archive is None:
            return
        patients = (stream_patient(run) for run in dict.fromkeys(runs))
        try:
            with self.act("Remove what the stand-in sent"):
                self.shell(f"{_ORTHANC}; " + "; ".join(forget_script(patient) for patient in patients))
        except PacsmithError as fault:
            self.say("What the stand-in sent is still there", "note", error=str(fault))

    def settings(self, files: Sequence[str]) -> Mapping[str, str]:
        """Every setting of the host's configuration, by its digest."""
        answer = self.answer(configuration.read_script(self.copy.folder, files))
        try:
            return configuration.settings(answer.stdout.decode("utf-8", "replace") if answer.code == 0 else "")
        except ValueError as fault:  # what the host printed holds passwords: none of it is told
            raise ActFailed(f"{self.name}: {fault} {answer.stderr.decode('utf-8', 'replace').strip()[-200:]}") from None

    def same_settings(self, before: Mapping[str, str], files: Sequence[str]) -> None:
        """Raise ActFailed that names the settings which are others than `before`, if any was kept."""
        if before:
            with self.act("Manifest of the configuration"):
                self._same(configuration.changed(before, self.settings(files)))

    def know_errors(self, logs_read: Sequence[logs.Log]) -> None:
        """Keep which kinds of error the logs tell of before anything is changed."""
        if logs_read:
            self.shell(logs.before_script(self.copy.folder, logs_read))

    def new_errors(self, logs_read: Sequence[logs.Log], clean: Callable[[str], str]) -> NewErrors | None:
        """What they tell of since, without secrets. It is for people to judge: whether the host does its work,
        verification says."""
        if not logs_read:
            return None
        with self.act("Read the error logs"):
            answer = self.answer(logs.new_script(self.copy.folder, logs_read))
        if answer.code != 0:
            return NewErrors(unread=answer.text.strip()[-200:] or "what they told of before was not kept")
        return NewErrors(kinds=tuple(map(clean, answer.stdout.decode("utf-8", "replace").splitlines())))

    def keep_arrivals(self, mark: int) -> None:
        """Keep what came after the manifest, outside the database that goes away; where somebody has put the host back
        at its console, that was done."""
        if self.archive is not None and self.state() not in _NO_MORE:
            with self.act("Keep what came meanwhile"):
                self.shell(_START.format("postgresql"))
                self.shell(self._keep(mark, self.archive))
                self.shell(f"echo {KEPT} >{self.copy.folder}/state; sync -f {self.copy.folder}")

    def refuse_without_room(self, mark: int) -> None:
        """Raises ActFailed, before anything is touched, where what came since would not fit: images that lie in a
        database are kept as files before it goes."""
        if self.archive is not None and self.archive.storage == "database" and self.state() not in _NO_MORE:
            self.shell(_START.format("postgresql"))
            self.shell(room_script(mark, self.copy.folder))

    def _keep(self, mark: int, archive: ArchiveSettings) -> str:
        return keep_script(mark, archive.storage, archive.storage_directory, self.copy.folder)

    def put_back(self) -> None:
        """Make the system what it was, and boot it."""
        with self.act("Put the system back, and boot it"):
            self.down(self.copy.put_back_script(), "back", PUT_BACK)
            self._stored(stored.put_back_script, self.copy.folder)

    def give_back_arrivals(self) -> int:
        """Let the archive serve, and give it what came meanwhile; how many instances were new to it."""
        if self.archive is None:
            return 0
        with self.act("Give back what came meanwhile"):
            self.shell(f"{_START.format('postgresql')}; systemctl start orthanc.service nginx.service; {_ORTHANC}")
            new, had = map(int, self.shell(give_back_script(self.copy.folder)).split())
        if had:
            self.say(f"{had} that came meanwhile were there before, too: the archive keeps those of before", "note")
        return new

    def _ports(self) -> list[int]:
        host = self.machine.host
        found = [host.ae.port] if host.ae is not None else []
        return [*found, self.archive.web_port] if self.archive is not None else found
