"""The checks of one role by themselves: what counts as met. The checks are pretended; hosts are asked in tests/lab."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.errors import EXIT_BAD_INPUT, EXIT_FAILED
from builder.models.evidence import Evidence, Verdict
from builder.probes import checks_alone
from builder.probes.role_checks import RoleChecks

SITE = str(Path(__file__).parents[1] / "lab" / "sites" / "reading.yml")


def found(verdict: Verdict) -> Evidence:
    return Evidence(
        kind="check", subject="read1: usb storage", source="role workstation, checks", expected="kept out",
        observed="let in", verdict=verdict, at=datetime.now(UTC), probe="test", host="read1", run="test",
    )  # fmt: skip


def ended(monkeypatch: pytest.MonkeyPatch, role: str, *verdicts: Verdict) -> int:
    asked: list[RoleChecks] = []

    def run(checks: RoleChecks, run: str) -> tuple[Evidence, ...]:
        asked.append(checks)
        return tuple(map(found, verdicts))

    monkeypatch.setattr(checks_alone, "run_role_checks", run)
    code = checks_alone.main([SITE, role])
    assert {checks.role for checks in asked} <= {role}
    return code


def test_all_met_is_met(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(monkeypatch, "workstation", "met", "not applicable") == 0
    assert capsys.readouterr().out.splitlines()[0] == "met: read1: usb storage: let in"


@pytest.mark.parametrize("verdict", ["short", "unknown"])
def test_one_that_is_short_or_unknown_is_not(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> None:
    assert ended(monkeypatch, "workstation", "met", verdict) == EXIT_FAILED


def test_nothing_asked_is_nothing_met(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(monkeypatch, "workstation") == EXIT_FAILED
    assert ended(monkeypatch, "archive", "met") == EXIT_FAILED  # no machine of the site has this role


def test_a_site_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert checks_alone.main(["nowhere.yml", "workstation"]) == EXIT_BAD_INPUT
    assert "nowhere.yml" in capsys.readouterr().err
