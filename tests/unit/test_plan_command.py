"""What `pacsmith plan` says of hosts that it could not see."""

import pytest

from builder.cli.plan import _tell
from builder.engines.tally import JobResult
from builder.workflows.plan import Plan


def told(result: JobResult, capsys: pytest.CaptureFixture[str]) -> str:
    _tell(Plan((), result))
    return capsys.readouterr().out


def test_a_host_that_was_not_reached_has_no_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    result = JobResult(
        ok=False, changed={"archive01": 0}, unreachable=("archive01",), reasons=("archive01: no answer",)
    )
    assert told(result, capsys) == "not or not wholly seen: 1 of 1 hosts, for the reasons above\n"


def test_coverage_of_the_others_is_said_beside_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    result = JobResult(ok=False, changed={"a": 0, "b": 0}, unreachable=("b",), steps=4, previewable=3)
    assert told(result, capsys).splitlines() == [
        "0 of 4 steps would change something; 0 cannot be previewed (coverage 75%)",
        "not or not wholly seen: 1 of 2 hosts, for the reasons above",
    ]
