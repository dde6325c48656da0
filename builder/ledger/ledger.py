"""The ledger: what was run, what each step said, what was proven, what state a host is in, and who is at work where.

Every call is one transaction, on the disk when the call returns: a process killed at any moment loses nothing that it
was told is recorded.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from builder.errors import BadInput
from builder.ledger.cleaning import Clean, storable
from builder.ledger.database import Database, open_database
from builder.ledger.locking import process_columns, process_of
from builder.ledger.locks import Locks
from builder.ledger.records import UTC_ZONE, HostState
from builder.ledger.tables import EventRow, EvidenceRow, HostStateRow, RunRow
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.run import Outcome, Run, Terms


class Ledger(Locks):
    """Open with `open_ledger`. Safe for several threads and several processes at once.

    Every method raises PacsmithError (one sentence) when the database fails.
    """

    def __init__(self, database: Database, clean: Clean, now: Callable[[], datetime], zone: str) -> None:
        super().__init__(database, clean, now, zone)
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

    def set_terms(self, run_id: str, terms: Terms) -> None:
        """Record the terms of a run that is under way anew. Raises BadInput when the ledger does not know it."""
        with self._database.write() as session:
            _run_row(session, run_id).terms = storable(terms.model_dump(), self._clean)

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
                    self._cut_off(row, f"{process} ended before the run did")

    def _insert(self, table: type[EventRow | EvidenceRow], records: Iterable[Event | Evidence]) -> None:
        """All of them or none, as plain rows: a plan of 1,000 hosts has 40,000 events."""
        rows = [self._storable(record) for record in records]
        if rows:
            with self._database.write() as session:
                session.execute(insert(table), rows)


def open_ledger(
    url: str,
    *,
    clean: Clean = lambda text: text,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    zone: str = UTC_ZONE,
) -> Ledger:
    """Open or create the ledger at a SQLAlchemy URL; runs that a dead process left open become interrupted.

    `clean` (a Redactor's) passes over every free text before it is written. Refusals tell times in the time
    zone `zone`. Raises BadInput for a URL, folder or
    database that cannot be a ledger, Unreachable for a server that does not answer; never with the password.
    """
    return Ledger(open_database(url), clean, now, zone)


def _run_row(session: Session, run_id: str) -> RunRow:
    row = session.get(RunRow, run_id)
    if row is None:
        raise BadInput(f"run {run_id}: the ledger does not know it; pacsmith report --list shows the runs")
    return row


def _run_of(row: RunRow) -> Run:
    return Run.model_validate(_columns(row, Run))


def _columns(row: object, model: type[Run | Event | Evidence | HostState]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields}
