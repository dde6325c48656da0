"""The ledger's tables, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 7
MIGRATIONS = (
    "ALTER TABLE pacsmith_evidence ADD COLUMN qualified TEXT",
    "ALTER TABLE pacsmith_evidence ADD COLUMN screen JSON",
    "ALTER TABLE pacsmith_runs ADD COLUMN terms JSON",
    "CREATE TABLE pacsmith_reservations (scope TEXT NOT NULL PRIMARY KEY, who TEXT NOT NULL, hostname TEXT NOT NULL, "
    "why TEXT NOT NULL, since TIMESTAMP WITH TIME ZONE NOT NULL, until TIMESTAMP WITH TIME ZONE NOT NULL, "
    "run TEXT NOT NULL REFERENCES pacsmith_runs (id))",
    "ALTER TABLE pacsmith_host_states ADD COLUMN accepted JSON",
    "ALTER TABLE pacsmith_host_states ADD COLUMN drift JSON",
)
"""What brings schema 1 to 2, 2 to 3 and so on; plain enough for SQLite and PostgreSQL alike."""


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC: SQLite keeps no time zone, so it is added again on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: it would be silently wrong by hours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time in the ledger has a time zone; {value.isoformat()} has none")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """The same moment, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Table prefix `pacsmith_`, so that a shared database shows whose they are."""

    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy, never changed
        str: Text,
        datetime: UtcTime,
        dict[str, str]: JSON,
        dict[str, JsonValue]: JSON,
        list[str]: JSON,
    }


class SchemaRow(Base):
    """One row: the version of these tables."""

    __tablename__ = "pacsmith_schema"
    version: Mapped[int] = mapped_column(primary_key=True)


class ProcessColumns:
    """The identity of the process that holds a row."""

    process_hostname: Mapped[str]
    process_machine: Mapped[str]
    process_boot: Mapped[str]
    process_namespace: Mapped[str]
    process_pid: Mapped[int]
    process_started: Mapped[int]


class RunRow(ProcessColumns, Base):
    __tablename__ = "pacsmith_runs"
    id: Mapped[str] = mapped_column(primary_key=True)
    verb: Mapped[str]
    site: Mapped[str] = mapped_column(index=True)
    hosts: Mapped[list[str]]
    who: Mapped[str]
    started: Mapped[datetime] = mapped_column(index=True)
    finished: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(index=True)
    tool_version: Mapped[str]
    inputs: Mapped[dict[str, str]]
    note: Mapped[str | None]
    terms: Mapped[dict[str, JsonValue] | None]


class EventRow(Base):
    __tablename__ = "pacsmith_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[str] = mapped_column(ForeignKey("pacsmith_runs.id"), index=True)
    at: Mapped[datetime]
    host: Mapped[str]
    role: Mapped[str]
    step: Mapped[str]
    status: Mapped[str]
    changed: Mapped[bool | None]
    previewable: Mapped[bool]
    duration: Mapped[float | None]
    diff: Mapped[str | None]
    error: Mapped[str | None]


class EvidenceRow(Base):
    __tablename__ = "pacsmith_evidence"
    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[str] = mapped_column(ForeignKey("pacsmith_runs.id"), index=True)
    kind: Mapped[str]
    subject: Mapped[str]
    source: Mapped[str]
    expected: Mapped[str]
    observed: Mapped[str]
    verdict: Mapped[str]
    at: Mapped[datetime]
    probe: Mapped[str]
    host: Mapped[str] = mapped_column(index=True)
    raw_sha256: Mapped[str | None]
    seconds: Mapped[float | None]
    attest: Mapped[str | None]
    qualified: Mapped[str | None]
    screen: Mapped[dict[str, JsonValue] | None]


class HostStateRow(Base):
    __tablename__ = "pacsmith_host_states"
    site: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    accepted_run: Mapped[str | None] = mapped_column(ForeignKey("pacsmith_runs.id"))
    variables_digest: Mapped[str | None]
    facts: Mapped[dict[str, JsonValue]]
    updated: Mapped[datetime]
    accepted: Mapped[dict[str, JsonValue] | None]
    drift: Mapped[dict[str, JsonValue] | None]


class LockRow(ProcessColumns, Base):
    __tablename__ = "pacsmith_locks"
    scope: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    who: Mapped[str]
    why: Mapped[str]
    run: Mapped[str] = mapped_column(ForeignKey("pacsmith_runs.id"))
    since: Mapped[datetime]


class ReservationRow(Base):
    __tablename__ = "pacsmith_reservations"
    scope: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    hostname: Mapped[str]
    why: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    run: Mapped[str] = mapped_column(ForeignKey("pacsmith_runs.id"))
