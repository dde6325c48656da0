"""What dcmtk's tools really printed (3.6.9; only names and addresses replaced), and what it is taken for."""

import re
from pathlib import Path

import pytest

from builder.probes.dcmtk import TlsFiles, Way, read_outcome, scu, stored

RECORDED = Path(__file__).parent / "recorded" / "dcmtk"
KINDS = {
    "echo": "success",
    "echo-tls": "success",
    "store": "success",
    "find-nothing-found": "success",
    "worklist-nothing-found": "success",
    "echo-wrong-called-title": "rejected",
    "echo-unknown-calling-title": "rejected",
    "echo-title-of-another": "rejected",
    "find-unknown-calling-title": "rejected",
    "get-unknown-calling-title": "rejected",
    "find-not-granted": "aborted",
    "worklist-not-granted": "aborted",
    "move-not-granted": "aborted",
    "get-not-granted": "aborted",
    "store-not-granted-cut-off": "aborted",
    "move-of-unknown-study": "status",
    "get-of-unknown-study": "status",
    "echo-closed": "closed",
    "echo-dropped": "timeout",
    "echo-tls-no-certificate": "ended",
    "echo-tls-self-signed": "ended",
    "echo-plain-on-tls-port": "ended",
    "echo-tls-untrusted-peer": "untrusted",
    "echo-tls-key-missing": "broken",
    "echo-unknown-name": "broken",
    "echo-unknown-option": "broken",
    "store-file-missing": "broken",
    "tool-missing": "broken",
}


def recording(name: str) -> tuple[int, str]:
    """Exit code and text of a recording."""
    (file,) = RECORDED.glob(f"{name}.exit-*.txt")
    found = re.search(r"\.exit-(\d+)\.txt$", file.name)
    assert found
    return int(found[1]), file.read_text(encoding="utf-8")


def test_every_recording_is_judged() -> None:
    names = {re.sub(r"\.exit-\d+\.txt$", "", file.name) for file in RECORDED.iterdir()}
    assert names == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_kind(name: str) -> None:
    assert read_outcome(*recording(name)).kind == KINDS[name]


def test_only_what_a_dicom_peer_said_counts_as_an_answer() -> None:
    silent = {name for name in KINDS if not read_outcome(*recording(name)).answered}
    assert silent == {
        name for name, kind in KINDS.items() if kind in ("closed", "timeout", "ended", "untrusted", "broken")
    }


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("echo-wrong-called-title", "association rejected: Called AE Title Not Recognized"),
        ("echo-title-of-another", "association rejected: Calling AE Title Not Recognized"),
        ("move-of-unknown-study", "status Failed: UnableToProcess"),
        ("echo-dropped", "no answer to the connection attempt"),
        (
            "echo-tls-key-missing",
            "the tool failed (exit 1): 000b:0004 Unable to load private TLS key from 'missing.key'",
        ),
        ("store-file-missing", "the tool failed (exit 1): cannot access file: missing.dcm"),
    ],
)
def test_detail(name: str, detail: str) -> None:
    assert read_outcome(*recording(name)).detail == detail


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (0, "", "broken"),
        (124, "I: Requesting Association\n", "timeout"),
        (0, "I: Association Accepted (Max Send PDV: 16372)\nI: Releasing Association\n", "broken"),
        (0, "I: Association Accepted\nI: Received Echo Response (Failed: UnableToProcess)\n", "status"),
        (1, "I: Association Accepted\nI: Received Echo Response (Success)\n", "broken"),
        (1, "I: Requesting Association\nF: No Acceptable Presentation Contexts\n", "no context"),
        (1, "F: Association Rejected:\nF: Result: Rejected Transient, Source: Service Provider\n"
            "F: Reason: Temporary Congestion\n", "rejected"),
    ],
)  # fmt: skip
def test_written_by_hand(code: int, text: str, kind: str) -> None:
    """An empty output, a killed tool, an association without a response: none of them is a success."""
    assert read_outcome(code, text).kind == kind


def test_stored_counts_successes_alone() -> None:
    assert stored(recording("store")[1]) == 1
    assert stored(recording("store-not-granted-cut-off")[1]) == 0


def test_argument_list() -> None:
    way = Way("CT 1", "ARC", "192.0.2.11", 104)
    argv = scu("storescu", way, ["-xe"], ["a.dcm"])
    assert argv[0] == "storescu"
    assert argv[argv.index("-aet") + 1] == "CT 1"
    assert argv[-4:] == ["-xe", "192.0.2.11", "104", "a.dcm"]


def test_tls_without_a_key_shows_no_certificate() -> None:
    assert TlsFiles("ca").options() == ["+tla", "+cf", "ca"]
    assert TlsFiles("ca", "key", "crt").options() == ["+tls", "key", "crt", "+cf", "ca"]
