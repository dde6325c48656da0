"""What a person reads when the ledger cannot be opened or written, and that no password stands in it."""

import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from builder.errors import BadInput, PacsmithError, Unreachable
from builder.ledger import open_ledger
from builder.ledger.tables import SCHEMA_VERSION
from builder.models.evidence import Evidence
from tests.unit.ledger_child import run
from tests.unit.ledger_cluster import Cluster


def said(url: str) -> str:
    with pytest.raises(PacsmithError) as caught:
        open_ledger(url)
    shown = "".join(traceback.format_exception(caught.value))
    assert "heim" not in shown, "a traceback shows the password"
    return str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "ledger.db", "mysql://u:Geheim@h/d", "postgresql://u:Geheim@h:port/d", "sqlite+nope:///x"]
)
def test_not_a_url(url: str) -> None:
    assert said(url) == (
        "ledger: not a URL of a ledger; write sqlite:///path/to/ledger.db or "
        "postgresql://user:password@host/database, with special characters of the password percent-encoded"
    )


def test_a_password_with_an_at_sign_is_explained_and_not_shown() -> None:
    assert said("postgresql://u:Ge@heim@h/d") == "ledger: the password in the URL holds an @; write it as %40"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_ledger_in_memory(url: str) -> None:
    assert said(url) == "ledger: a ledger in memory would forget everything; write sqlite:///path/to/ledger.db"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "ledger.db"
    assert (
        said(f"sqlite:///{path}")
        == f"ledger {path}: its folder is a file; make the folder writable or name another ledger"
    )


def test_a_ledger_that_is_a_folder(tmp_path: Path) -> None:
    assert (
        said(f"sqlite:///{tmp_path}")
        == f"ledger {tmp_path}: Is a directory; make the folder writable or name another ledger"
    )


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague, " * 200, encoding="utf-8")
    assert said(f"sqlite:///{path}") == (
        f"ledger sqlite:///{path}: the file is no intact SQLite database; move it away or name another ledger"
    )
    assert path.read_text(encoding="utf-8") == "Dear colleague, " * 200


def test_a_database_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE runs (distance REAL)")
    connection.close()
    assert said(f"sqlite:///{path}") == (
        f"ledger sqlite:///{path}: the database belongs to something else; give pacsmith a database of its own"
    )


def test_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE pacsmith_schema SET version = {SCHEMA_VERSION + 1}")
    connection.close()
    assert said(f"sqlite:///{path}") == (
        f"ledger sqlite:///{path}: written by a newer pacsmith "
        f"(schema {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION}); "
        "install that version, or a later one, here"
    )


def test_the_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_ledger(f"sqlite:///{tmp_path}/new/ledger.db").close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_a_server_that_is_not_there() -> None:
    url = "postgresql://keeper:Geheim@127.0.0.1:1/ledger?sslpassword=Geheim"
    with pytest.raises(Unreachable) as caught:
        open_ledger(url)
    assert str(caught.value) == (
        "ledger postgresql://keeper:***@127.0.0.1:1/ledger: "
        "nothing answers there; start the server or correct the address"
    )


def test_a_wrong_password(cluster: Cluster) -> None:
    assert said(cluster.url("postgres", "Geheim")) == (
        "ledger postgresql://keeper:***@/postgres: it refuses the user or the password; check both in the URL"
    )


def test_a_database_that_does_not_exist(cluster: Cluster) -> None:
    assert said(cluster.url("nowhere")) == (
        "ledger postgresql://keeper:***@/nowhere: "
        "it has no such database; create it, empty, with this user as its owner"
    )


def test_a_database_in_which_the_user_may_not_create(cluster: Cluster) -> None:
    owner = cluster.new_database().replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(owner)
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE guest LOGIN PASSWORD 'Geheim'"))
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    engine.dispose()
    database = owner.partition("@/")[2]
    assert said(f"postgresql://guest:Geheim@/{database}") == (
        f"ledger postgresql://guest:***@/{database.partition('?')[0]}: the user may not create or write tables there; "
        "make it the owner of the database"
    )


def test_neither_repr_nor_name_shows_the_password(cluster: Cluster) -> None:
    with open_ledger(cluster.new_database()) as ledger:
        assert "ssword" not in repr(ledger)
        assert "keeper:***@" in repr(ledger)


def test_a_server_that_goes_away_in_mid_run_and_comes_back() -> None:
    private = Cluster()
    try:
        with open_ledger(private.new_database()) as ledger:
            ledger.begin(run("r1"))
            private.stop()
            with pytest.raises(Unreachable, match="start the server"):
                ledger.finish("r1", "done")
            private.start()
            assert ledger.finish("r1", "done").outcome == "done"
    finally:
        private.remove()


def test_an_unknown_run(tmp_path: Path) -> None:
    with (
        open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger,
        pytest.raises(BadInput, match="run r9: the ledger does not know it"),
    ):
        ledger.run("r9")


def test_a_ledger_of_schema_1_is_brought_up_to_date_and_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    met = Evidence(kind="check", subject="s", expected="e", observed="o", verdict="met", at=noon, probe="p",
                   host="h", run="r1")  # fmt: skip
    with open_ledger(f"sqlite:///{path}") as ledger:
        ledger.begin(run("r1"))
        ledger.record_evidence([met])
        ledger.set_host_state("st-brigid", "h", accepted_run="r1")
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("ALTER TABLE pacsmith_evidence DROP COLUMN qualified")
        old.execute("ALTER TABLE pacsmith_evidence DROP COLUMN screen")
        old.execute("ALTER TABLE pacsmith_runs DROP COLUMN terms")
        old.execute("DROP TABLE pacsmith_reservations")
        old.execute("ALTER TABLE pacsmith_host_states DROP COLUMN accepted")
        old.execute("ALTER TABLE pacsmith_host_states DROP COLUMN drift")
        old.execute("UPDATE pacsmith_schema SET version = 1")
    for again in range(2):
        with open_ledger(f"sqlite:///{path}") as ledger:
            assert ledger.evidence("r1")[0] == met
            assert ledger.run("r1").terms is None
            ledger.reserve("st-brigid", why="disks", until=datetime(2099, 1, 1, tzinfo=UTC), run=run(f"r2-{again}"))
            assert [one.why for one in ledger.reservations()] == ["disks"]
            known = ledger.host_state("st-brigid", "h")
            assert known is not None
            assert (known.accepted_run, known.accepted, known.drift) == ("r1", None, None)
            ledger.record_evidence(
                [met.model_copy(update={"qualified": "minimum; recommended >= 8 GiB is not reached"})]
            )
            assert ledger.evidence("r1")[-1].verdict_in_full == "met (minimum; recommended >= 8 GiB is not reached)"


def test_a_second_ledger_in_one_process_ends_no_lock_of_the_first(tmp_path: Path) -> None:
    """An upgrade holds two. Another process that leaves must not think itself the last and take the log away."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    leaves = "import sys; from builder.ledger import open_ledger; open_ledger(sys.argv[1]).close()"
    with closing(open_ledger(url)) as first, closing(open_ledger(url)):
        first.begin(run("20261123T000000-aaaaaa"))
        subprocess.run([sys.executable, "-c", leaves, url], check=True)
        assert (tmp_path / "ledger.db-wal").exists()
