"""Of what was asked more than once in a run, the last answer counts."""

from datetime import UTC, datetime
from typing import Any

from builder.models.evidence import Evidence
from builder.report.latest import latest

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def item(subject: str, verdict: str, **more: Any) -> Evidence:
    return Evidence.model_validate(
        {"kind": "check", "subject": subject, "expected": "e", "observed": "o", "verdict": verdict, "at": NOON,
         "probe": "p", "host": "h", "run": "r1"} | more
    )  # fmt: skip


def test_a_route_that_was_attested_for_one_wave_is_proven_at_the_end_whoever_it_is_filed_under() -> None:
    first = item("a -> b: store", "unknown", kind="route", host="a", attest="Maeve")
    last = item("a -> b: store", "met", kind="route", host="b")
    other = item("a: works", "met")
    assert latest([first, other, last]) == (last, other)


def test_the_same_words_of_another_host_or_source_are_another_question() -> None:
    items = (
        item("memory", "met", kind="requirement", host="a", source="Orthanc Book"),
        item("memory", "short", kind="requirement", host="b", source="Orthanc Book"),
        item("memory", "met", kind="requirement", host="a", source="class-archive"),
        item("memory", "met", host="a", source="Orthanc Book"),
    )
    assert latest(items) == items
