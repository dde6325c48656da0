"""A build in waves, against hosts that are only played: what begins, what is held back, what a resumed build does."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from builder.cli.notes import tell_at_work, tell_resumed, tell_waves
from builder.engines.job import JobResult
from builder.errors import BadInput, Locked, Refused
from builder.inventory import Machine, build_inventory
from builder.lab.lab import Lab
from builder.ledger import Ledger, open_ledger
from builder.models.event import Event
from builder.models.evidence import Evidence, Verdict
from builder.models.plan import PlannedStep
from builder.models.run import Run, Terms
from builder.models.site import Site
from builder.probes.matrix import questions
from builder.secrets import SecretStore
from builder.secrets.redact import Redactor
from builder.workflows import build as building
from builder.workflows import hours, session, wave
from builder.workflows.build import BuildResult, Show, build
from builder.workflows.course import course_of
from builder.workflows.session import Session
from builder.workflows.survey import HostFacts
from builder.workflows.verify import Verified, _postponed, failures
from tests.unit.plan_sample import plan_sample, planned_host
from tests.unit.site_parts import ROLE, host, site_of, with_roles

OPEN = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # Sunday night
PEAK = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CALENDAR: dict[str, Any] = {
    "windows": [{"name": "sunday-night", "days": ["sun"], "start": "22:00", "end": "04:00"}],
    "peak_hours": [{"days": ["mon"], "start": "07:30", "end": "18:00", "reason": "reading rooms"}],
}


class Free:
    """No host is locked by anybody."""

    def hold(self, machines: Sequence[Machine], *, whole: bool) -> None:
        assert machines and whole


class NoSecrets:
    """A vault with nothing to keep out of texts."""

    def redactor(self) -> Redactor:
        return Redactor(())


class Power(BaseException):
    """The plug is pulled: nothing of ours runs any more."""


@dataclass
class Hospital:
    """Hosts that are only played. `broken` do not converge, `short` do not pass, at `cut` the plug is pulled; on those
    of `moved` a step changes something."""

    ledger: Ledger
    moment: datetime = OPEN
    broken: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    away: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    cut: str = ""
    seen: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    later: Callable[[], None] = lambda: None
    spared: list[list[str]] = field(default_factory=list)
    number: int = 0

    def site(self, **more: Any) -> Site:
        hosts = [host(number, stage="production") for number in (1, 2)]
        station = {"class": "workstation", "archive": None, "stage": "production", "location": "Reading room"}
        hosts += [host(number, **station) for number in (3, 4)]
        return site_of(hosts, **(CALENDAR | more))

    def session(self, site: Site | None = None, hosts: Sequence[str] = ()) -> Session:
        """A build of these hosts, or of all, as the command opens it."""
        self.number += 1
        inventory = build_inventory(site or self.site())
        machines = tuple(one for one in inventory.machines if not hosts or one.host.name in hosts)
        run = Run(
            id=f"r{self.number}", verb="build", site="g-site", hosts=tuple(one.host.name for one in machines),
            who="maeve",
            started=self.moment + timedelta(seconds=self.number), tool_version="0",
            inputs={"roles/archive": "a", "roles/baseline": "b", "roles/workstation": "w"},
        )  # fmt: skip
        return Session(
            inventory.site, (), inventory, machines, cast(SecretStore, None), self.ledger, run, date(2026, 11, 22)
        )

    def build(self, session: Session | None = None, *, resume: bool = False, **terms: Any) -> BuildResult:
        self.seen.clear()
        self.spared.clear()
        return build(course_of(session or self.session(), Terms(**terms), resume=resume), Show())

    def converge(self, parts: Sequence[tuple[str, ...]], _: object, hear: Callable[[Event], None]) -> JobResult:
        names = cast(tuple[str, ...], parts)
        self.seen.append(("converge", names))
        self.later()
        if self.cut in names:
            raise Power
        for name in sorted(self.moved & set(names)):
            hear(Event(run=f"r{self.number}", at=OPEN, host=name, role="archive", step="Place", status="changed"))
        failed = tuple(name for name in names if name in self.broken)
        reasons = tuple(f"{name} | archive: no" for name in failed)
        return JobResult(ok=not failed, changed=dict.fromkeys(names, 1), failed=failed, reasons=reasons)

    def verify(self, part: Session, **more: Any) -> Verified:
        names = tuple(machine.host.name for machine in part.machines)
        self.seen.append(("verify", names))
        self.spared.append(sorted(more.get("later", ())))
        wrong = self.short | self.away
        evidence = tuple(self.proof(part.run.id, name, "short" if name in wrong else "met") for name in names)
        return Verified(evidence, unreachable=bool(self.away & set(names)))

    @staticmethod
    def proof(run: str, name: str, verdict: Verdict) -> Evidence:
        return Evidence(kind="check", subject=f"{name}: works", expected="e", observed="o", verdict=verdict, at=OPEN,
                        probe="p", host=name, run=run)  # fmt: skip

    def notes(self, run: str) -> list[str]:
        return [": ".join(filter(None, (event.host, event.step))) for event in self.ledger.events(run)]


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    """Everything that touches hosts is played; the ledger, the waves, the calendar and the journal are real."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACSMITH_LAB_DIR", str(tmp_path / "no-lab"))
    with_roles(tmp_path, {"workstation": ROLE})
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        played = Hospital(ledger)
        for module in (session, building, hours):
            monkeypatch.setattr(module, "now", lambda: played.moment)

        def names_of(machines: Sequence[Machine], *_: object, **_more: object) -> tuple[str, ...]:
            return tuple(machine.host.name for machine in machines)

        monkeypatch.setattr(wave, "parts_of", names_of)
        monkeypatch.setattr(wave, "run_parts", played.converge)
        monkeypatch.setattr(wave, "reboot_where_needed", lambda *_: {})
        monkeypatch.setattr(building, "held_on_hosts", lambda *_, **__: nullcontext(Free()))
        monkeypatch.setattr(building, "verify", played.verify)
        monkeypatch.setattr(building, "survey_hosts", lambda _machines, _recordings: ())
        monkeypatch.setattr(building, "materials_for", lambda _: {})
        monkeypatch.setattr(building, "write_documents", lambda _: {})
        monkeypatch.setattr(Ledger, "close", lambda _: None)  # one ledger for all builds of a test
        yield played


ALL = ("arc1", "arc2", "arc3", "arc4")


def test_wave_after_wave_and_at_last_everything_together(hospital: Hospital) -> None:
    result = hospital.build()
    assert result.outcome == "accepted"
    assert hospital.seen == [
        ("converge", ("arc1", "arc3")), ("verify", ("arc1", "arc3")),
        ("converge", ("arc2", "arc4")), ("verify", ("arc2", "arc4")), ("verify", ALL),
    ]  # fmt: skip
    assert hospital.spared == [["arc2", "arc4"], [], []], "nobody asks a host that is not built yet"
    assert hospital.notes("r1") == [
        "wave 1 of 2 (arc1, arc3) begins", "wave 1 of 2 (arc1, arc3) is accepted",
        "wave 2 of 2 (arc2, arc4) begins", "wave 2 of 2 (arc2, arc4) is accepted",
    ]  # fmt: skip
    assert [item.host for item in result.proven.evidence] == ["arc1", "arc3", "arc2", "arc4"], "each answer once"
    assert hospital.ledger.run("r1").outcome == "accepted"


def test_a_plan_tells_the_waves(hospital: Hospital, capsys: pytest.CaptureFixture[str]) -> None:
    tell_waves(hospital.session(hosts=("arc1", "arc3")))
    assert capsys.readouterr().err == ""
    tell_waves(hospital.session())
    assert capsys.readouterr().err == "note: a build changes these hosts in 2 waves (1: arc1, arc3; 2: arc2, arc4)\n"


@pytest.mark.parametrize(("verb", "told"), [("build", True), ("verify", False)])
def test_a_plan_tells_who_is_at_work_there(
    hospital: Hospital, capsys: pytest.CaptureFixture[str], verb: str, told: bool
) -> None:
    theirs = hospital.session(hosts=("arc2",)).run
    hospital.ledger.begin(theirs)
    with hospital.ledger.lock("g-site/arc2", who="ines", why=verb, run=theirs.id):
        tell_at_work(hospital.session())
    said = capsys.readouterr().err
    assert said.startswith("note: ines@") is told
    assert (" is at work on arc2 since " in said, said.count("\n")) == (told, int(told))


def test_one_wave_is_verified_once_and_not_spoken_of(hospital: Hospital) -> None:
    assert hospital.build(hospital.session(hosts=("arc1", "arc3"))).outcome == "accepted"
    assert hospital.seen == [("converge", ("arc1", "arc3")), ("verify", ("arc1", "arc3"))]
    assert hospital.notes("r1") == []


def test_a_question_to_a_host_of_a_later_wave_is_listed_and_stands_against_nobody(hospital: Hospital) -> None:
    route = [{"from": "arc1", "to": "arc2", "may": ["echo"]}]
    asked = {
        question.subject: question for question in questions(hospital.site(routes=route), frozenset(("arc1", "arc3")))
    }
    waits = _postponed(asked["arc1 -> arc2: echo"], ["arc2", "arc4"], "r1")
    assert (waits.verdict, waits.host) == ("unknown", "arc1")
    assert waits.attest == "nobody yet: pacsmith verifies both ends together once arc2 is built"
    assert failures([waits]) == ()


@pytest.mark.parametrize("way", ["broken", "short"])
def test_a_host_that_fails_stops_what_hangs_on_it_and_not_the_others(hospital: Hospital, way: str) -> None:
    getattr(hospital, way).add("arc1")
    result = hospital.build()
    assert hospital.seen[-2:] == [("converge", ("arc4",)), ("verify", ("arc4",))]
    assert result.outcome == "failed"
    assert result.held == {"arc2": "arc1, which serves together with it, was not accepted"}
    assert hospital.notes("r1")[1:3] == [
        "wave 1 of 2 (arc1, arc3) is not accepted, because of arc1",
        "arc2: not begun: arc1, which serves together with it, was not accepted",
    ]
    states = {name: hospital.ledger.host_state("g-site", name) for name in ALL}
    assert [name for name, state in states.items() if state and state.accepted_run] == ["arc3", "arc4"]
    assert hospital.ledger.run("r1").note == (
        "a step failed or a host could not be reached" if way == "broken" else
        "verification found something short or unknown"
    )  # fmt: skip


def test_a_departure_from_the_plan_in_the_second_wave_fails_that_host_alone(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    for check in ("refuse_other_inputs", "refuse_other_world"):
        monkeypatch.setattr(building, check, lambda plan, *_: plan)  # all was as planned when the build began
    idle = PlannedStep(role="archive", step="Place", changes=False)
    plan = plan_sample(*(planned_host(name, idle) for name in ALL))
    planned = replace(hospital.session(), store=cast(SecretStore, NoSecrets()))
    hospital.moved.add("arc4")
    result = build(course_of(planned, Terms()), Show(), plan)
    departed = "not what the plan says: arc4: archive: Place: has changed something, and the plan saw nothing to do"
    assert (result.outcome, result.job.failed, result.job.reasons) == ("failed", ("arc4",), (departed,))
    assert hospital.seen[-2:] == [("converge", ("arc2", "arc4")), ("verify", ("arc2",))]
    assert "wave 2 of 2 (arc2, arc4) is not accepted, because of arc4" in hospital.notes("r1")
    states = {name: hospital.ledger.host_state("g-site", name) for name in ALL}
    assert [name for name, state in states.items() if state and state.accepted_run] == ["arc1", "arc2", "arc3"]
    assert hospital.ledger.run("r1").note == departed


@pytest.mark.parametrize(("off", "begun"), [({"arc3"}, True), (set(), False)])
def test_a_station_that_was_switched_off_does_not_hold_back_the_stations_of_other_rooms(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, off: set[str], begun: bool
) -> None:
    def read(machines: Sequence[Machine], _: object) -> tuple[HostFacts, ...]:
        return tuple(HostFacts(one, {}, "no answer" if one.host.name in off else None) for one in machines)

    def converge(parts: Sequence[tuple[str, ...]], *_: object) -> JobResult:
        names = cast(tuple[str, ...], parts)
        hospital.seen.append(("converge", names))
        lost = tuple(name for name in names if name == "arc3")
        return JobResult(ok=not lost, changed=dict.fromkeys(names, 0), unreachable=lost, reasons=lost)

    monkeypatch.setattr(building, "survey_hosts", read)
    monkeypatch.setattr(wave, "run_parts", converge)
    station = {"class": "workstation", "archive": None, "stage": "production"}
    rooms = [host(number, **station, location=f"Room {number}") for number in (3, 4)]
    result = hospital.build(hospital.session(site_of(rooms, **CALENDAR)), at_once=1)
    assert (("converge", ("arc4",)) in hospital.seen) is begun, "one that was lost on the way may be its roles' doing"
    assert (result.outcome, list(result.held)) == ("failed", [] if begun else ["arc4"])


def test_a_resumed_build_verifies_what_was_done_and_does_the_rest(hospital: Hospital) -> None:
    hospital.cut = "arc2"
    with pytest.raises(Power):
        hospital.build()
    hospital.ledger.finish("r1", "interrupted")
    hospital.cut = ""
    result = hospital.build(resume=True)
    assert hospital.seen == [
        ("verify", ("arc1", "arc3")), ("converge", ("arc2", "arc4")), ("verify", ("arc2", "arc4")), ("verify", ALL),
    ]  # fmt: skip
    assert result.outcome == "accepted"
    assert hospital.spared == [["arc2", "arc4"], [], []]
    assert hospital.ledger.run("r2").terms == Terms(resumes="r1")
    assert hospital.notes("r2")[0] == (
        "arc1: accepted by the run that this one goes on with; it is verified again and left as it is"
    )


def test_what_no_longer_holds_is_built_again(hospital: Hospital) -> None:
    hospital.cut = "arc2"
    with pytest.raises(Power):
        hospital.build()
    hospital.ledger.finish("r1", "interrupted")
    hospital.cut, hospital.short = "", {"arc3"}
    hospital.later = hospital.short.clear  # converging mends it
    result = hospital.build(resume=True)
    assert hospital.seen == [
        ("verify", ("arc1", "arc3")), ("converge", ("arc3",)), ("verify", ("arc3",)),
        ("converge", ("arc2", "arc4")), ("verify", ("arc2", "arc4")), ("verify", ALL),
    ]  # fmt: skip
    assert result.outcome == "accepted"


def test_a_host_whose_site_file_or_role_changed_meanwhile_is_not_done(hospital: Hospital) -> None:
    hospital.cut = "arc2"
    with pytest.raises(Power):
        hospital.build()
    hospital.ledger.finish("r1", "interrupted")
    hospital.cut = ""
    again = hospital.session()
    again.run.inputs["roles/workstation"] = "changed"
    hospital.build(again, resume=True)
    assert hospital.seen[:2] == [("verify", ("arc1",)), ("converge", ("arc3",))]


def test_a_resumed_build_can_be_resumed(hospital: Hospital) -> None:
    for cut in ("arc2", "arc2"):
        hospital.cut = cut
        with pytest.raises(Power):
            hospital.build(resume=hospital.number > 0)
        hospital.ledger.finish(f"r{hospital.number}", "interrupted")
    hospital.cut = ""
    hospital.build(resume=True)
    assert hospital.seen[:2] == [("verify", ("arc1", "arc3")), ("converge", ("arc2", "arc4"))]
    assert hospital.ledger.run("r3").terms == Terms(resumes="r2")


def test_a_build_cut_off_when_all_was_done_is_only_verified(hospital: Hospital) -> None:
    hospital.build()
    hospital.ledger.finish("r1", "interrupted")  # killed while it wrote its dossier
    assert hospital.build(resume=True).outcome == "accepted"
    assert hospital.seen == [("verify", ALL)]


@pytest.mark.parametrize(
    ("outcome", "kind", "said"),
    [
        (None, BadInput, "holds no build of site g-site"),
        ("accepted", BadInput, "run r1, was accepted; nothing of it is left to do"),
        ("running", Locked, "run r1 of maeve is still under way"),
        ("refused", BadInput, "holds no build"),
    ],
)
def test_when_there_is_nothing_to_resume(hospital: Hospital, outcome: Any, kind: type[Exception], said: str) -> None:
    if outcome is not None:
        hospital.ledger.begin(hospital.session().run)
        hospital.ledger.finish("r1", outcome)
    with pytest.raises(kind, match=said):
        hospital.build(resume=True)


def test_what_another_has_built_since_is_not_what_is_resumed(hospital: Hospital) -> None:
    hospital.broken.add("arc1")
    hospital.build(hospital.session(hosts=("arc1",)))
    hospital.broken.clear()
    hospital.build(hospital.session(hosts=("arc3",)))
    assert hospital.build(resume=True).outcome == "accepted", "the last build of all was accepted, and of others"
    assert hospital.seen == [("converge", ("arc1",)), ("verify", ("arc1",))]
    with pytest.raises(BadInput, match="the last build, run r3, was accepted; nothing of it is left to do"):
        hospital.build(resume=True)


@pytest.mark.parametrize(("theirs", "waits"), [("arc4", False), ("arc1", True)])
def test_a_build_of_other_hosts_that_is_under_way_is_not_waited_for(
    hospital: Hospital, theirs: str, waits: bool
) -> None:
    hospital.broken.add("arc1")
    hospital.build(hospital.session(hosts=("arc1",)))
    hospital.broken.clear()
    other = hospital.session(hosts=(theirs,)).run
    hospital.ledger.begin(other)
    if waits:
        with pytest.raises(Locked, match=f"run {other.id} of maeve is still under way"):
            hospital.build(resume=True)
    else:
        assert hospital.build(resume=True).outcome == "accepted"


def test_what_a_resumed_build_goes_on_with_is_told(hospital: Hospital, capsys: pytest.CaptureFixture[str]) -> None:
    hospital.cut = "arc2"
    with pytest.raises(Power):
        hospital.build()
    hospital.ledger.finish("r1", "interrupted")
    course = course_of(hospital.session(), Terms(), resume=True)
    tell_resumed(course)
    said = capsys.readouterr().err
    assert said.startswith("note: goes on with run r1 of maeve, interrupted 20")
    assert said.endswith(" UTC, of arc1, arc2, arc3, arc4; arc1, arc3 verified again first\n")


@pytest.mark.parametrize(
    ("then", "today", "said"),
    [
        ("p1", None, "run r1 was carrying out a plan: go on with pacsmith build --resume --plan FILE, where FILE is"),
        ("p1", "p2", "run r1 was carrying out another plan than this one: go on with pacsmith build --resume --plan"),
        (None, "p1", "run r1 was carrying out no plan; leave --plan out"),
    ],
)
def test_a_plan_that_was_cut_off_is_resumed_with_that_plan_alone(
    hospital: Hospital, then: str | None, today: str | None, said: str
) -> None:
    hospital.cut = "arc2"
    first = hospital.session()
    first.run.inputs.update({"plan": then} if then else {})
    with pytest.raises(Power):
        hospital.build(first)
    hospital.ledger.finish("r1", "interrupted")
    again = hospital.session()
    again.run.inputs.update({"plan": today} if today else {})
    with pytest.raises(BadInput, match=said):
        hospital.build(again, resume=True)


def test_a_single_wave_waits_for_those_before_it(hospital: Hospital) -> None:
    with pytest.raises(Refused, match=r"the waves before it are not accepted .* \(arc1, arc3\)"):
        hospital.build(wave=2)
    assert hospital.ledger.runs() == ()
    assert hospital.build(wave=1).outcome == "accepted"
    assert hospital.spared == [["arc2", "arc4"]]
    assert hospital.ledger.run("r2").hosts == ("arc1", "arc3")
    assert hospital.build(wave=2).outcome == "accepted"
    assert hospital.seen == [("converge", ("arc2", "arc4")), ("verify", ("arc2", "arc4"))]
    assert hospital.build(wave=1).outcome == "accepted"
    assert hospital.spared == [[]], "what stands by now is asked"
    with pytest.raises(BadInput, match=r"--wave 3: these hosts make 2 waves \(1: arc1, arc3; 2: arc2, arc4\)"):
        hospital.build(wave=3)


def test_a_canary_that_fails_holds_back_its_class(hospital: Hospital) -> None:
    hospital.broken.add("arc3")
    result = hospital.build(hospital.session(hospital.site(together=[])), canary=True)
    assert result.held == {"arc4": "arc3, which serves together with it, was not accepted"}
    assert ("converge", ("arc2",)) in hospital.seen


@pytest.mark.parametrize(("verb", "refused"), [("build", True), ("upgrade", True), ("verify", False)])
def test_a_second_person_does_not_change_the_other_archive_meanwhile(
    hospital: Hospital, verb: str, refused: bool
) -> None:
    theirs = hospital.session(hosts=("arc2",)).run
    hospital.ledger.begin(theirs)
    with hospital.ledger.lock("g-site/arc2", who="ines", why=verb, run=theirs.id):
        if refused:
            with pytest.raises(
                Locked,
                match=r"arc2, of the group archives .* is being changed by ines@.*outside that group with --host",
            ):
                hospital.build(hospital.session(hosts=("arc1",)))
            assert hospital.seen == []
        assert hospital.build(hospital.session(hosts=("arc3",))).outcome == "accepted"
    assert hospital.build(hospital.session(hosts=("arc1",))).outcome == "accepted"


# hours


def test_outside_its_hours_a_build_is_refused_and_says_when_it_opens(hospital: Hospital) -> None:
    hospital.moment = PEAK
    with pytest.raises(Locked) as caught:
        hospital.build()
    assert str(caught.value) == (
        "the site's calendar refuses a build: arc1, arc2, arc3, arc4: for each it is peak hours until 18:00 (reading "
        "rooms); it opens Sun 2026-11-29 22:00 UTC. Come back then, name the other hosts with --host, or, when it "
        "cannot wait, say why with --now 'REASON', which is recorded"
    )
    assert caught.value.exit_code == 4
    assert hospital.seen == []
    assert hospital.ledger.run("r1").outcome == "refused"


def test_now_with_a_reason_is_recorded(hospital: Hospital) -> None:
    hospital.moment = PEAK
    assert hospital.build(now="the archive is down, ticket 4711").outcome == "accepted"
    terms = hospital.ledger.run("r1").terms
    assert terms is not None
    assert terms.now == "the archive is down, ticket 4711"
    assert sum("on the word of maeve" in note for note in hospital.notes("r1")) == len(ALL), "once of each"
    assert hospital.notes("r1")[0] == (
        "arc1: is to be changed although it is peak hours until 18:00 (reading rooms), on the word of maeve: the "
        "archive is down, ticket 4711"
    )


def test_a_reason_that_was_not_needed_is_not_kept(hospital: Hospital) -> None:
    assert hospital.build(now="to be sure").outcome == "accepted"
    assert hospital.ledger.run("r1").terms == Terms()


def test_no_wave_begins_after_the_window_has_closed(hospital: Hospital) -> None:
    def close() -> None:
        hospital.moment = datetime(2026, 11, 23, 4, 1, tzinfo=UTC)

    hospital.later = close
    result = hospital.build()
    assert hospital.seen == [("converge", ("arc1", "arc3")), ("verify", ("arc1", "arc3"))], (
        "what had begun was finished"
    )
    assert result.outcome == "failed"
    assert result.stopped is not None
    assert "it opens Sun 2026-11-29 22:00 UTC; go on then with: pacsmith build --resume" in result.stopped
    assert hospital.ledger.run("r1").note == result.stopped
    hospital.later, hospital.moment = (lambda: None), OPEN + timedelta(days=7)
    assert hospital.build(resume=True).outcome == "accepted"
    assert hospital.seen[0] == ("verify", ("arc1", "arc3"))


def test_a_reason_given_beforehand_counts_when_the_window_closes_meanwhile(hospital: Hospital) -> None:
    hospital.later = lambda: setattr(hospital, "moment", datetime(2026, 11, 23, 4, 1, tzinfo=UTC))
    assert hospital.build(now="it must be done by the morning").outcome == "accepted"
    told = [note for note in hospital.notes("r1") if "on the word of maeve: it must be done by the morning" in note]
    assert [note.partition(":")[0] for note in told] == ["arc2", "arc4"], "of the second wave alone"
    terms = hospital.ledger.run("r1").terms
    assert terms is not None
    assert terms.now == "it must be done by the morning", "the dossier says it, too"


def test_a_host_that_was_away_and_has_answered_since_is_no_fault(hospital: Hospital) -> None:
    hospital.cut = "arc2"
    with pytest.raises(Power):
        hospital.build()
    hospital.ledger.finish("r1", "interrupted")
    hospital.cut, hospital.away = "", {"arc3"}
    hospital.later = hospital.away.clear
    result = hospital.build(resume=True)
    assert (result.outcome, result.proven.unreachable) == ("accepted", False)


def test_the_end_of_a_window_is_told_an_hour_before(hospital: Hospital) -> None:
    other = {"name": "early", "hosts": ["arc2"], "days": ["sun"], "start": "22:00", "end": "23:15"}
    night = CALENDAR["windows"][0] | {"hosts": ["arc1", "arc3", "arc4"]}
    late = hospital.session(hospital.site(windows=[night, other]))
    assert hours.closing_soon(late) == (datetime(2026, 11, 22, 23, 15, tzinfo=UTC), ("arc2",))
    hospital.moment = OPEN - timedelta(minutes=20)
    assert hours.closing_soon(late) is None
    hospital.moment = PEAK
    assert hours.closing_soon(late) is None, "closed already"


def test_a_site_without_windows_is_built_at_any_hour(hospital: Hospital) -> None:
    hospital.moment = PEAK
    assert hospital.build(hospital.session(hospital.site(windows=[], peak_hours=[]))).outcome == "accepted"


def test_hosts_of_the_lab_serve_nobody(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    hospital.moment = PEAK
    monkeypatch.setattr(Lab, "playing", lambda _: frozenset(ALL[:3]))
    with pytest.raises(Locked, match=r"refuses a build: arc4: it is peak hours"):
        hospital.build()
    monkeypatch.setattr(Lab, "playing", lambda _: frozenset(ALL))
    assert hospital.build().outcome == "accepted"
