"""Locks in the ledger: taken by runs and by persons, told of, and given back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from builder.errors import PacsmithError
from builder.ledger.cleaning import Clean, storable
from builder.ledger.database import Database
from builder.ledger.locking import Taken, describe_takeover, last_step, lock_of, process_columns, release, take
from builder.ledger.process import ProcessIdentity
from builder.ledger.records import Held, Lock, Reservation
from builder.ledger.reserving import free, refuse_reserved, reservations, reserve
from builder.ledger.tables import EventRow, LockRow, RunRow
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.run import Run


class Locks:
    """The part of a ledger that says who is at work where, and who wants others to keep away."""

    def __init__(self, database: Database, clean: Clean, now: Callable[[], datetime], zone: str) -> None:
        self._database = database
        self._clean = clean
        self._now = now
        self._zone = zone
        self._process = ProcessIdentity.of_this()

    @contextmanager
    def lock(self, scope: str, *, who: str, why: str, run: str, changing: bool = True) -> Iterator[Taken]:
        """Hold `scope`, a site's name or `<site>/<host>`, for the length of the block; `run` has begun.

        A lock whose process has ended on this machine is taken over; the run's events say so. Raises Held otherwise,
        and, where the run is `changing` something, while another person has reserved the scope.
        """
        wanted = Lock(scope=scope, who=who, why=why, run=run, since=self._now(), process=self._process)
        try:
            with self._database.write() as session:
                if changing:
                    refuse_reserved(session, scope, wanted.holder, wanted.since)
                taken = take(session, wanted)
                for old in taken.from_:
                    session.add(EventRow(**self._storable(self._note(run, scope, describe_takeover(old)))))
        except Held as held:
            with self._database.read() as session:
                raise Held(held.holder, last_step(session, held.holder.run, self._zone), self._zone) from None
        try:
            yield taken
        except BaseException:
            # The block's own fault matters more; what stays behind is a dead process's lock, which the next one takes.
            with suppress(PacsmithError):
                self._release(taken)
            raise
        self._release(taken)

    def locks(self) -> tuple[Lock, ...]:
        """Every lock, by scope."""
        with self._database.read() as session:
            return tuple(lock_of(row) for row in session.scalars(select(LockRow).order_by(LockRow.scope)))

    def living_locks(self) -> tuple[Lock, ...]:
        """Every lock whose process may still live, by scope."""
        return tuple(lock for lock in self.locks() if not lock.process.gone(self._process))

    def at_work(self) -> frozenset[str]:
        """The runs that hold a lock and whose process may still live."""
        return frozenset(lock.run for lock in self.living_locks())

    def reserve(self, scope: str, *, why: str, until: datetime, run: Run) -> Reservation:
        """Lock `scope` for the person of `run` until a time, which is recorded, done; a reservation of theirs there is
        replaced. Raises Held when another person has reserved it or is at work there."""
        return self.reserve_all({scope: run}, why=why, until=until)[0]

    def reserve_all(self, runs: Mapping[str, Run], *, why: str, until: datetime) -> tuple[Reservation, ...]:
        """`reserve` of several scopes, each by its run: all of them, or none and Held."""
        try:
            return self._reserve_all(runs, why, until)
        except Held as held:
            raise Held(held.holder, zone=self._zone) from None

    def _reserve_all(self, runs: Mapping[str, Run], why: str, until: datetime) -> tuple[Reservation, ...]:
        taken = []
        with self._database.write() as session:
            for scope, run in runs.items():
                wanted = Reservation(
                    scope=scope, who=run.who, hostname=self._process.hostname, why=storable(why, self._clean),
                    since=self._now(), until=until, run=run.id,
                )  # fmt: skip
                what = f"{scope} locked by {wanted.holder} until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {why}"
                self._add_done(session, run, scope, what)
                reserve(session, wanted, self._process)
                taken.append(wanted)
        return tuple(taken)

    def reservations(self) -> tuple[Reservation, ...]:
        """Every person's lock that is not over, by scope."""
        with self._database.read() as session:
            return tuple(reservations(session, self._now()))

    def unlock(self, scope: str, *, run: Run, named: str | None, why: str | None) -> tuple[Lock | Reservation, ...]:
        """Remove what is locked on exactly `scope`, as `free` allows it; `run` is recorded, done, with an event each.

        Raises NotLocked when nothing is locked there, BadInput when nothing is by `named`, Locked when it is another's
        and `named` and `why` do not say so.
        """
        with self._database.write() as session:
            me = f"{run.who}@{self._process.hostname}"
            gone = free(session, scope, me=me, process=self._process, named=named, why=why, now=self._now(),
                        zone=self._zone)  # fmt: skip
            for number, old in enumerate(gone):
                what = f"lock on {scope} of {old.holder} (run {old.run}) removed by {me}" + (f": {why}" if why else "")
                if number == 0:
                    self._add_done(session, run, scope, what, why)
                else:
                    session.add(EventRow(**self._storable(self._note(run.id, scope, what))))
            for left in {one.run for one in gone if isinstance(one, Lock)}:
                self._interrupt(session, left, f"its last lock was removed by {me}" + (f": {why}" if why else ""))
        return gone

    def _interrupt(self, session: Session, run: str, note: str) -> None:
        """A run that holds no lock any more is taken for interrupted, so that another may resume it; should it be at
        work after all, it says itself how it ends."""
        row = session.get(RunRow, run)
        held = session.scalars(select(LockRow).where(LockRow.run == run)).first()
        if row is not None and row.outcome == "running" and held is None:
            self._cut_off(row, note)

    def _cut_off(self, row: RunRow, why: str) -> None:
        row.outcome, row.finished = "interrupted", self._now()
        row.note = storable("; ".join(filter(None, (row.note, why))), self._clean)

    def _add_done(self, session: Session, run: Run, scope: str, what: str, note: str | None = None) -> None:
        """Record a run that was one act, and what it did."""
        done = run.model_copy(update={"outcome": "done", "finished": self._now(), "note": note or what})
        session.add(RunRow(**self._storable(done), **process_columns(self._process)))
        session.flush()
        session.add(EventRow(**self._storable(self._note(run.id, scope, what))))

    def _release(self, taken: Taken) -> None:
        with self._database.write() as session:
            release(session, taken)

    def _note(self, run: str, scope: str, what: str) -> Event:
        return Event(run=run, at=self._now(), host=scope.partition("/")[2], step=what, status="note")

    def _storable(self, record: Run | Event | Evidence) -> dict[str, Any]:
        columns: dict[str, Any] = storable(record.model_dump(), self._clean)
        return columns
