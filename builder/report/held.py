"""The displays of a run's hosts as its dossier shows them: the verdicts of its evidence, and the report on calibration
that counted then. Pure."""

from collections.abc import Sequence
from datetime import date

from builder.assess.display import Report, calibration_facts, interval_of
from builder.assess.held import HeldDisplay, held_displays, requirements_of, waivable
from builder.models.dossier import DisplayLine, DisplayRecord, HostReading, Proof
from builder.models.run import Run
from builder.models.sheet import Sheet
from builder.models.site import Host, Site
from builder.report.displays import Shown, record_of

_REPORTS = "calibration/"  # the folder's name begins what is told of a report's figures


def display_records(
    site: Site,
    run: Run,
    facts: Sequence[HostReading],
    proofs: Sequence[Proof],
    *,
    sheets: Sequence[Sheet],
    reports: Sequence[Report],
) -> tuple[DisplayRecord, ...]:
    """Each display that was held to a standard in the run. Raises BadInput for a standard that is no longer there."""
    day = run.started.date()
    found = []
    for host in site.hosts:
        said = {fact.name: fact for one in facts if one.host == host.name for fact in one.facts}
        its = [proof for proof in proofs if proof.evidence.host == host.name and proof.evidence.kind == "requirement"]
        for held in held_displays(host, said, sheets, reports, day) if its else ():
            names = {*requirements_of(held.display, held.sheet), *waivable(held.display, held.sheet)}
            lines = [proof for proof in its if proof.evidence.subject in names]
            if lines:
                found.append(_record(host, held, lines, day))
    return tuple(found)


def _record(host: Host, held: HeldDisplay, lines: Sequence[Proof], day: date) -> DisplayRecord:
    report, word = _counted(held, lines), held.display.display_class
    shown = Shown(
        name=f"{host.name}, {held.display.name}",
        sheet=held.sheet,
        display_class=word,
        report=report,
        facts={**held.hung.panel, **calibration_facts(report, interval_of(held.sheet, word), day)},
        findings=(),
    )
    title = f"{shown.name}: {held.display.identity}"
    return record_of(shown).model_copy(update={"title": title, "lines": tuple(map(_line, lines))})


def _counted(held: HeldDisplay, lines: Sequence[Proof]) -> Report:
    """The report that the run counted: one of other bytes would draw what nobody judged."""
    report = held.hung.report
    if report.sha256 is not None and report.sha256 in {proof.evidence.raw_sha256 for proof in lines}:
        return report
    if any(_REPORTS in proof.evidence.probe for proof in lines):
        return Report(missing="the calibration report that this run counted is no longer there as it was")
    if report.calibration is None:
        return report
    return Report(missing="this run found no calibration report of this display")


def _line(proof: Proof) -> DisplayLine:
    one = proof.evidence
    return DisplayLine(
        verdict=one.verdict, expected=one.expected, found=one.observed, attest=one.attest, proof=proof.number
    )
