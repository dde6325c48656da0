"""The ledger on SQLite and PostgreSQL: nothing acknowledged is lost, nobody works beside somebody else."""

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import JsonValue

from builder.errors import BadInput, PacsmithError
from builder.ledger import Ledger, open_ledger
from builder.models.event import Event
from builder.models.evidence import Evidence
from tests.unit.ledger_child import child, line, run

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url, now=lambda: NOON) as opened:
        yield opened


def event(name: str, step: str = "a step") -> Event:
    return Event(
        run=name, at=NOON, host="archive01", role="archive", step=step, status="changed", changed=True, diff="+x"
    )


def evidence(name: str, subject: str) -> Evidence:
    return Evidence(
        kind="route", subject=subject, expected="stored", observed="stored", verdict="met", at=NOON,
        probe="dcmtk storescu on ct01", host="archive01", run=name, raw_sha256="0" * 64, seconds=0.25,
    )  # fmt: skip


def test_what_is_recorded_comes_back_as_it_was(ledger_url: str) -> None:
    with open_ledger(ledger_url) as first:
        begun = first.begin(run("r1").model_copy(update={"inputs": {"inventory/example/site.yml": "ab" * 32}}))
        events = tuple(event("r1", f"step {number}") for number in range(5))
        for item in events[:2]:
            first.record(item)
        first.record_all(events[2:])
        proofs = (evidence("r1", "ct01 -> archive01: store"), evidence("r1", "ct01 -> archive01: echo"))
        first.record_evidence(proofs)
        first.finish("r1", "accepted", "all met")
    with open_ledger(ledger_url) as second:
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


def test_every_text_is_cleaned_before_it_is_written(ledger_url: str) -> None:
    with open_ledger(ledger_url, clean=lambda text: text.replace("hunter2", "***")) as ledger:
        ledger.begin(run("r1"))
        ledger.record(event("r1").model_copy(update={"diff": "password = hunter2"}))
        ledger.record_evidence([evidence("r1", "x").model_copy(update={"observed": "got hunter2"})])
        ledger.set_host_state("st-brigid", "archive01", facts={"users": ["a", "hunter2"]})
        ledger.finish("r1", "failed", "hunter2 did not work")
    with open_ledger(ledger_url) as ledger:
        state = ledger.host_state("st-brigid", "archive01")
        written = f"{ledger.events('r1')} {ledger.evidence('r1')} {state} {ledger.run('r1')}"
    assert "hunter2" not in written
    assert written.count("***") == 4


def test_a_secret_that_reads_like_a_name_or_a_verdict_breaks_no_record(ledger_url: str) -> None:
    with open_ledger(
        ledger_url, clean=lambda text: re.sub("r1|met|archive01|changed|name", "[secret]", text)
    ) as ledger:
        ledger.begin(run("r1"))
        ledger.record(event("r1", "r1 changed"))
        ledger.record_evidence([evidence("r1", "met")])
        facts: dict[str, JsonValue] = {"os.name": {"name": "os.name", "value": "archive01", "command": "x"}}
        state = ledger.set_host_state("st-brigid", "archive01", facts=facts)
        assert (ledger.events("r1")[0].step, ledger.events("r1")[0].status) == ("[secret] [secret]", "changed")
        assert (ledger.evidence("r1")[0].subject, ledger.evidence("r1")[0].verdict) == ("[secret]", "met")
    assert state.facts == {"os.name": {"name": "os.name", "value": "[secret]", "command": "x"}}


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


def test_a_reading_for_drift_is_kept_until_the_host_is_accepted_anew(ledger: Ledger) -> None:
    ledger.begin(run("r1"))
    ledger.set_host_state("st-brigid", "archive01", accepted_run="r1", accepted={"facts": {"os.id": "debian"}})
    ledger.set_drift("st-brigid", {"archive01": {"at": "now"}, "nobody": {"at": "now"}})
    states = ledger.host_states("st-brigid", ["archive01", "nobody"])
    assert list(states) == ["archive01"], "a host that was never accepted has nothing to drift from"
    assert (states["archive01"].accepted, states["archive01"].drift) == ({"facts": {"os.id": "debian"}}, {"at": "now"})
    ledger.set_host_state("st-brigid", "archive01", facts={})
    assert ledger.host_states("st-brigid", ["archive01", "nobody"])["archive01"].drift == {"at": "now"}
    ledger.set_host_state("st-brigid", "archive01", accepted_run="r1", accepted={"facts": {}})
    assert ledger.host_states("st-brigid", ["archive01", "nobody"])["archive01"].drift is None
    assert ledger.host_states("elsewhere", ["archive01"]) == {}
    assert ledger.host_states("st-brigid", ["nobody"]) == {}, "only those that are asked for"


# bad days


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(ledger_url: str) -> None:
    writer = child("write", ledger_url, "killed")
    acknowledged = 0
    while acknowledged < 40:
        acknowledged = int(line(writer))
    writer.send_signal(signal.SIGKILL)
    assert writer.stdout is not None
    rest = writer.stdout.read().split()  # not communicate(): it would miss lines that were read ahead
    writer.wait()
    acknowledged = int(rest[-1]) if rest else acknowledged
    with open_ledger(ledger_url) as ledger:
        steps = [item.step for item in ledger.events("killed")]
        assert ledger.run("killed").outcome == "interrupted"
    assert len(steps) in (acknowledged, acknowledged + 1)  # one may have been committed and not yet acknowledged
    assert steps == [f"step {number}" for number in range(1, len(steps) + 1)]


def test_a_run_of_a_living_process_is_not_interrupted(ledger: Ledger, ledger_url: str) -> None:
    ledger.begin(run("r1"))
    with open_ledger(ledger_url) as second:
        assert second.run("r1").outcome == "running"


def test_several_may_create_the_ledger_at_once(ledger_url: str) -> None:
    writers = [child("count", ledger_url, f"writer{number}") for number in range(3)]
    assert [writer.communicate(timeout=60)[0].strip() for writer in writers] == ["counted"] * 3
