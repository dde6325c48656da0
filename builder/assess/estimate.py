"""How long an upgrade keeps the doors closed: from a rehearsal's own timings where there is one (pure)."""

from builder.models.upgrade import Estimate, Timings

RELEASE_SECONDS = 40.0
"""Copy brought up to date, systems exchanged, boot and roles: 29 s in the lab on 2 cores (2026-11-22), and a third more
for another machine's disk."""
PLAIN_SECONDS = 25.0
"""The same without an exchange of systems and a boot."""
READ_BYTES = 60e6
"""Stored bytes that a manifest reads each second from an unhurried disk (69 MB/s in the lab, 2026-11-21)."""
DATABASE_BYTES = 60e6
"""Bytes of a database that are copied to its next version each second: 1.1 GB in 11 s from memory (2026-11-21), and
the same disk's pace."""


def estimate(
    stored: int | None, database: int | None, rehearsed: Timings | None, *, release: bool, new_database: bool
) -> Estimate:
    """Seconds with closed doors for an archive of so many bytes (`stored` images, `database`); None: no archive, or not
    known. The manifest is read twice, and grows with the images; the rest of a rehearsal is taken as it was."""
    images, index = stored or 0, database or 0
    if rehearsed is not None:
        rest = rehearsed.closed - rehearsed.manifests - rehearsed.database
        manifests = rehearsed.manifests * _times(images, rehearsed.stored_bytes)
        moved = rehearsed.database * _times(index, rehearsed.database_bytes)
        return Estimate(seconds=rest + manifests + moved, rests_on="the rehearsal's own timings")
    seconds = RELEASE_SECONDS if release else PLAIN_SECONDS
    seconds += 2 * images / READ_BYTES + (index / DATABASE_BYTES if new_database else 0)
    return Estimate(seconds=seconds, rests_on="the lab's timings, for want of a rehearsal")


def _times(now: int, then: int) -> float:
    """How many times as much there is as then; no less than then, since a disk does not read smaller files faster."""
    return max(1.0, now / then) if then else 1.0
