"""Locks that persons take for a time, and giving locks back: one's own freely, another's by name and with a reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from builder.errors import BadInput, Locked
from builder.inventory.windows import told_in
from builder.ledger.locking import exclude_others, lock_of, overlap
from builder.ledger.process import ProcessIdentity
from builder.ledger.records import Held, Lock, Reservation, unlocking
from builder.ledger.tables import LockRow, ReservationRow


class NotLocked(BadInput):
    """What is to be unlocked is not locked (exit 2)."""


def reservations(session: Session, now: datetime) -> list[Reservation]:
    """Those that are not over at `now`, by scope."""
    rows = session.scalars(select(ReservationRow).order_by(ReservationRow.scope))
    return [reservation_of(row) for row in rows if row.until > now]


def reserve(session: Session, wanted: Reservation, process: ProcessIdentity) -> None:
    """Take or prolong a reservation within the caller's write transaction. Raises Held when another person has reserved
    `wanted.scope`, the site that it lies in or a host within it, or when a run of theirs may be at work there."""
    session.execute(delete(ReservationRow).where(ReservationRow.until <= wanted.since))
    refuse_reserved(session, wanted.scope, wanted.holder, wanted.since)
    for row in session.scalars(select(LockRow)):
        lock = lock_of(row)
        if overlap(lock.scope, wanted.scope) and lock.holder != wanted.holder and not lock.process.gone(process):
            raise Held(lock)
    session.merge(ReservationRow(**wanted.model_dump()))


def refuse_reserved(session: Session, scope: str, holder: str, now: datetime) -> None:
    """Raise Held when somebody other than `holder` has reserved `scope`, its site, or a host within it. Nobody can
    reserve it then before the caller's write transaction ends."""
    exclude_others(session)
    for one in reservations(session, now):
        if overlap(one.scope, scope) and one.holder != holder:
            raise Held(one)


def free(
    session: Session, scope: str, *, me: str, process: ProcessIdentity, named: str | None, why: str | None,
    now: datetime, zone: str,
) -> tuple[Lock | Reservation, ...]:  # fmt: skip
    """Remove what is locked on exactly `scope`: one's own reservation, and what nobody holds any more. What somebody
    holds only when `named` is that holder in full and `why` says the reason. Faults tell times in `zone`.

    Raises NotLocked when nothing is locked there, BadInput when nothing is by `named`; Locked when
    nothing of it may be removed so.
    """
    exclude_others(session)
    found = _on(session, scope)
    if not found:
        raise NotLocked(f"{scope}: nothing is locked there; pacsmith locks lists what is")
    if named is not None and named not in {one.holder for one in found}:
        holders = ", ".join(sorted({one.holder for one in found}))
        raise BadInput(f"{scope}: it is not locked by {named} but by {holders}; write that in full")
    free_now = [
        one
        for one in found
        if (_is_free(one, me, process, now) if named is None else one.holder == named and why is not None)
    ]
    if not free_now:
        raise Locked(_how(found[0], me, zone))
    for one in free_now:
        table = LockRow if isinstance(one, Lock) else ReservationRow
        session.execute(delete(table).where(table.scope == scope))
    return tuple(free_now)


def _on(session: Session, scope: str) -> Sequence[Lock | Reservation]:
    lock, reservation = session.get(LockRow, scope), session.get(ReservationRow, scope)
    return [
        *([lock_of(lock)] if lock is not None else []),
        *([reservation_of(reservation)] if reservation is not None else []),
    ]


def _is_free(one: Lock | Reservation, me: str, process: ProcessIdentity, now: datetime) -> bool:
    if isinstance(one, Lock):
        return one.process.gone(process)
    return one.holder == me or one.until <= now


def _how(one: Lock | Reservation, me: str, zone: str) -> str:
    whose = "a run of yours that may still be at work" if one.holder == me else one.holder
    return (
        f"{one.scope} is locked by {whose}, since {told_in(zone, one.since)}: {one.why}; to free it all the same, "
        f"name the holder in full and say why: pacsmith unlock {unlocking(one.scope)} --held-by {one.holder} --why '…'"
    )


def reservation_of(row: ReservationRow) -> Reservation:
    """The record of a table row."""
    return Reservation(**{name: getattr(row, name) for name in Reservation.model_fields})
