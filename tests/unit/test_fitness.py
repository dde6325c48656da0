"""A build refuses a host that is short of a minimum which no build can mend, before it changes anything."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from builder.errors import Refused
from builder.inventory import build_inventory
from builder.workflows import build as building
from builder.workflows.course import Course
from builder.workflows.fitness import refuse_short, unmendable
from builder.workflows.recording import recorded
from builder.workflows.survey import HostFacts
from tests.unit.held_sample import SHEETS, seen, station_data
from tests.unit.sheet_parts import TODAY, Value, facts_of, finding_of, sheet_of
from tests.unit.site_parts import host, site_of

MEMORY = '{fact: memory.total, minimum: ">= 16 GiB", recommended: ">= 32 GiB"}'


def read(values: dict[str, Value], fault: str | None = None, **changes: Any) -> HostFacts:
    thing = {"product": {"id": "thing", "version": "1"}}
    (machine,) = build_inventory(site_of([host(1, **thing, **changes)]), roles=False).machines
    return HostFacts(machine, facts_of(values), fault)


def refused(*hosts: HostFacts, line: str = MEMORY) -> str | None:
    try:
        refuse_short(hosts, [sheet_of(line)], TODAY)
    except Refused as why:
        return str(why)
    return None


def test_the_line_that_is_short_is_named_with_its_source_and_the_way_out() -> None:
    assert refused(read({"memory.total": "8 GiB"})) == (
        "nothing was built or changed: arc1: thing line0: Main memory: 8 GiB; asked is >= 16 GiB "
        "(Guide @ 3, section 1); mend it, or let the site file's waivers of the host say by whom, why and until when "
        "it is accepted"
    )
    assert Refused.exit_code == 1


def waiver(until: str) -> dict[str, Any]:
    return {"waivers": [{"requirement": "line0", "reason": "modules ordered", "owner": "M. Kilbride", "until": until}]}


def test_a_waiver_lets_it_pass_until_its_last_day() -> None:
    assert refused(read({"memory.total": "8 GiB"}, **waiver(TODAY.isoformat()))) is None
    told = refused(read({"memory.total": "8 GiB"}, **waiver("2026-11-21")))
    assert told is not None
    assert "The waiver by M. Kilbride expired on 2026-11-21 (Guide @ 3, section 1)" in told


@pytest.mark.parametrize(
    "values",
    [{"memory.total": "16 GiB"}, {"memory.total": "unread"}, {}],
)
def test_what_is_met_or_not_known_is_no_refusal(values: dict[str, Value]) -> None:
    assert refused(read(values)) is None


def test_a_host_that_was_not_read_is_told_by_the_build_itself() -> None:
    assert refused(read({}, "arc1: no answer")) is None


@pytest.mark.parametrize(
    ("line", "values", "stops"),
    [
        ('{fact: package.orthanc, minimum: ">= 1.12"}', {"package.orthanc": "absent"}, False),
        ("{fact: orthanc.config.SaveJobs, is: true}", {"orthanc.config.SaveJobs": False}, False),
        ("{fact: disk.storage.encrypted, is: true}", {"disk.storage.encrypted": False}, False),
        ("{fact: os.id, is: debian}", {"os.id": "rhel"}, True),
        ('{all_of: [{fact: memory.total, minimum: ">= 8 GiB"}, {fact: package.orthanc, minimum: ">= 1"}]}',
         {"memory.total": "4 GiB", "package.orthanc": "absent"}, True),
        ('{any_of: [{fact: memory.total, minimum: ">= 8 GiB"}, {fact: package.orthanc, minimum: ">= 1"}]}',
         {"memory.total": "4 GiB", "package.orthanc": "absent"}, False),
        ('{fact: memory.total, minimum: ">= 8 GiB", level: recommended}', {"memory.total": "4 GiB"}, False),
    ],
)  # fmt: skip
def test_only_what_a_build_cannot_mend_stops_it(line: str, values: dict[str, Value], stops: bool) -> None:
    assert unmendable(finding_of(line, values)) is stops


class Kept:
    """A session as far as a build that is refused goes: nothing of it may be touched but its ledger's end."""

    def __init__(self, one: HostFacts) -> None:
        self.machines = (one.machine,)
        self.sheets = (sheet_of(MEMORY),)
        self.today: date = TODAY
        self.ledger = self
        self.recordings = None
        self.folder = Path("nowhere")
        self.run = SimpleNamespace(terms=None)

    def close(self) -> None:
        pass


def test_nothing_is_touched_before_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    one = read({"memory.total": "8 GiB"})
    done: list[str] = []

    @contextmanager
    def pretended(_session: object, *, locked: bool) -> Iterator[None]:
        done.append(f"locked: {locked}")
        yield

    monkeypatch.setattr(building, "recorded", pretended)
    monkeypatch.setattr(building, "held_on_hosts", lambda *_, **__: nullcontext())
    monkeypatch.setattr(building, "refuse_crowded", lambda _session, _waves: None)
    monkeypatch.setattr(building, "closed_now", lambda _session, _machines: ())
    monkeypatch.setattr(building, "survey_hosts", lambda _machines, _recordings: (one,))
    monkeypatch.setattr(building, "materials_for", lambda _session: done.append("materials"))
    with pytest.raises(Refused, match="arc1: thing line0"):
        building.build(Course(Kept(one), (), 0), building.Show(phase=done.append))  # type: ignore[arg-type]
    assert done == ["locked: True", "minimum requirements"]


class Book:
    """A ledger that keeps how a run ended."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str, str | None]] = []

    def begin(self, _run: object) -> None:
        pass

    def finish(self, run: str, outcome: str, note: str | None) -> None:
        self.ended.append((run, outcome, note))


def test_the_run_is_kept_as_refused_with_its_reason() -> None:
    book = Book()
    session = SimpleNamespace(ledger=book, run=SimpleNamespace(id="r1"), machines=())
    with pytest.raises(Refused), recorded(session, locked=True):  # type: ignore[arg-type]
        raise Refused("nothing was built or changed: arc1 is too small")
    assert book.ended == [("r1", "refused", "nothing was built or changed: arc1 is too small")]


MENDABLE, LASTING = '{fact: package.orthanc, minimum: ">= 1"}', '{fact: memory.total, minimum: ">= 8 GiB"}'
ALSO_LASTING = '{fact: cpu.cores, minimum: ">= 8 cores"}'


@pytest.mark.parametrize(
    ("line", "stops"),
    [
        # What must be had in any case is not excused by a choice beside it.
        (f"{{all_of: [{LASTING}, {{any_of: [{MENDABLE}, {ALSO_LASTING}]}}]}}", True),
        (f"{{all_of: [{MENDABLE}, {{any_of: [{MENDABLE}, {ALSO_LASTING}]}}]}}", False),
        # Each way wants a part that no build brings, whatever else it wants.
        (f"{{any_of: [{{all_of: [{LASTING}, {MENDABLE}]}}, {ALSO_LASTING}]}}", True),
        (f"{{any_of: [{{all_of: [{LASTING}, {MENDABLE}]}}, {MENDABLE}]}}", False),
        # One of two choices is lost, the other is not.
        (f"{{all_of: [{{any_of: [{LASTING}, {ALSO_LASTING}]}}, {{any_of: [{LASTING}, {MENDABLE}]}}]}}", True),
        # A choice within a choice is more ways.
        (f"{{any_of: [{{any_of: [{LASTING}, {MENDABLE}]}}, {ALSO_LASTING}]}}", False),
    ],
)
def test_a_choice_is_lost_when_every_way_is(line: str, stops: bool) -> None:
    values: dict[str, Value] = {"memory.total": "4 GiB", "package.orthanc": "absent", "cpu.cores": "4 cores"}
    assert unmendable(finding_of(line, values)) is stops


def test_a_display_that_is_too_small_for_its_standard_stops_a_build_and_can_be_waived() -> None:
    """Its greys do not: they are calibrated after the build, and the verification asks for them."""
    display = {"name": "left", "maker": "ENC", "product": "2651", "serial": "27700017", "mode": "1920x1920",
               "primary": True, "standard": "ranzcr", "class": "diagnostic"}  # fmt: skip
    facts = seen(DP1={"megapixels": 1.92})

    def station_read(**more: Any) -> HostFacts:
        (machine,) = build_inventory(site_of([station_data(display, **more)]), roles=False).machines
        return HostFacts(machine, facts)

    with pytest.raises(Refused, match=r"read02: display-ranzcr left-diagnostic-pixels: Megapixels: 1\.92 MP; asked"):
        refuse_short([station_read()], SHEETS, TODAY)
    waived = {"requirement": "left-diagnostic-pixels", "reason": "ordered", "owner": "Dr Falk", "until": "2027-01-31"}
    refuse_short([station_read(waivers=[waived])], SHEETS, TODAY)
