"""Whether an upgrade may begin: what must be so on the host and in the calendar before anything is changed (pure)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from builder.models.upgrade import Check

OLDEST_BACKUP = timedelta(hours=26)
"""A nightly backup and two hours' grace."""
LEAST_DAYS = 7
"""Days for which a certificate must still hold: nobody renews one in the week after an upgrade."""
_GIB = 2**30
Verdict = Literal["met", "short", "unknown"]


@dataclass(frozen=True)
class Room:
    """What is wanted of one disk, and what is `free` there, in bytes. `folders` are those that lie on it."""

    folders: tuple[str, ...]
    wanted: int
    free: int

    @property
    def needed(self) -> int:
        """What is wanted, and a tenth."""
        return round(self.wanted * 1.1)


def rooms(wanted: Mapping[str, int], disks: Mapping[str, tuple[str, int]]) -> tuple[Room, ...] | None:
    """What is wanted in each folder, disk by disk. `disks`: folder -> its disk and the bytes free there. None where it
    does not say so of each folder."""
    if not wanted.keys() <= disks.keys():
        return None
    by_disk: dict[str, list[str]] = {}
    for folder in wanted:
        by_disk.setdefault(disks[folder][0], []).append(folder)
    return tuple(
        Room(tuple(folders), sum(wanted[one] for one in folders), disks[folders[0]][1]) for folders in by_disk.values()
    )


def room(found: Sequence[Room] | None) -> Check:
    """Free space for copy, download and migration, on each of the host's disks that they lie on."""
    name = "room for the copy, the packages and the database"
    if found is None:
        return _unknown(
            name, "what it takes could not be read", "see whether its package mirror answers: apt-get update"
        )
    told = "; ".join(
        f"{one.needed / _GIB:.1f} GiB are needed{_where(one, found)}, {one.free / _GIB:.1f} GiB are free"
        for one in found
    )
    good = all(one.free >= one.needed for one in found)
    return _check(name, good, told, "make room, or put /var/lib/pacsmith on a larger disk")


def _where(one: Room, every: Sequence[Room]) -> str:
    return f" for {' and '.join(one.folders)}" if len(every) > 1 else ""


def backup(text: str, now: datetime) -> Check:
    """That last night's backup is there and whole; `text` is what the backup wrote of itself."""
    name = "the backup is fresh"
    said = _said(text)
    at = _moment(said.get("at"))
    if at is None:
        return _unknown(name, "the host says nothing of a backup", "run: systemctl start pacsmith-backup")
    told = f"{said.get('result')} at {at:%Y-%m-%d %H:%M} UTC"
    good = said.get("result") == "ok" and now - at <= OLDEST_BACKUP
    return _check(name, good, told, "run: systemctl start pacsmith-backup, and see journalctl --unit pacsmith-backup")


def restorable(text: str, since: datetime, instances: int | None) -> Check:
    """That a restore of it was tried now (not before `since`) and all was there. `instances`: what the archive keeps
    now; what came after the backup is told, since a rehearsal will not have it."""
    name = "the backup can be restored"
    said = _said(text)
    at = _moment(said.get("at"))
    if at is None or at < since.replace(microsecond=0):
        return _unknown(name, "the restore test has not ended", "see journalctl --unit pacsmith-restore-test")
    files = said.get("files_compared")
    told = f"{said.get('result')}: {said.get('counts')}; {files} stored files compared, {said.get('step')}"
    held = re.search(r"\binstances=([0-9]{1,18})\b", str(said.get("counts")))
    if instances is not None and held is not None and instances > int(held[1]):
        told += f"; {instances - int(held[1])} of the archive's {instances} instances came after it"
    return _check(name, said.get("result") == "ok", told, "see journalctl --unit pacsmith-restore-test")


def quiet(jobs: int | None, statements: int | None, replicas: int | None) -> Check:
    """That nobody else is at work in the archive: transfers under way, long statements, replication."""
    name = "the archive is quiet"
    if jobs is None or statements is None or replicas is None:
        return _unknown(name, "its jobs or its database could not be asked")
    told = f"{jobs} jobs of Orthanc under way, {statements} long statements and {replicas} replicas of its database"
    return _check(name, not (jobs or statements or replicas), told, "let them end, or stop them, and begin again")


def certificate(ends: datetime | None, now: datetime) -> Check:
    """That the host's certificate holds for a while yet."""
    name = "the certificate holds"
    if ends is None:
        return _unknown(name, "no certificate of it is kept here that can be read")
    days = (ends - now).days
    return _check(name, days >= LEAST_DAYS, f"for {days} days", "renew it first: pacsmith build does")


def left_out(said: str | None) -> Check:
    """That the copy holds all of the system; `said` are the folders that lie where it does not reach."""
    name = "the copy holds the whole system"
    if said is None:
        return _unknown(name, "what is mounted there could not be read")
    told = (
        f"{', '.join(said.split())} would be left out: another machine's disk, or a file system pacsmith does not know"
    )
    return _check(name, not said, told if said else "all of it lies on disks of its own", "move it onto such a disk")


def window(closes: datetime | None, now: datetime, estimate: float | None) -> Check:
    """That the window is long enough for twice the estimated outage, in seconds: the way there and the way back. None:
    nobody knows what the archive keeps."""
    name = "the window is long enough"
    if closes is None:
        return _check(name, True, "no window closes", "")
    if estimate is None:
        return _unknown(name, "how much the archive keeps could not be read, so nobody knows how long it takes")
    left = (closes - now).total_seconds()
    told = f"{left / 60:.0f} min are left, {2 * estimate / 60:.0f} min are wanted for the way there and back"
    return _check(name, left >= 2 * estimate, told, "begin when the window opens, or let the site have a longer one")


def _check(name: str, good: bool, told: str, remedy: str) -> Check:
    return Check(name=name, verdict="met" if good else "short", observed=told, remedy="" if good else remedy)


def _unknown(name: str, told: str, remedy: str = "see whether the host answers") -> Check:
    return Check(name=name, verdict="unknown", observed=told, remedy=remedy)


def _said(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _moment(said: object) -> datetime | None:
    """A time as the host's scripts write it, in UTC."""
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
