"""A finding as evidence: the form in which verify, the ledger and the dossier carry it (pure)."""

from datetime import datetime

from builder.models.evidence import Evidence
from builder.models.finding import Finding

_SHOWN = 60  # characters of a command: enough to recognise it; the host's facts carry it whole

_REPORTED = ("calibration/", "no calibration report")  # how a figure of a calibration report begins


def brief(command: str) -> str:
    """The beginning of a command, on one line."""
    text = " ".join(command.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\u2026"


def _probe(finding: Finding) -> str:
    """What told it: a survey's commands, or the calibration reports of a display."""
    if not finding.commands:
        return "none: a person must tell"
    reported = all(command.startswith(_REPORTED) for command in finding.commands)
    return ("" if reported else "survey: ") + "; ".join(map(brief, finding.commands))


def evidence_of(finding: Finding, host: str, run: str, at: datetime) -> Evidence:
    """Evidence of kind requirement; `observed` is the finding's sentence, which names what was read."""
    return Evidence(
        kind="requirement",
        subject=finding.requirement,
        source=finding.source,
        expected=finding.expected,
        observed=finding.sentence,
        verdict=finding.verdict,
        at=at,
        probe=_probe(finding),
        host=host,
        run=run,
        raw_sha256=finding.raw_sha256,
        attest=finding.attest,
        qualified=finding.qualified,
    )
