"""Locks of persons, on SQLite and PostgreSQL: who may change what until when, and who may free it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from builder.errors import BadInput, Locked
from builder.ledger import Held, Ledger, Lock, ProcessIdentity, Reservation, open_ledger
from builder.ledger.locking import take
from builder.ledger.reserving import reserve
from builder.models.run import Run, Terms
from tests.unit.ledger_child import run

HERE = os.uname().nodename
ARCHIVE = "st-brigid/archive01"


class Clock:
    """The ledger's time, set by hand."""

    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    with open_ledger(ledger_url, now=clock) as opened:
        yield opened


def by(who: str, name: str | None = None) -> Run:
    return run(name or f"act of {who}").model_copy(update={"who": who})


def in_hours(hours: int) -> datetime:
    return Clock.now + timedelta(hours=hours)


def reserved(ledger: Ledger, who: str, scope: str = ARCHIVE, hours: int = 4) -> Reservation:
    return ledger.reserve(scope, why="new disks, change 4711", until=in_hours(hours), run=by(who))


def elsewhere(ledger: Ledger, who: str = "ines", scope: str = ARCHIVE) -> None:
    """A reservation that somebody took on another machine."""
    ledger.begin(by(who, "theirs"))
    wanted = Reservation(
        scope=scope, who=who, hostname="adminbox2", why="new disks", since=Clock.now, until=in_hours(4), run="theirs"
    )
    with ledger._database.write() as session:
        reserve(session, wanted, ProcessIdentity.of_this())


@pytest.mark.parametrize("scope", [ARCHIVE, "st-brigid"])
def test_others_change_nothing_meanwhile_and_are_told_who_why_and_until_when(ledger: Ledger, scope: str) -> None:
    elsewhere(ledger, scope=scope)
    ledger.begin(by("tomasz", "r1"))
    with pytest.raises(Held) as caught, ledger.lock(ARCHIVE, who="tomasz", why="build", run="r1"):
        pytest.fail("changed under somebody's lock")
    which = "archive01" if scope == ARCHIVE else "--whole-site"
    assert str(caught.value) == (
        f"{scope} is locked by ines@adminbox2 since Sat 2026-11-21 12:00 UTC until Sat 2026-11-21 16:00 UTC: new "
        "disks; wait for that, ask ines, or, once you have agreed on it, free it with: "
        f"pacsmith unlock {which} --held-by ines@adminbox2 --why '…'"
    )
    assert caught.value.exit_code == 4
    with ledger.lock("st-brigid/archive02" if scope == ARCHIVE else "other", who="tomasz", why="build", run="r1"):
        pass  # another host, another site


def test_reading_is_never_refused(ledger: Ledger) -> None:
    elsewhere(ledger)
    ledger.begin(by("tomasz", "r1"))
    with ledger.lock(ARCHIVE, who="tomasz", why="verify", run="r1", changing=False) as taken:
        assert taken.lock.scope == ARCHIVE


def test_ones_own_lock_stands_in_nobodys_own_way_and_can_be_prolonged(ledger: Ledger) -> None:
    reserved(ledger, "maeve")
    later = ledger.reserve(ARCHIVE, why="still", until=in_hours(9), run=by("maeve", "again"))
    assert ledger.reservations() == (later,)
    ledger.begin(by("maeve", "r1"))
    with ledger.lock(ARCHIVE, who="maeve", why="build", run="r1"):
        assert [lock.run for lock in ledger.locks()] == ["r1"]


def test_the_same_account_on_another_machine_is_another_person(ledger: Ledger) -> None:
    elsewhere(ledger, "root")
    with pytest.raises(Held):
        reserved(ledger, "root")


def test_a_lock_ends_by_itself(ledger: Ledger, clock: Clock) -> None:
    elsewhere(ledger)
    clock.now = in_hours(4)
    assert ledger.reservations() == ()
    ledger.begin(by("tomasz", "r1"))
    with ledger.lock(ARCHIVE, who="tomasz", why="build", run="r1"):
        pass
    reserved(ledger, "tomasz", hours=5)
    assert [one.who for one in ledger.reservations()] == ["tomasz"]


@pytest.mark.parametrize(("first", "second"), [("st-brigid", ARCHIVE), (ARCHIVE, "st-brigid")])
def test_nobody_locks_what_another_has_locked_or_works_on(ledger: Ledger, first: str, second: str) -> None:
    reserved(ledger, "maeve", first)
    with pytest.raises(Held, match=f"{first} is locked by maeve@"):
        reserved(ledger, "tomasz", second)
    assert [entry.id for entry in ledger.runs()] == ["act of maeve"], "what was refused leaves no run"
    ledger.unlock(first, run=by("maeve", "back"), named=None, why=None)
    ledger.begin(by("maeve", "r1"))
    with ledger.lock(first, who="maeve", why="build", run="r1"):
        with pytest.raises(Held, match="to build"):
            reserved(ledger, "tomasz", second)
        ledger.reserve(second, why="mine", until=in_hours(1), run=by("maeve", "mine"))


def test_ones_own_is_given_back_and_anothers_only_by_name_and_reason(ledger: Ledger) -> None:
    elsewhere(ledger)
    with pytest.raises(Locked, match="--held-by ines@adminbox2 --why") as caught:
        ledger.unlock(ARCHIVE, run=by("tomasz"), named=None, why=None)
    assert caught.value.exit_code == 4
    with pytest.raises(BadInput, match=r"it is not locked by ines but by ines@adminbox2; write that in full"):
        ledger.unlock(ARCHIVE, run=by("tomasz"), named="ines", why="agreed")
    assert len(ledger.reservations()) == 1
    ledger.unlock(ARCHIVE, run=by("tomasz", "freeing"), named="ines@adminbox2", why="agreed by telephone")
    assert ledger.reservations() == ()
    (told,) = ledger.events("freeing")
    assert told.host == "archive01"
    assert told.step == (
        f"lock on {ARCHIVE} of ines@adminbox2 (run theirs) removed by tomasz@{HERE}: agreed by telephone"
    )
    reserved(ledger, "maeve")
    ledger.unlock(ARCHIVE, run=by("maeve", "back"), named=None, why=None)
    assert ledger.reservations() == ()


def test_a_dead_processs_lock_is_freed_by_anybody_and_a_living_ones_only_by_name(ledger: Ledger) -> None:
    this = ProcessIdentity.of_this()
    for name, process in (("dead", this.model_copy(update={"started": 1})), ("alive", this)):
        ledger.begin(by("maeve", name))
        with ledger._database.write() as session:
            take(session, Lock(scope=ARCHIVE, who="maeve", why="build", run=name, since=Clock.now, process=process))
        if name == "alive":
            with pytest.raises(Locked, match="a run of yours that may still be at work"):
                ledger.unlock(ARCHIVE, run=by("maeve", "no"), named=None, why=None)
            ledger.unlock(ARCHIVE, run=by("maeve", "hung"), named=f"maeve@{HERE}", why="it hangs")
        else:
            assert [one.run for one in ledger.unlock(ARCHIVE, run=by("ines"), named=None, why=None)] == ["dead"]
        assert ledger.locks() == ()


def test_a_secret_in_a_reason_is_not_kept(ledger_url: str) -> None:
    with open_ledger(ledger_url, clean=lambda text: text.replace("hunter2", "***")) as ledger:
        until = datetime(2099, 1, 1, tzinfo=UTC)
        ledger.reserve(ARCHIVE, why="the password is hunter2", until=until, run=by("maeve"))
        assert ledger.reservations()[0].why == "the password is ***"
        assert "hunter2" not in str(ledger.events("act of maeve")) + str(ledger.runs())


def test_a_ledger_from_before_there_were_any_is_brought_up_to_date(ledger_url: str) -> None:
    """The migrations' own SQL, on both databases."""
    with open_ledger(ledger_url) as ledger:
        ledger.begin(by("maeve", "r1"))
        with ledger._database.write() as session:
            for statement in ("ALTER TABLE pacsmith_runs DROP COLUMN terms", "DROP TABLE pacsmith_reservations",
                              "ALTER TABLE pacsmith_host_states DROP COLUMN accepted",
                              "ALTER TABLE pacsmith_host_states DROP COLUMN drift",
                              "UPDATE pacsmith_schema SET version = 3"):  # fmt: skip
                session.execute(text(statement))
    for name in ("first", "again"):
        with open_ledger(ledger_url) as ledger:
            assert ledger.run("r1").terms is None
            until = datetime(2099, 6, 1, 4, 0, tzinfo=UTC)
            taken = ledger.reserve(ARCHIVE, why="new disks", until=until, run=by("maeve", name))
            assert ledger.reservations() == (taken,)
            assert ledger.reservations()[0].until == until
            ledger.begin(by("maeve", f"{name} build").model_copy(update={"terms": Terms(now="4711", at_once=2)}))
            assert ledger.run(f"{name} build").terms == Terms(now="4711", at_once=2)
