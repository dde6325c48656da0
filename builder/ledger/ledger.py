"""The ledger: what was run, what each step said, what was proven, what state a host is in, and who is at work where.

Every call is one transaction, on the disk when the call returns: a process killed at any moment loses nothing that it
was told is recorded.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from builder.errors import BadInput, PacsmithError
from builder.ledger.cleaning import Clean, storable
from builder.ledger.database import Database, open_database
from builder.ledger.locking import Taken, describe_takeover, lock_of, process_columns, process_of, release, remove, take
from builder.ledger.process import ProcessIdentity
from builder.ledger.records import HostState, Lock
from builder.ledger.tables import EventRow, EvidenceRow, HostStateRow, LockRow, RunRow
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.run import Outcome, Run


class Ledger:
    """Open with `open_ledger`. Safe for several threads and several processes at once.

    Every method raises PacsmithError (one sentence) when the database fails.
    """

    def __init__(self, database: Database, clean: Clean, now: Callable[[], datetime]) -> None:
        self._database = database
        self._clean = clean
        self._now = now
        self._process = ProcessIdentity.of_this()
        self._mark_interrupted()

    def __repr__(self) -> str:
        return f"Ledger({self._database.name})"

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    # runs

    def begin(self, run: Run) -> Run:
        """Record a run that starts now. Raises BadInput when its id is taken."""
        self._mark_interrupted()
        with self._database.write() as session:
            if session.get(RunRow, run.id) is not None:
                raise BadInput(f"run {run.id}: the ledger has it already; choose another id")
            session.add(RunRow(**self._storable(run), **process_columns(self._process)))
        return run

    def finish(self, run_id: str, outcome: Outcome, note: str | None = None) -> Run:
        """Close a run with its outcome. Raises BadInput when the ledger does not know it."""
        with self._database.write() as session:
            row = _run_row(session, run_id)
            row.outcome, row.finished = outcome, self._now()
            if note is not None:
                row.note = storable(note, self._clean)
            return _run_of(row)

    def run(self, run_id: str) -> Run:
        """One run. Raises BadInput when the ledger does not know it."""
        with self._database.read() as session:
            return _run_of(_run_row(session, run_id))

    def runs(
        self,
        *,
        site: str | None = None,
        host: str | None = None,
        verbs: Sequence[str] = (),
        outcomes: Sequence[Outcome] = (),
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Runs that match, the newest first; `limit` of them at most."""
        query = select(RunRow).order_by(RunRow.started.desc(), RunRow.id.desc())
        if site is not None:
            query = query.where(RunRow.site == site)
        if verbs:
            query = query.where(RunRow.verb.in_(verbs))
        if outcomes:
            query = query.where(RunRow.outcome.in_(outcomes))
        if host is None:
            query = query.limit(limit)
        with self._database.read() as session:
            found = (_run_of(row) for row in session.scalars(query))
            return tuple(run for run in found if host is None or host in run.hosts)[:limit]

    # events and evidence

    def record(self, event: Event) -> None:
        """Record what one step said."""
        self.record_all((event,))

    def record_all(self, events: Iterable[Event]) -> None:
        """Record several events together: all of them or none."""
        self._insert(EventRow, events)

    def events(self, run_id: str) -> tuple[Event, ...]:
        """A run's events in the order in which they were recorded."""
        with self._database.read() as session:
            rows = session.scalars(select(EventRow).where(EventRow.run == run_id).order_by(EventRow.id))
            return tuple(Event.model_validate(_columns(row, Event)) for row in rows)

    def record_evidence(self, items: Iterable[Evidence]) -> None:
        """Record evidence: all of it or none."""
        self._insert(EvidenceRow, items)

    def evidence(self, run_id: str) -> tuple[Evidence, ...]:
        """A run's evidence in the order in which it was recorded."""
        with self._database.read() as session:
            rows = session.scalars(select(EvidenceRow).where(EvidenceRow.run == run_id).order_by(EvidenceRow.id))
            return tuple(Evidence.model_validate(_columns(row, Evidence)) for row in rows)

    # host states

    def host_state(self, site: str, host: str) -> HostState | None:
        """What is known of a host; None when nothing is."""
        with self._database.read() as session:
            row = session.get(HostStateRow, (site, host))
            return None if row is None else HostState.model_validate(_columns(row, HostState))

    def host_states(self, site: str, hosts: Collection[str]) -> dict[str, HostState]:
        """What is known of each of `hosts`, by name, but for the facts of its last survey: of 1,000 hosts they are
        hundreds of MiB. Hosts of which nothing is known are not in it."""
        names = [name for name in HostState.model_fields if name != "facts"]
        query = select(*(getattr(HostStateRow, name) for name in names))
        query = query.where(HostStateRow.site == site, HostStateRow.name.in_(hosts))
        with self._database.read() as session:
            return {row.name: HostState.model_validate(dict(row._mapping)) for row in session.execute(query)}

    def set_drift(self, site: str, readings: Mapping[str, Mapping[str, JsonValue]]) -> None:
        """Keep each host's last reading for drift, by name: all of them or none. Hosts of which nothing else is known
        are passed over."""
        change = (
            update(HostStateRow)
            .where(HostStateRow.site == site, HostStateRow.name == bindparam("host"))
            .values(drift=bindparam("reading", type_=HostStateRow.__table__.c.drift.type))
        )
        rows = [{"host": name, "reading": storable(reading, self._clean)} for name, reading in readings.items()]
        if rows:
            with self._database.write() as session:
                session.connection().execute(change, rows)

    def set_host_state(
        self,
        site: str,
        host: str,
        *,
        accepted_run: str | None = None,
        variables_digest: str | None = None,
        facts: Mapping[str, JsonValue] | None = None,
        accepted: Mapping[str, JsonValue] | None = None,
    ) -> HostState:
        """Record what is given and keep what is not. With what was `accepted` drift begins anew."""
        with self._database.write() as session:
            row = session.get(HostStateRow, (site, host)) or HostStateRow(site=site, name=host, facts={})
            row.updated = self._now()
            if accepted_run is not None:
                row.accepted_run = accepted_run
            if variables_digest is not None:
                row.variables_digest = variables_digest
            if facts is not None:
                row.facts = storable(facts, self._clean)
            if accepted is not None:
                row.accepted, row.drift = storable(accepted, self._clean), None
            session.add(row)
            session.flush()
            return HostState.model_validate(_columns(row, HostState))

    # locks

    @contextmanager
    def lock(self, scope: str, *, who: str, why: str, run: str) -> Iterator[Taken]:
        """Hold `scope`, a site's name or `<site>/<host>`, for the length of the block; `run` has begun.

        A lock whose process has ended on this machine is taken over; the run's events say so. Raises Held otherwise.
        """
        wanted = Lock(scope=scope, who=who, why=why, run=run, since=self._now(), process=self._process)
        with self._database.write() as session:
            taken = take(session, wanted)
            for old in taken.from_:
                session.add(EventRow(**self._storable(self._note(run, scope, describe_takeover(old)))))
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

    def break_lock(self, scope: str, *, run: Run, reason: str) -> Lock:
        """Remove somebody's lock. `run` is recorded, done, with the reason as its note and one event.

        Raises BadInput when nothing is locked there.
        """
        with self._database.write() as session:
            old = remove(session, scope)
            if old is None:
                raise BadInput(f"{scope}: nothing is locked there; pacsmith locks lists what is")
            done = run.model_copy(update={"outcome": "done", "finished": self._now(), "note": reason})
            session.add(RunRow(**self._storable(done), **process_columns(self._process)))
            session.flush()
            what = f"lock on {scope} of {old.who} (run {old.run}, {old.process}) broken by {run.who}: {reason}"
            session.add(EventRow(**self._storable(self._note(run.id, scope, what))))
        return old

    def _release(self, taken: Taken) -> None:
        with self._database.write() as session:
            release(session, taken)

    def _note(self, run: str, scope: str, what: str) -> Event:
        return Event(run=run, at=self._now(), host=scope.partition("/")[2], step=what, status="note")

    def _mark_interrupted(self) -> None:
        """Runs that a dead process of this machine left open are interrupted, not running."""
        still_open = select(RunRow).where(RunRow.outcome == "running")
        with self._database.read() as session:
            if not any(process_of(row).gone(self._process) for row in session.scalars(still_open)):
                return
        with self._database.write() as session:
            for row in session.scalars(still_open.with_for_update()):
                process = process_of(row)
                if process.gone(self._process):
                    row.outcome, row.finished = "interrupted", self._now()
                    row.note = "; ".join(filter(None, (row.note, f"{process} ended before the run did")))

    def _insert(self, table: type[EventRow | EvidenceRow], records: Iterable[Event | Evidence]) -> None:
        """All of them or none, as plain rows: a plan of 1,000 hosts has 40,000 events."""
        rows = [self._storable(record) for record in records]
        if rows:
            with self._database.write() as session:
                session.execute(insert(table), rows)

    def _storable(self, record: Run | Event | Evidence) -> dict[str, Any]:
        columns: dict[str, Any] = storable(record.model_dump(), self._clean)
        return columns


def open_ledger(
    url: str, *, clean: Clean = lambda text: text, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Ledger:
    """Open or create the ledger at a SQLAlchemy URL; runs that a dead process left open become interrupted.

    `clean` (a Redactor's) passes over every free text before it is written. Raises BadInput for a URL, folder or
    database that cannot be a ledger, Unreachable for a server that does not answer; never with the password.
    """
    return Ledger(open_database(url), clean, now)


def _run_row(session: Session, run_id: str) -> RunRow:
    row = session.get(RunRow, run_id)
    if row is None:
        raise BadInput(f"run {run_id}: the ledger does not know it; pacsmith report --list shows the runs")
    return row


def _run_of(row: RunRow) -> Run:
    return Run.model_validate(_columns(row, Run))


def _columns(row: object, model: type[Run | Event | Evidence | HostState]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields}
