"""Locks on SQLite and PostgreSQL: nobody works beside somebody else, and the dead hold nothing."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from builder.errors import BadInput
from builder.ledger import Held, Ledger, Lock, ProcessIdentity, open_ledger
from builder.ledger.locking import take
from builder.models.event import Event
from tests.unit.ledger_child import child, line, run

HERE = os.uname().nodename
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url, now=lambda: NOON) as opened:
        yield opened


def test_a_held_lock_names_who_why_since_and_the_remedy(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    ledger.begin(run("r2"))
    with ledger.lock("st-brigid/archive01", who="maeve", why="build archive01", run="r1"):
        for host, step in (("archive01", "Load the firewall"), ("archive01", "Orthanc runs"), ("archive01", "")):
            ledger.record(Event(run="r1", at=NOON, host=host, step=step, status="started"))
        with (
            pytest.raises(Held) as caught,
            ledger.lock("st-brigid/archive01", who="tomasz", why="upgrade", run="r2"),
        ):
            pytest.fail("two held one lock")
        assert str(caught.value) == (
            f"st-brigid/archive01 is locked by maeve@{HERE} since Sat 2026-11-21 12:00 UTC to build archive01 "
            f"(run r1, process {os.getpid()} on {HERE}, at last: archive01: Orthanc runs (Sat 2026-11-21 12:00 UTC)); "
            "wait for it, or, once you know that nothing is at work there, free it with: pacsmith unlock archive01 "
            f"--held-by maeve@{HERE} --why '…'"
        )
        assert caught.value.exit_code == 4
    assert ledger.locks() == ()


def test_a_lock_is_given_back_when_the_block_fails(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    with pytest.raises(ZeroDivisionError), ledger.lock("st-brigid", who="m", why="w", run="r1"):
        raise ZeroDivisionError
    assert ledger.locks() == ()


@pytest.mark.parametrize(
    ("first", "second"), [("st-brigid", "st-brigid/archive01"), ("st-brigid/archive01", "st-brigid")]
)
def test_a_site_and_its_hosts_exclude_each_other_except_within_one_run(ledger: Ledger, first: str, second: str) -> None:
    ledger.begin(run("r1"))
    ledger.begin(run("r2"))
    with ledger.lock(first, who="m", why="w", run="r1"):
        with pytest.raises(Held), ledger.lock(second, who="t", why="w", run="r2"):
            pytest.fail("two held one host")
        with ledger.lock(second, who="m", why="w", run="r1"):
            assert [lock.scope for lock in ledger.locks()] == ["st-brigid", "st-brigid/archive01"]
        with ledger.lock("st-brigid-two", who="t", why="w", run="r2"):  # only a name's beginning in common
            pass


def test_of_several_processes_exactly_one_gets_the_lock(ledger_url: str) -> None:
    racers = [child("race", ledger_url, f"racer{number}") for number in range(4)]
    try:
        assert [line(racer) for racer in racers] == ["ready"] * 4
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        assert sorted(line(racer) for racer in racers) == ["lost", "lost", "lost", "won"]
    finally:
        for racer in racers:
            racer.communicate("done\n", timeout=30)
    with open_ledger(ledger_url) as ledger:
        assert ledger.locks() == ()


def test_what_a_lock_protects_is_never_done_by_two(ledger_url: str) -> None:
    open_ledger(ledger_url).close()
    counters = [child("count", ledger_url, f"counter{number}") for number in range(3)]
    assert [counter.communicate(timeout=60)[0].strip() for counter in counters] == ["counted"] * 3
    with open_ledger(ledger_url) as ledger:
        state = ledger.host_state("st-brigid", "archive01")
    assert state is not None
    assert state.facts == {"count": 60}


def test_a_killed_process_loses_its_lock_to_the_next_and_the_events_say_so(ledger_url: str) -> None:
    holder = child("hold", ledger_url, "killed")
    assert line(holder) == "held"
    with open_ledger(ledger_url) as ledger:
        ledger.begin(run("too early"))
        with pytest.raises(Held), ledger.lock("st-brigid", who="tomasz", why="verify", run="too early"):
            pytest.fail("the holder is alive")
        assert ledger.at_work() == {"killed"}
        holder.kill()
        # No wait() yet: an unburied process holds nothing either.
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
        assert ledger.at_work() == set()
        ledger.begin(run("next"))
        with ledger.lock("st-brigid", who="tomasz", why="verify", run="next") as taken:
            assert [old.run for old in taken.from_] == ["killed"]
            assert [lock.run for lock in ledger.locks()] == ["next"]
        (note,) = ledger.events("next")
        assert note.status == "note"
        assert "lock on st-brigid/archive01 taken over: maeve took it" in note.step
        assert f"process {holder.pid} on {os.uname().nodename} has ended" in note.step
        killed = ledger.run("killed")
        assert (killed.outcome, killed.note) == (
            "interrupted",
            f"process {holder.pid} on {os.uname().nodename} ended before the run did",
        )
    holder.communicate()


def test_another_machines_lock_stands_until_it_is_broken_by_name(ledger: Ledger) -> None:
    for name in ("theirs", "ours"):
        ledger.begin(run(name))
    elsewhere = ProcessIdentity.of_this().model_copy(update={"hostname": "adminbox2", "pid": 4_000_000})
    theirs = Lock(scope="st-brigid", who="ines", why="upgrade", run="theirs", since=NOON, process=elsewhere)
    with ledger._database.write() as session:
        take(session, theirs)
    with (
        pytest.raises(Held, match="process 4000000 on adminbox2"),
        ledger.lock("st-brigid", who="m", why="w", run="ours"),
    ):
        pytest.fail("taken over from another machine")
    freed = ledger.unlock("st-brigid", run=run("freeing"), named="ines@adminbox2", why="adminbox2 was scrapped")
    assert freed == (theirs,)
    assert ledger.locks() == ()
    assert (ledger.run("freeing").outcome, ledger.run("freeing").note) == ("done", "adminbox2 was scrapped")
    assert f"removed by maeve@{HERE}: adminbox2 was scrapped" in ledger.events("freeing")[0].step


def test_freeing_what_is_not_locked_says_so(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="st-brigid: nothing is locked there"):
        ledger.unlock("st-brigid", run=run("freeing"), named=None, why=None)
    assert ledger.runs() == ()


def test_the_holder_of_a_broken_lock_does_not_give_back_the_next_ones(ledger: Ledger) -> None:
    for name in ("first", "second"):
        ledger.begin(run(name))
    first = ledger.lock("st-brigid", who="m", why="w", run="first")
    first.__enter__()
    ledger.unlock("st-brigid", run=run("freeing"), named=f"m@{HERE}", why="hung")
    with ledger.lock("st-brigid", who="t", why="w", run="second"):
        first.__exit__(None, None, None)
        assert [lock.run for lock in ledger.locks()] == ["second"]


@pytest.mark.parametrize(
    ("difference", "gone"),
    [
        ({}, False),
        ({"started": 1}, True),  # the number was given to another process since
        ({"pid": 4_000_000}, True),
        ({"boot": "before the reboot"}, True),
        ({"hostname": "elsewhere", "pid": 4_000_000}, False),
        ({"machine": "another with our host name", "boot": "its own"}, False),
        ({"namespace": "pid:[1]", "pid": 4_000_000}, False),  # a container's numbers are not ours
    ],
)
def test_a_process_is_gone_only_when_that_is_certain(difference: dict[str, object], gone: bool) -> None:
    this = ProcessIdentity.of_this()
    assert this.model_copy(update=difference).gone(seen_from=this) is gone
