"""Open the ledger's database, SQLite or PostgreSQL, and say in one sentence why it cannot be opened or written."""

import errno
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from builder.errors import BadInput, PacsmithError, Unreachable
from builder.ledger.tables import MIGRATIONS, SCHEMA_VERSION, Base, SchemaRow

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_CREATION_LOCK = 0x70616373  # "pacs": PostgreSQL's advisory lock while the tables are created

# What the servers' messages mean to a person. Their own words are never passed on: they may quote pieces of a URL.
_REASONS: tuple[tuple[str, str], ...] = (
    ("password authentication failed|no password", "it refuses the user or the password; check both in the URL"),
    ("role .* does not exist", "it does not know the user; create the user or name another one"),
    ("database .* does not exist", "it has no such database; create it, empty, with this user as its owner"),
    ("pg_hba", "its pg_hba.conf does not admit this user from here; add a line for it"),
    ("translate host name|resolve host|Name or service not known", "the server's name is unknown; check it"),
    ("time(out expired|d out)", f"no answer within {_CONNECT_SECONDS} s; check address, port and firewall"),
    ("refused|No such file|connection failed", "nothing answers there; start the server or correct the address"),
    ("permission denied", "the user may not create or write tables there; make it the owner of the database"),
    ("readonly database|read-only", "it is read-only; make the file and its folder writable"),
    ("not a database|malformed", "the file is no intact SQLite database; move it away or name another ledger"),
    ("disk is full|No space left|disk I/O", "the disk is full or failing; free space and run the command again"),
    ("database is locked", f"another process keeps it busy for more than {_BUSY_SECONDS} s; run the command again"),
    ("unable to open", "the file cannot be opened; make it and its folder readable and writable"),
    ("terminating connection|server closed|connection (is|was) closed|connection is lost",
     "the server went away; start it and run the command again"),
)  # fmt: skip


class Database:
    """An engine and the two kinds of transaction. `name` is the URL without its password and query."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(pacsmith_writes=True)
        self.name = _shown(engine.url)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed, to the disk, when the block ends. Raises PacsmithError when it cannot be."""
        with self._told(), Session(self._writing) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that sees one state. Raises PacsmithError when the database does not answer."""
        with self._told(), Session(self._engine) as session:
            yield session

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise _fault(self.name, error) from None


def open_database(url: str) -> Database:
    """Open or create the ledger at a SQLAlchemy URL, `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises BadInput for a URL or database that cannot be a ledger, Unreachable for a server that does not answer.
    """
    parsed = _parsed(url)
    engine = _sqlite(parsed) if parsed.drivername == "sqlite" else _postgresql(parsed)
    database = Database(engine)
    try:
        with database.write() as session:
            _create_or_check(session.connection(), database.name)
    except PacsmithError:
        database.close()
        raise
    return database


def _parsed(url: str) -> URL:
    parsed: URL | None = None
    with suppress(ArgumentError, ValueError):  # the parser's words quote the URL
        parsed = make_url(re.sub(r"^postgres(ql)?(\+psycopg)?:", "postgresql+psycopg:", url))
    if parsed is None or parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise BadInput(
            "ledger: not a URL of a ledger; write sqlite:///path/to/ledger.db or "
            "postgresql://user:password@host/database, with special characters of the password percent-encoded"
        )
    if "@" in (parsed.host or ""):
        raise BadInput("ledger: the password in the URL holds an @; write it as %40")
    return parsed


def _shown(url: URL) -> str:
    """The URL for a person: a password may stand in the query too, so that is left out."""
    return url.set(drivername=url.get_backend_name(), query={}).render_as_string(hide_password=True)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The one statement for which SQLite does not wait when several processes create the ledger at once: it says
    "database is locked" straight away, whatever the timeout (seen with four processes, 2026-11-21)."""
    end = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as busy:
            if "locked" not in str(busy) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _created(path: Path) -> None:
    """Created here for its mode: facts of a hospital's machines are nobody else's business. A file that is there is not
    opened: closing it again would end the locks of every connection that this process has to it, and another process
    would then take the log away under them (seen 2026-11-23: a malformed ledger)."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not path.exists():
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise BadInput("ledger: a ledger in memory would forget everything; write sqlite:///path/to/ledger.db")
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _created(path)
    except OSError as error:
        why = "its folder is a file" if isinstance(error, FileExistsError) else error.strerror
        raise BadInput(f"ledger {path}: {why}; make the folder writable or name another ledger") from None
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        _switch_to_wal(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once when another has written: take the lock first.
        writes = connection.get_execution_options().get("pacsmith_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    options = {"connect_timeout": _CONNECT_SECONDS, "application_name": "pacsmith"}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=options)


def _create_or_check(connection: Connection, name: str) -> None:
    """Create the tables in an empty database, bring older ones up to date, or refuse what is no ledger of ours."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
    present = set(inspect(connection).get_table_names())
    if not present:
        Base.metadata.create_all(connection)
        connection.execute(SchemaRow.__table__.insert().values(version=SCHEMA_VERSION))  # type: ignore[attr-defined]
        return
    if SchemaRow.__tablename__ not in present:
        raise BadInput(f"ledger {name}: the database belongs to something else; give pacsmith a database of its own")
    version = connection.execute(select(SchemaRow.version)).scalar_one()
    if version > SCHEMA_VERSION:
        raise BadInput(
            f"ledger {name}: written by a newer pacsmith (schema {version}, this one knows {SCHEMA_VERSION}); "
            "install that version, or a later one, here"
        )
    for statement in MIGRATIONS[version - 1 :]:
        connection.execute(text(statement))
    if version < SCHEMA_VERSION:
        connection.execute(SchemaRow.__table__.update().values(version=SCHEMA_VERSION))  # type: ignore[attr-defined]


def _fault(name: str, error: SQLAlchemyError) -> PacsmithError:
    """The sentence for a driver's error. Only words of ours: the driver's may quote the URL."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause)
    for pattern, reason in _REASONS:
        if re.search(pattern, said, re.IGNORECASE):
            kind = Unreachable if name.startswith("postgresql") else BadInput
            return kind(f"ledger {name}: {reason}")
    state = getattr(cause, "sqlstate", None) or type(cause).__name__
    return PacsmithError(
        f"ledger {name}: the database refused a statement ({state}); see the server's log, then run again"
    )
