"""What is kept of an upgrade on this machine, from its first change on: enough to go on with it, or back, after any
cut."""

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from builder.durable import write_whole
from builder.errors import BadInput, PacsmithError, Refused
from builder.models.base import Model
from builder.models.upgrade import ChangeSet, Leave, OutageSeen, Timings
from builder.wayback.copy import COMPLETE, Copy
from builder.wayback.logs import Log
from builder.wayback.manifest import Manifest, instances, line_of, manifest_of

Phase = Literal[
    "copied", "closed", "changing", "open", "upgraded", "going back", "putting back", "proving back", "back", "kept"
]
"""copied: nothing is changed yet. closed: doors closed, manifest taken. changing: the host is neither the one nor the
other. open: proven behind closed doors, which are open again. upgraded: so it is, and can go back. going back, putting
back: before and after the copy began to replace the system. proving back: put back, every image is there, and the
doors are open, or about to be. back: what it was. kept: its way back was given up."""
BACKWARDS: frozenset[Phase] = frozenset(("going back", "putting back", "proving back"))
UNDER_WAY: frozenset[Phase] = frozenset(("closed", "changing", "open", *BACKWARDS))
RECORD, MANIFEST, SETTINGS = "record.json", "manifest-before.tsv.gz", "configuration-before.json"
_RESERVE, _RESERVED = "reserve", 8 * 2**20
"""A file and its bytes: a dossier and the ledger's rows of a way back are 2 MiB (lab, 2026-11-23)."""
_SETTINGS = TypeAdapter(dict[str, str])


class Record(Model):
    """One upgrade of `host` by the run `run`. `before` and `after` are the site file's whole texts; the copy on the
    host has the run's id for its name; `values` are what the file says of the host after it, by field, `values_before`
    what it said before; whatever the archive counts beyond `mark` came after the manifest; `apart` are the folders that
    the copy leaves out, `configuration` the files whose settings stay as they are, `logs` are read for errors,
    `leave` is on what the upgrade rests."""

    run: str
    host: str
    phase: Phase
    changes: ChangeSet
    before: str
    after: str
    values: tuple[tuple[tuple[str, ...], str | int], ...] = ()
    values_before: tuple[tuple[tuple[str, ...], str | int], ...] = ()
    mark: int | None = None
    apart: tuple[str, ...] = ()
    configuration: tuple[str, ...] = ()
    logs: tuple[Log, ...] = ()
    leave: Leave = Leave()
    outage: OutageSeen | None = None

    @property
    def copy_there(self) -> Copy:
        """The copy by which the host goes back."""
        return Copy(self.run, self.apart)


class Records:
    """The records below one folder, `.pacsmith/<site>/upgrades`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, record: Record) -> None:
        """Write the record whole. Raises OSError when the disk refuses."""
        write_whole(self.folder / record.run / RECORD, record.model_dump_json(indent=1).encode())

    def reserve(self, run: str) -> None:
        """Hold room on this machine's disk for a way back, which must not fail for want of it. Raises PacsmithError."""
        for old in self.folder.glob(f"*/{_RESERVE}"):
            if not (old.parent / RECORD).exists():  # of one that was killed before it began
                self.release(old.parent.name)
        file = self.folder / run / _RESERVE
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as room:
                os.posix_fallocate(room.fileno(), 0, _RESERVED)
        except OSError as fault:
            file.unlink(missing_ok=True)
            raise PacsmithError(
                f"{self.folder}: {fault.strerror}: an upgrade keeps its records there, and wants {_RESERVED >> 20} MiB "
                "for its way back; make room on this machine"
            ) from None

    def release(self, run: str) -> None:
        """Give that room free: now it is needed, or never."""
        (self.folder / run / _RESERVE).unlink(missing_ok=True)
        with suppress(OSError):  # not empty, or never there: an upgrade that began keeps more
            (self.folder / run).rmdir()

    def keep_manifest(self, run: str, manifest: Manifest) -> None:
        """Write the manifest that was taken before the first change."""
        text = "".join(f"{line_of(one)}\n" for one in manifest.instances)
        write_whole(self.folder / run / MANIFEST, gzip.compress(text.encode(), mtime=0))

    def has_manifest(self, run: str) -> bool:
        """Whether one was kept."""
        return (self.folder / run / MANIFEST).is_file()

    def manifest(self, run: str) -> Manifest:
        """That manifest. Raises BadInput when it is not there or not whole."""
        file = self.folder / run / MANIFEST
        try:
            return manifest_of(instances(gzip.decompress(file.read_bytes()).decode()))
        except (OSError, EOFError, ValueError) as fault:
            raise BadInput(f"{file}: the manifest of that upgrade cannot be read: {fault}") from None

    def keep_settings(self, run: str, settings: Mapping[str, str]) -> None:
        """Write the manifest of the configuration, taken with the other."""
        text = json.dumps(dict(settings), indent=1, sort_keys=True)
        write_whole(self.folder / run / SETTINGS, text.encode())

    def settings(self, run: str) -> Mapping[str, str]:
        """That manifest; empty of an upgrade that took none. Raises BadInput when it cannot be read."""
        file = self.folder / run / SETTINGS
        try:
            return _SETTINGS.validate_json(file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as fault:
            raise BadInput(f"{file}: the configuration's manifest cannot be read: {fault}") from None

    def files(self, run: str) -> Mapping[str, bytes]:
        """What is kept of an upgrade so far, by file name: the host keeps it, too, for another machine."""
        there = (self.folder / run / name for name in (MANIFEST, SETTINGS, RECORD))
        return {file.name: file.read_bytes() for file in there if file.is_file()}

    def keep_files(self, run: str, files: Mapping[str, bytes]) -> None:
        """Write what another machine has kept so, but for the record itself."""
        for name in (MANIFEST, SETTINGS):
            if name in files:
                write_whole(self.folder / run / name, files[name])

    def of(self, host: str) -> Iterator[Record]:
        """The records of a host, the newest first. Raises BadInput for one that cannot be read."""
        for file in sorted(self.folder.glob(f"*/{RECORD}"), reverse=True):
            record = _read(file)
            if record.host == host:
                yield record

    def keep_timings(self, changes: ChangeSet, timings: Timings) -> None:
        """Keep how long a change set took, for the estimate of the next host."""
        write_whole(self._timings(changes), timings.model_dump_json(indent=1).encode())

    def rehearsed(self, changes: ChangeSet) -> Timings | None:
        """How long the same change set took, the last time that it was made from this machine."""
        try:
            return Timings.model_validate_json(self._timings(changes).read_bytes())
        except (OSError, ValidationError):
            return None

    def _timings(self, changes: ChangeSet) -> Path:
        return self.folder / "timings" / f"{changes.digest}.json"

    def under_way(self, host: str) -> Record | None:
        """The upgrade of `host` that was cut off, if there is one."""
        newest = next(self.of(host), None)
        return newest if newest is not None and newest.phase in UNDER_WAY else None


def refuse_cut_off(records: Records, hosts: Iterable[str], doing: str) -> None:
    """Raise Refused for a host whose upgrade was cut off: it is neither the one nor the other."""
    for name in hosts:
        record = records.under_way(name)
        if record is not None:
            raise Refused(
                f"nothing was {doing}: the upgrade of {name} by run {record.run} was cut off ({record.phase}). "
                f"{way_on(record)}"
            )


def way_on(record: Record) -> str:
    """What senders meet with meanwhile, and what a person can do, as sentences."""
    back = f"pacsmith rollback {record.host} goes back"
    on = f"pacsmith upgrade {record.host} --resume goes on, {back}"
    return (
        "Its doors may be closed, so that senders are refused and keep what they have, until one of these has come to "
        f"its end: {back if record.phase in BACKWARDS else on}"
    )


def from_elsewhere(files: Mapping[str, bytes]) -> Record:
    """The record among the files of another machine. What that did after its last word nobody knows here: a host whose
    doors were closed by then is neither the one nor the other, once its copy was whole; until then nothing was changed.
    Raises BadInput for anything else."""
    record = _record(files.get(RECORD, b""), f"{RECORD} of the copy on the host")
    whole = COMPLETE in files and MANIFEST in files
    if record.phase == "closed":  # the manifest is laid down, with a whole copy, before the first change
        return record.model_copy(update={"phase": "changing"}) if whole else record
    if not whole:
        raise BadInput(
            f"the copy on the host, of run {record.run}, is not whole: go on from the machine that began that upgrade"
        )
    return record


def _read(file: Path) -> Record:
    try:
        return _record(file.read_bytes(), str(file))
    except OSError as fault:
        raise BadInput(f"{file}: no record of an upgrade: {fault}") from None


def _record(content: bytes, name: str) -> Record:
    try:
        return Record.model_validate_json(content)
    except ValidationError as fault:
        raise BadInput(f"{name}: no record of an upgrade: {str(fault).splitlines()[0]}") from None
