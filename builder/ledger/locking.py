"""Locks: one holder a scope, taken atomically, taken over only from a process that has certainly ended."""

import uuid

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from builder.inventory.windows import told_in
from builder.ledger.process import ProcessIdentity
from builder.ledger.records import Held, Lock
from builder.ledger.tables import EventRow, LockRow, ProcessColumns
from builder.models.base import Model


class Taken(Model):
    """A lock that this process holds. `from_` lists the dead processes' locks that it was taken over from."""

    lock: Lock
    token: str
    from_: tuple[Lock, ...] = ()


def take(session: Session, lock: Lock) -> Taken:
    """Take `lock.scope` within the caller's write transaction. Raises Held when a living process holds it, the site
    that it lies in, or a host within it; other locks of the same run do not count."""
    exclude_others(session)
    overlapping = [row for row in session.scalars(select(LockRow)) if _overlap(row, lock)]
    for row in overlapping:
        if not process_of(row).gone(lock.process):
            raise Held(lock_of(row))
    dead = tuple(lock_of(row) for row in overlapping)
    for row in overlapping:
        session.delete(row)
    session.flush()
    token = uuid.uuid4().hex
    columns = lock.model_dump(exclude={"process"}) | process_columns(lock.process)
    session.add(LockRow(**columns, token=token))
    return Taken(lock=lock, token=token, from_=dead)


def release(session: Session, taken: Taken) -> None:
    """Give it back. A lock that was broken, and perhaps taken by someone else since, is left alone."""
    session.execute(delete(LockRow).where(LockRow.scope == taken.lock.scope, LockRow.token == taken.token))


def lock_of(row: LockRow) -> Lock:
    """The record of a table row."""
    return Lock(scope=row.scope, who=row.who, why=row.why, run=row.run, since=row.since, process=process_of(row))


def process_of(row: ProcessColumns) -> ProcessIdentity:
    """The process named by a row's columns."""
    return ProcessIdentity(**{name: getattr(row, f"process_{name}") for name in ProcessIdentity.model_fields})


def process_columns(process: ProcessIdentity) -> dict[str, str | int]:
    """The columns that name a process."""
    return {f"process_{name}": value for name, value in process.model_dump().items()}


def describe_takeover(old: Lock) -> str:
    """The sentence that goes into the run's events."""
    return (
        f"lock on {old.scope} taken over: {old.who} took it {old.since:%Y-%m-%d %H:%M} UTC to {old.why} "
        f"(run {old.run}), and {old.process} has ended without giving it back"
    )


def last_step(session: Session, run: str, zone: str) -> str | None:
    """What a run's events said last, as "archive01: Orthanc runs (Sat 2026-11-21 12:03 GMT)", told in `zone`."""
    query = select(EventRow).where(EventRow.run == run, EventRow.step != "").order_by(EventRow.id.desc()).limit(1)
    row = session.scalars(query).first()
    return f"{': '.join(filter(None, (row.host, row.step)))} ({told_in(zone, row.at)})" if row else None


def _overlap(row: LockRow, lock: Lock) -> bool:
    return row.scope == lock.scope or (overlap(row.scope, lock.scope) and row.run != lock.run)


def overlap(one: str, other: str) -> bool:
    """Whether two scopes share a host: they are the same, or one is the site in which the other lies."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def exclude_others(session: Session) -> None:
    """One taker at a time. SQLite's write transaction is alone already; the primary key is the second line."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {LockRow.__tablename__} IN EXCLUSIVE MODE"))
