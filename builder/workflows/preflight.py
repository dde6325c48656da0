"""Before an upgrade: everything that must be so, asked of the host and the calendar; nothing that serves is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from builder.assess import preflight as judge
from builder.assess.estimate import estimate
from builder.errors import Refused
from builder.inventory.windows import closes
from builder.lab.lab import Lab
from builder.models.site import Host
from builder.models.upgrade import ChangeSet, Check, Estimate, Timings, Way
from builder.secrets.certificates import certificates_folder, present_certificate
from builder.survey.remote import Remote
from builder.wayback.copy import Copy
from builder.wayback.reading import DATABASES, PACKAGES, disks, number, reading_script, sections
from builder.wayback.snapshot import FOLDER
from builder.workflows.session import Session, now

_SECONDS = 6 * 3600.0
"""For a download, or a restore of a large database that also waits for a backup under way."""
_WAYS: Mapping[str, Way] = {"snapshot": "snapshot", "copy": "copy"}
_RESTORE = (
    "systemctl start pacsmith-restore-test.service; cat /var/lib/pacsmith/restore-test.json"  # waits: a oneshot unit
)


@dataclass(frozen=True)
class Ahead:
    """All checks, how long the doors would be closed, by what the host goes back, how many packages apt would replace
    or add, and what the archive keeps (bytes); None where the host did not say."""

    checks: tuple[Check, ...]
    estimate: Estimate
    way: Way | None
    packages: int | None
    stored: int | None
    database: int | None


@dataclass(frozen=True)
class Wanted:
    """The changes, between which Debian releases (code names) they go, and how long they took on another host."""

    changes: ChangeSet
    releases: tuple[str, str]
    rehearsed: Timings | None


def preflight(session: Session, remote: Remote, copy: Copy, wanted: Wanted) -> Ahead:
    """What can be known of the upgrade of the session's one host while it serves. Raises Unreachable."""
    host = session.machines[0].host
    answer = remote.run("sh -s", stdin=reading_script(copy, *wanted.releases).encode(), sudo=True, timeout=_SECONDS)
    said = sections(answer.stdout.decode("utf-8", "replace"))
    found = [judge.room(_rooms(said, archive=host.archive is not None)), judge.left_out(said.get("left_out"))]
    if host.archive is not None:
        asked = now()
        restored = remote.run("sh -s", stdin=_RESTORE.encode(), sudo=True, timeout=_SECONDS)
        found += [
            judge.backup(said.get("backup", ""), now()),
            judge.restorable(restored.stdout.decode("utf-8", "replace"), asked, number(said.get("instances"))),
            judge.quiet(*(number(said.get(name)) for name in ("jobs", "statements", "replicas"))),
        ]
    file = certificates_folder(session.site) / f"{host.name}.pem"
    present = present_certificate(file)
    found.append(judge.certificate(None if present is None else present.not_valid_after_utc, now()))
    stored, database = number(said.get("stored")), number(said.get("database"))
    parts = {one.part for one in wanted.changes.changes}
    release, new_database = bool(parts & {"release", "security"}), "database" in parts
    told = estimate(stored, database, wanted.rehearsed, release=release, new_database=new_database)
    known = host.archive is None or None not in {stored, database}
    found.append(judge.window(closes_at(session), now(), told.seconds if known else None))
    way, packages = _WAYS.get(said.get("way", "")), number(said.get("packages"))
    return Ahead(tuple(found), told, way, packages, stored, database)


def nothing_left(host: Host, changes: ChangeSet, packages: int | None) -> bool:
    """Whether Debian's updates alone are asked for, and there is none. On a test host they are gone through all the
    same: on its acceptance those of a production host rest. Pure."""
    alone = all(one.part == "security" for one in changes.changes)
    return alone and packages == 0 and host.stage == "production"


def refuse_unfit(checks: tuple[Check, ...]) -> None:
    """Raise Refused that names everything which is not met; what is unknown is not."""
    bad = [f"{one.name}: {one.verdict}: {one.observed}; {one.remedy}" for one in checks if one.verdict != "met"]
    if bad:
        raise Refused(f"nothing was changed: {'. '.join(bad)}")


def refuse_late(session: Session, seconds: float) -> None:
    """Raise Refused when the window has become too short for it meanwhile."""
    refuse_unfit((judge.window(closes_at(session), now(), seconds),))


def _rooms(said: Mapping[str, str], *, archive: bool) -> tuple[judge.Room, ...] | None:
    """The copy, the next system and its packages unpacked (which take three times their room, or less); the packages;
    what the host gets of them where that is another disk than the copy's; the database once more."""
    copy, packages = number(said.get("room")), number(said.get("download"))
    database = number(said.get("database") or ("" if archive else "0"))
    there = disks(said.get("disks", ""))
    if copy is None or packages is None or database is None or there is None:
        return None
    apart = there.get(FOLDER) != there.get("/")
    wanted = {
        FOLDER: 2 * copy + 3 * packages,
        "/": 3 * packages if apart else 0,
        PACKAGES: packages,
        DATABASES: database,
    }
    return judge.rooms(wanted, there)


def closes_at(session: Session) -> datetime | None:
    """When the window of the session's one host closes; None where none does, as of a host in the lab."""
    host = session.machines[0].host
    if host.stage != "production" or host.name in Lab(session.site).playing():
        return None
    return closes(session.site, host, now())
