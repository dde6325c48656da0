"""What the dossier says: the decisions that every format writes out, and the texts of JSON, JUnit and the terminal."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from builder.models.dossier import Dossier
from builder.models.event import Event, StepStatus
from builder.models.evidence import Evidence, Verdict
from builder.models.run import Outcome
from builder.models.site import Contact
from builder.report import assemble, cleaned, dossier_json, junit_xml, network_svg
from builder.report.work import DIFF_LINES, work_of
from tests.unit.report_sample import RUN, sample_dossier, sample_evidence, sample_run, sample_site

GOLDEN = Path(__file__).parent / "golden" / "report"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def proof(subject: str, verdict: Verdict = "met", **more: object) -> Evidence:
    base = {"kind": "route", "subject": subject, "expected": "e", "observed": "o", "verdict": verdict, "at": NOON,
            "probe": "p", "host": "archive01", "run": RUN}  # fmt: skip
    return Evidence.model_validate({**base, **more})


def event(step: str, status: StepStatus, role: str = "archive", **more: object) -> Event:
    return Event.model_validate(
        {"run": RUN, "at": NOON, "host": "archive01", "role": role, "step": step, "status": status, **more}
    )


def dossier(outcome: Outcome, *evidence: Evidence) -> Dossier:
    return assemble(sample_site(), sample_run(outcome), evidence=evidence, generated=NOON)


def test_the_sample_gives_the_golden_files() -> None:
    """Rewrite them with PACSMITH_REWRITE_GOLDEN=1 and read the difference before you commit it."""
    texts = {
        "not-accepted.json": dossier_json(sample_dossier()),
        "not-accepted.junit.xml": junit_xml(sample_evidence()),
        "example-network.svg": network_svg(sample_site()),
    }
    if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    assert texts == {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()}


# what is decided


@pytest.mark.parametrize(
    ("outcome", "verdicts", "sentence"),
    [
        ("accepted", ["met", "met"], "Accepted: 2 met."),
        (
            "accepted",
            ["met", "unknown", "waived", "not applicable"],
            "Accepted: 1 met, 1 waived, 1 not applicable, 1 to be attested by a person.",
        ),
        ("failed", ["met", "short", "short"], "Not accepted: the run failed; 2 short, 1 met."),
        ("failed", [], "Not accepted: the run failed; no evidence."),
        ("interrupted", ["met"], "Not accepted: the run was interrupted; 1 met."),
        ("accepted", ["met", "short"], "Not accepted: the run was accepted, but its evidence is not; 1 short, 1 met."),
    ],
)
def test_the_cover_says_what_came_of_it(outcome: Outcome, verdicts: list[Verdict], sentence: str) -> None:
    made = dossier(outcome, *(proof(f"s{number}", verdict) for number, verdict in enumerate(verdicts)))
    assert made.outcome == sentence
    assert made.accepted is sentence.startswith("Accepted")


def test_the_physicist_signs_only_where_somebody_must_attest() -> None:
    plain = dossier("accepted", proof("a", "unknown"))
    asked = dossier("accepted", proof("a", "unknown", attest="the medical physics expert"))
    duties = [(line.duty, line.name) for line in asked.signatures]
    assert duties == [
        ("Installer", "mkilbride"), ("PACS administrator", "Maeve Kilbride"), ("Head of IT", "Tomasz Wrona"),
        ("Medical physics expert", "Dr Ines Falk"),
    ]  # fmt: skip
    assert [line.duty for line in plain.signatures] == [duty for duty, _ in duties[:3]]


def test_a_duty_that_nobody_holds_leaves_its_line_empty() -> None:
    site = sample_site().model_copy(update={"contacts": (Contact(name="A", duty="porter"),)})
    made = assemble(site, sample_run(), generated=NOON)
    assert [line.name for line in made.signatures] == ["mkilbride", "", ""]


def test_evidence_is_numbered_by_kind_then_host() -> None:
    made = dossier("done", proof("z", kind="check"), proof("r"), proof("q", kind="requirement"), proof("b", host="a"))
    assert [(one.number, one.evidence.subject) for one in made.proofs] == [(1, "q"), (2, "b"), (3, "r"), (4, "z")]


def test_the_matrix_tells_granted_refused_and_untried_apart() -> None:
    made = dossier(
        "failed",
        proof("ct01 -> archive01: store"),
        proof("ct01 -> archive01: find refused"),
        proof("read01 -> archive01: move", "short"),
        proof("read01 -> archive01: move"),
        proof("ct01 -> archive01: wrong called AE title refused"),
        proof("ct01 -> archive01: echo", kind="check"),
    )
    cells = {(row.source, row.target, cell.operation): cell for row in made.matrix for cell in row.cells}

    def seen(source: str, operation: str) -> tuple[bool, Verdict | None, int | None]:
        cell = cells[source, "archive01", operation]  # type: ignore[index]
        return cell.granted, cell.verdict, cell.proof

    assert seen("ct01", "store") == (True, "met", 1)
    assert seen("ct01", "find") == (False, "met", 2)
    assert seen("read01", "move") == (True, "short", 3)  # the worse of two answers stands
    assert seen("ct01", "echo") == (True, "unknown", None)  # granted and not tried is never met
    assert seen("ct01", "move") == (False, None, None)
    assert len(made.matrix) == 4


def test_a_way_that_no_route_grants_has_its_row_when_it_was_tried() -> None:
    made = dossier("failed", proof("nobody -> archive01: store refused", "short"))
    (row,) = [row for row in made.matrix if row.source == "nobody"]
    assert [(cell.operation, cell.verdict) for cell in row.cells if cell.verdict] == [("store", "short")]


# what was carried out


def test_steps_end_as_they_ended_and_one_that_never_did_says_so() -> None:
    (work,) = work_of([
        event("a", "started"), event("a", "ok", duration=1.0),
        event("b", "started"), event("b", "changed", duration=2.5),
        event("a", "started"), event("a", "failed", duration=0.5, error="disk full"), event("c", "started"),
    ])  # fmt: skip
    (role,) = work.roles
    assert [(step.name, step.status) for step in role.steps] == [
        ("a", "ok"),
        ("b", "changed"),
        ("a", "failed"),
        ("c", "started"),
    ]
    assert (role.changed, role.ok, role.failed, role.seconds) == (1, 1, 1, 4.0)
    assert role.steps[2].error == "disk full"


def test_coverage_counts_each_step_once_and_what_was_hidden_stays_hidden() -> None:
    (work,) = work_of([
        event("a", "planned"), event("b", "planned", previewable=False), event("a", "ok"), event("b", "changed"),
        event("c", "ok", role="baseline"), event("d", "ok", role="baseline"),
    ])  # fmt: skip
    assert work.coverage == 0.75
    assert [(role.role, len(role.steps)) for role in work.roles] == [("archive", 2), ("baseline", 2)]


def test_a_long_diff_is_cut_and_says_by_how_much() -> None:
    long = "\n".join(f"+line {number}" for number in range(DIFF_LINES + 7))
    (work,) = work_of([event("a", "changed", diff=long), event("b", "changed", diff="+x\n")])
    cut, whole = (step.diff for step in work.roles[0].steps)
    assert cut is not None and cut.splitlines()[-1] == "… 7 more lines; the ledger holds them all"
    assert len(cut.splitlines()) == DIFF_LINES + 1
    assert whole == "+x"


def test_an_unreachable_host_and_a_note_are_told_beside_the_steps() -> None:
    (work,) = work_of([
        Event(run=RUN, at=NOON, host="archive01", status="unreachable", error="archive01: no answer"),
        Event(run=RUN, at=NOON, host="archive01", status="note", step="lock taken over"),
    ])  # fmt: skip
    assert work.notes == ("archive01: no answer", "lock taken over")
    assert work.coverage is None


def test_no_secret_passes_the_redactor() -> None:
    secret = "s3cr3t-value"
    made = dossier("failed", proof(f"a {secret}", observed=f"said {secret}", source=secret, probe=secret))
    made = made.model_copy(
        update={"notes": (secret,), "title": secret, "history": (sample_run().model_copy(update={"note": secret}),)}
    )
    shut = cleaned(made, lambda text: text.replace(secret, "[secret]"))
    assert secret not in dossier_json(shut)
    assert dossier_json(shut).count("[secret]") == 7


@pytest.mark.parametrize("password", ["short", "archive", "unknown", "build", "store", "changed", "2026"])
def test_a_password_that_is_a_word_of_ours_spoils_no_dossier(password: str) -> None:
    made = cleaned(sample_dossier(), lambda text: text.replace(password, "[secret]"))
    assert made.counts == sample_dossier().counts
    assert [row.cells for row in made.matrix] == [row.cells for row in sample_dossier().matrix]


# JSON and JUnit


def test_json_is_sorted_and_reads_back_as_it_was() -> None:
    made = sample_dossier()
    text = dossier_json(made)
    assert Dossier.model_validate_json(text) == made
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert json.loads(text)["format"] == "pacsmith-dossier-1"


def _allowed(element: Xml.Element) -> set[str]:
    return {
        "testsuites": set(),
        "testsuite": {
            "name", "package", "id", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname",
        },
        "properties": set(),
        "system-out": set(),
        "system-err": set(),
        "testcase": {"name", "classname", "time"},
        "failure": {"message", "type"},
        "error": {"message", "type"},
        "skipped": {"message"},
    }[element.tag]  # fmt: skip


def test_junit_counts_what_it_holds() -> None:
    root = Xml.fromstring(junit_xml(sample_evidence()))
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == _allowed(element)
    counted = 0
    for place, suite in enumerate(root):
        assert suite.get("id") == str(place)
        order = [child.tag for child in suite]
        assert order[0] == "properties" and order[-2:] == ["system-out", "system-err"]
        assert set(order[1:-2]) == {"testcase"}
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name, "")) == len(list(suite.iter(tag))), (suite.get("name"), name)
        counted += len(list(suite.iter("testcase")))
    assert counted == len(sample_evidence())
    datetime.strptime(root[0].get("timestamp", ""), "%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("verdict", "attest", "tag", "message"),
    [
        ("met", None, None, ""),
        ("short", None, "failure", "expected e; observed o"),
        ("unknown", None, "error", "expected e; observed o"),
        ("unknown", "the head of IT", "skipped", "the head of IT must attest it: expected e; observed o"),
        ("waived", None, "skipped", "waived: expected e; observed o"),
        ("not applicable", None, "skipped", "not applicable: expected e; observed o"),
    ],
)
def test_junit_has_one_word_for_each_verdict(
    verdict: Verdict, attest: str | None, tag: str | None, message: str
) -> None:
    (case,) = Xml.fromstring(junit_xml([proof("s", verdict, attest=attest)])).iter("testcase")
    assert [(child.tag, child.get("message")) for child in case] == ([(tag, message)] if tag else [])


def test_junit_carries_what_xml_cannot() -> None:
    text = junit_xml([proof('a <b> & "c" \x1b[31m\x00 \ud83d ümläut', "short", observed="]]>\x08")])
    (case,) = Xml.fromstring(text.encode("utf-8")).iter("testcase")
    assert case.get("name") == 'a <b> & "c" \ufffd[31m\ufffd \ufffd ümläut'


def test_junit_times_are_utc() -> None:
    there = NOON.astimezone(datetime.now().astimezone().tzinfo) + timedelta(0)
    assert 'timestamp="2026-11-21T12:00:00"' in junit_xml([proof("s", at=there)])
