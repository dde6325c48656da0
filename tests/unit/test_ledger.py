"""The ledger on SQLite and PostgreSQL: nothing acknowledged is lost, nobody works beside somebody else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from builder.errors import BadInput, PacsmithError
from builder.ledger import Held, Ledger, Lock, ProcessIdentity, open_ledger
from builder.ledger.locking import take
from builder.models.event import Event
from builder.models.evidence import Evidence
from tests.unit.ledger_child import run
from tests.unit.ledger_cluster import Cluster

REPOSITORY = Path(__file__).parents[2]
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    private = Cluster()
    yield private
    private.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/ledger.db"
    private: Cluster = request.getfixturevalue("cluster")
    return private.new_database()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url, now=lambda: NOON) as opened:
        yield opened


def child(what: str, url: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.ledger_child", what, url, name],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def event(name: str, step: str = "a step") -> Event:
    return Event(
        run=name, at=NOON, host="archive01", role="archive", step=step, status="changed", changed=True, diff="+x"
    )


def evidence(name: str, subject: str) -> Evidence:
    return Evidence(
        kind="route", subject=subject, expected="stored", observed="stored", verdict="met", at=NOON,
        probe="dcmtk storescu on ct01", host="archive01", run=name, raw_sha256="0" * 64, seconds=0.25,
    )  # fmt: skip


def test_what_is_recorded_comes_back_as_it_was(url: str) -> None:
    with open_ledger(url) as first:
        begun = first.begin(run("r1").model_copy(update={"inputs": {"inventory/example/site.yml": "ab" * 32}}))
        events = tuple(event("r1", f"step {number}") for number in range(5))
        for item in events[:2]:
            first.record(item)
        first.record_all(events[2:])
        proofs = (evidence("r1", "ct01 -> archive01: store"), evidence("r1", "ct01 -> archive01: echo"))
        first.record_evidence(proofs)
        first.finish("r1", "accepted", "all met")
    with open_ledger(url) as second:
        again = second.run("r1")
        assert again == begun.model_copy(update={"outcome": "accepted", "note": "all met", "finished": again.finished})
        assert again.finished is not None and again.finished >= begun.started
        assert second.events("r1") == events
        assert second.evidence("r1") == proofs


def test_a_time_comes_back_as_the_same_moment(ledger: Ledger) -> None:
    in_dublin_summer = datetime(2026, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    ledger.begin(run("r1").model_copy(update={"started": in_dublin_summer}))
    assert ledger.run("r1").started == in_dublin_summer
    assert ledger.run("r1").started.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(PacsmithError):
        ledger.begin(run("r1").model_copy(update={"started": datetime(2026, 7, 1, 9, 30)}))
    assert ledger.runs() == ()


def test_raw_bytes_in_an_observation_do_not_stop_the_ledger(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    ledger.record(event("r1").model_copy(update={"error": "half\0way \ud83d äß €"}))
    assert ledger.events("r1")[0].error == "half␀way ? äß €"


def test_every_text_is_cleaned_before_it_is_written(url: str) -> None:
    with open_ledger(url, clean=lambda text: text.replace("hunter2", "***")) as ledger:
        ledger.begin(run("r1"))
        ledger.record(event("r1").model_copy(update={"diff": "password = hunter2"}))
        ledger.record_evidence([evidence("r1", "x").model_copy(update={"observed": "got hunter2"})])
        ledger.set_host_state("st-brigid", "archive01", facts={"users": ["a", "hunter2"]})
        ledger.finish("r1", "failed", "hunter2 did not work")
    with open_ledger(url) as ledger:
        state = ledger.host_state("st-brigid", "archive01")
        written = f"{ledger.events('r1')} {ledger.evidence('r1')} {state} {ledger.run('r1')}"
    assert "hunter2" not in written
    assert written.count("***") == 4


def test_an_event_of_an_unknown_run_is_refused(ledger: Ledger) -> None:
    with pytest.raises(PacsmithError):
        ledger.record(event("never begun"))
    assert ledger.events("never begun") == ()


def test_a_run_begins_once(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    with pytest.raises(BadInput, match="run r1: the ledger has it already"):
        ledger.begin(run("r1"))


def test_runs_are_listed_newest_first_and_by_what_is_asked(ledger: Ledger) -> None:
    for number in range(4):
        ledger.begin(run(f"r{number}").model_copy(update={"started": NOON + timedelta(minutes=number)}))
    ledger.begin(run("other").model_copy(update={"site": "elsewhere", "hosts": ("pacs",), "started": NOON}))
    ledger.finish("r2", "accepted")
    assert [found.id for found in ledger.runs(site="st-brigid")] == ["r3", "r2", "r1", "r0"]
    assert [found.id for found in ledger.runs(site="st-brigid", limit=2)] == ["r3", "r2"]
    assert [found.id for found in ledger.runs(host="pacs", limit=1)] == ["other"]
    assert [found.id for found in ledger.runs(outcomes=["accepted"])] == ["r2"]
    assert ledger.runs(verbs=["verify"]) == ()


def test_host_state_keeps_what_is_not_given(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    assert ledger.host_state("st-brigid", "archive01") is None
    ledger.set_host_state("st-brigid", "archive01", accepted_run="r1", variables_digest="ab")
    ledger.set_host_state("st-brigid", "archive01", facts={"memory.total": {"value": 16, "unit": "GiB"}})
    state = ledger.host_state("st-brigid", "archive01")
    assert state is not None
    assert (state.accepted_run, state.variables_digest, state.updated) == ("r1", "ab", NOON)
    assert state.facts == {"memory.total": {"value": 16, "unit": "GiB"}}
    assert ledger.host_state("elsewhere", "archive01") is None


# locks


def test_a_held_lock_names_who_why_since_and_the_remedy(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    ledger.begin(run("r2"))
    with ledger.lock("st-brigid/archive01", who="maeve", why="build archive01", run="r1"):
        with (
            pytest.raises(Held) as caught,
            ledger.lock("st-brigid/archive01", who="tomasz", why="upgrade", run="r2"),
        ):
            pytest.fail("two held one lock")
        assert str(caught.value) == (
            "st-brigid/archive01 is locked by maeve since 2026-11-21 12:00 UTC to build archive01 "
            f"(run r1, process {os.getpid()} on {os.uname().nodename}); wait for it, or, once you know that nothing is "
            "at work there, free it with: pacsmith locks --break st-brigid/archive01 --reason '…'"
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


def test_of_several_processes_exactly_one_gets_the_lock(url: str) -> None:
    racers = [child("race", url, f"racer{number}") for number in range(4)]
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
    with open_ledger(url) as ledger:
        assert ledger.locks() == ()


def test_what_a_lock_protects_is_never_done_by_two(url: str) -> None:
    open_ledger(url).close()
    counters = [child("count", url, f"counter{number}") for number in range(3)]
    assert [counter.communicate(timeout=60)[0].strip() for counter in counters] == ["counted"] * 3
    with open_ledger(url) as ledger:
        state = ledger.host_state("st-brigid", "archive01")
    assert state is not None
    assert state.facts == {"count": 60}


def test_a_killed_process_loses_its_lock_to_the_next_and_the_events_say_so(url: str) -> None:
    holder = child("hold", url, "killed")
    assert line(holder) == "held"
    with open_ledger(url) as ledger:
        ledger.begin(run("too early"))
        with pytest.raises(Held), ledger.lock("st-brigid", who="tomasz", why="verify", run="too early"):
            pytest.fail("the holder is alive")
        holder.kill()
        # No wait() yet: an unburied process holds nothing either.
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
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
    broken = ledger.break_lock("st-brigid", run=run("breaking"), reason="adminbox2 was scrapped")
    assert broken == theirs
    assert ledger.locks() == ()
    assert (ledger.run("breaking").outcome, ledger.run("breaking").note) == ("done", "adminbox2 was scrapped")
    assert "broken by maeve: adminbox2 was scrapped" in ledger.events("breaking")[0].step


def test_breaking_what_is_not_locked_says_so(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="st-brigid: nothing is locked there"):
        ledger.break_lock("st-brigid", run=run("breaking"), reason="because")
    assert ledger.runs() == ()


def test_the_holder_of_a_broken_lock_does_not_give_back_the_next_ones(ledger: Ledger) -> None:
    for name in ("first", "second"):
        ledger.begin(run(name))
    first = ledger.lock("st-brigid", who="m", why="w", run="first")
    first.__enter__()
    ledger.break_lock("st-brigid", run=run("breaking"), reason="hung")
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


# bad days


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(url: str) -> None:
    writer = child("write", url, "killed")
    acknowledged = 0
    while acknowledged < 40:
        acknowledged = int(line(writer))
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].split()
    acknowledged = int(rest[-1]) if rest else acknowledged
    with open_ledger(url) as ledger:
        steps = [item.step for item in ledger.events("killed")]
        assert ledger.run("killed").outcome == "interrupted"
    assert len(steps) in (acknowledged, acknowledged + 1)  # one may have been committed and not yet acknowledged
    assert steps == [f"step {number}" for number in range(1, len(steps) + 1)]


def test_an_interrupted_run_can_be_resumed_and_no_other(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    with pytest.raises(BadInput, match="run r1: it is running; only an interrupted run can be resumed"):
        ledger.resume("r1")
    ledger.finish("r1", "interrupted")
    assert ledger.resume("r1").outcome == "running"
    assert ledger.run("r1").finished is None


def test_a_run_of_a_living_process_is_not_interrupted(ledger: Ledger, url: str) -> None:
    ledger.begin(run("r1"))
    with open_ledger(url) as second:
        assert second.run("r1").outcome == "running"


def test_several_may_create_the_ledger_at_once(url: str) -> None:
    writers = [child("count", url, f"writer{number}") for number in range(3)]
    assert [writer.communicate(timeout=60)[0].strip() for writer in writers] == ["counted"] * 3
