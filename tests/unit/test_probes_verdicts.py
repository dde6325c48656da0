"""From an outcome to a verdict: success alone meets a grant, and only the right refusal proves a refusal."""

from typing import Any

import pytest

from builder.models.evidence import Evidence, Verdict
from builder.probes.dcmtk import read_outcome
from builder.probes.question import Answer, Question, dicom_service, evidence_of, path, same_process, settle
from builder.probes.refusals import read_connection
from builder.probes.sending import entry_verdict
from builder.probes.stage import granted_answer, refused_answer
from builder.workflows.verify import accepted, failures
from tests.unit.site_parts import example
from tests.unit.test_probes_dcmtk import KINDS, recording

ROUTE = Question("ct01 -> archive01: find", "find", "ct01", "archive01", "expected", "site", attest="a person")
PROCESS = same_process("archive01")


def granted(name: str) -> Answer:
    return granted_answer(ROUTE, read_outcome(*recording(name)), b"", "tool", 0.1)


def refused(name: str, reason: str = "") -> Answer:
    return refused_answer(ROUTE, read_outcome(*recording(name)), b"", "tool", 0.1, reason=reason)


@pytest.mark.parametrize("name", KINDS)
def test_a_grant_is_met_by_success_alone(name: str) -> None:
    expected: dict[str, Verdict] = {"success": "met", "broken": "unknown"}
    assert granted(name).verdict == expected.get(KINDS[name], "short")


REFUSALS: dict[str, Verdict] = {
    # what was asked for was done
    "find-nothing-found": "short",
    "worklist-nothing-found": "short",
    "store": "short",
    # the archive knows the AE and hangs up at the request: Orthanc's way to refuse a right
    "find-not-granted": "met",
    "worklist-not-granted": "met",
    "move-not-granted": "met",
    "get-not-granted": "met",
    "store-not-granted-cut-off": "met",
    # failures that look like one
    "move-of-unknown-study": "unknown",
    "get-of-unknown-study": "unknown",
    "find-unknown-calling-title": "unknown",
    "echo-closed": "unknown",
    "echo-dropped": "unknown",
    "echo-unknown-option": "unknown",
    "store-file-missing": "unknown",
    "tool-missing": "unknown",
    "echo-tls-key-missing": "unknown",
    "echo-tls-untrusted-peer": "unknown",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_of_an_operation(name: str) -> None:
    assert refused(name).verdict == REFUSALS[name]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("Refused: NotAuthorized", "met"),
        ("Refused: SOPClassNotSupported", "met"),
        # an archive that takes the request for its right, and fails at it
        ("Refused: OutOfResources", "unknown"),
        ("Refused: OutOfResourcesSubOperations", "unknown"),
        ("Refused: MoveDestinationUnknown", "unknown"),
        ("Failed: UnableToProcess", "unknown"),
    ],
)
def test_a_status_is_a_refusal_only_when_it_speaks_of_rights(status: str, verdict: Verdict) -> None:
    outcome = read_outcome(0, f"I: Association Accepted\nI: Received Final Move Response ({status})\n")
    assert outcome.kind == "status"
    assert refused_answer(ROUTE, outcome, b"", "tool", 0.1).verdict == verdict


TITLES: dict[str, Verdict] = {
    "echo-wrong-called-title": "met",
    "echo-unknown-calling-title": "unknown",  # rejected, but for another reason
    "echo": "short",
    "find-not-granted": "short",  # the association itself was accepted
    "echo-closed": "unknown",
    "echo-dropped": "unknown",
    "echo-unknown-name": "unknown",
    "get-unknown-calling-title": "unknown",  # no reason told
}


@pytest.mark.parametrize("name", TITLES)
def test_refusal_of_a_called_title_needs_its_reason(name: str) -> None:
    assert refused(name, "Called AE Title Not Recognized").verdict == TITLES[name]


def test_an_abort_counts_only_while_one_process_served() -> None:
    """Orthanc that crashes at a request and is started again ends the association just as a refusal does."""
    answer = refused("find-not-granted")
    assert settle(answer, frozenset({PROCESS})).verdict == "met"
    crashed = settle(answer, frozenset())
    assert crashed.verdict == "unknown"
    assert "proves no refusal" in crashed.observed


def test_a_silent_port_counts_only_where_the_service_lives() -> None:
    closed = Answer("met", "no answer", "curl", needs=frozenset({path("ct01", "archive01")}))
    assert settle(closed, frozenset()).verdict == "unknown"
    assert settle(closed, granted("echo").proves).verdict == "met"


def test_settling_never_improves() -> None:
    short = Answer("short", "it was carried out", "tool", needs=frozenset({PROCESS}))
    assert settle(short, frozenset({PROCESS})).verdict == "short"


def test_a_rejected_association_is_a_sign_of_life() -> None:
    assert dicom_service("archive01") in refused("echo-wrong-called-title", "Called").proves
    assert not granted("echo-closed").proves
    assert not granted("echo-dropped").proves


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("7 0.000000 Failed to connect", "closed"),
        ("28 0.000000 Connection timed out", "timeout"),
        ("0 0.000312 ", "success"),
        (
            "52 0.000312 Empty reply from server",
            "success",
        ),  # PostgreSQL hangs up on HTTP: the port is open all the same
        ("28 0,000312 Operation timed out", "success"),
        ("6 0.000000 Could not resolve host", "broken"),
        ("", "broken"),
        ("sh: curl: not found", "broken"),
    ],
)
def test_a_connection_is_told_from_its_use(text: str, kind: str) -> None:
    assert read_connection(0, text).kind == kind


def evidence(verdict: Verdict, attest: str | None = None) -> Evidence:
    return evidence_of(ROUTE, Answer(verdict, "observed", "probe"), "run").model_copy(update={"attest": attest})


def test_acceptance() -> None:
    met = evidence("met")
    assert accepted([met, evidence("waived"), evidence("not applicable"), evidence("unknown", "a person")])
    assert not accepted([])
    for wrong in (evidence("short"), evidence("short", "a person"), evidence("unknown")):
        assert not accepted([met, wrong])
        assert failures([met, wrong]) == (wrong,)


def test_only_what_no_probe_could_ask_names_who_must_attest() -> None:
    assert evidence_of(ROUTE, Answer("met", "observed", "probe"), "run").attest is None
    assert evidence_of(ROUTE, Answer("unknown", "observed", "probe", unasked=True), "run").attest == "a person"
    heard = Answer("unknown", "an answer that was not expected", "probe")
    assert evidence_of(ROUTE, heard, "run").attest is None, "a person cannot talk away what a probe heard"


def entry(**changes: object) -> dict[str, object]:
    return {"AET": "BRIGID_READ1", "Host": "10.78.0.31", "Port": 11112, "UseDicomTls": False} | changes


@pytest.mark.parametrize(
    ("modalities", "reached", "verdict", "observed"),
    [
        ({"read01": entry()}, True, "met", "BRIGID_READ1 at 10.78.0.31:11112"),
        ({"another-name": entry()}, True, "met", "BRIGID_READ1 at 10.78.0.31:11112"),
        ({"read01": entry(Port=104)}, True, "short", "BRIGID_READ1 at 10.78.0.31:104"),
        ({"read01": entry(Port=9)}, False, "met", "BRIGID_READ1 at 10.78.0.31"),
        ({"read01": entry()}, False, "short", "BRIGID_READ1 at 10.78.0.31:11112"),
        ({"read01": entry(Host="10.78.0.32", Port=9)}, False, "short", "BRIGID_READ1 at 10.78.0.32"),
        ({"read01": entry(UseDicomTls=True)}, True, "short", "BRIGID_READ1 at 10.78.0.31:11112 with TLS"),
        ({"read01": entry(AET="brigid_read1")}, True, "short", "no entry for BRIGID_READ1"),
        ({"a": entry(), "b": entry(Host="10.78.0.99")}, True, "short",
         "BRIGID_READ1 at 10.78.0.31:11112; BRIGID_READ1 at 10.78.0.99:11112"),
        ({}, True, "short", "no entry for BRIGID_READ1"),
    ],
)  # fmt: skip
def test_registry(modalities: dict[str, Any], reached: bool, verdict: str, observed: str) -> None:
    assert entry_verdict(modalities, example().end("read01"), reached=reached) == (verdict, observed)
