"""Whether a machine may be built at all: it is short of no minimum that a build cannot mend."""

from collections.abc import Iterable, Sequence
from datetime import date

from builder.assess.lacks import ways_of
from builder.assess.parts import outlasts_a_build
from builder.errors import Refused
from builder.models.finding import Finding, Lack
from builder.models.sheet import Sheet
from builder.workflows.findings import findings_of
from builder.workflows.survey import HostFacts

_WAIVE = "mend it, or let the site file's waivers of the host say by whom, why and until when it is accepted"


def refuse_short(read: Sequence[HostFacts], sheets: Sequence[Sheet], today: date) -> None:
    """Raise Refused that names every host and line that is short of a minimum and not waived.

    Only what outlasts a build counts (see `outlasts_a_build`): a package that is not there yet, and a setting, are what
    the build is for. What is not known, and a host that could not be read, are judged by the verification afterwards.
    """
    short = [
        (one.machine.host.name, finding)
        for one in read
        if one.fault is None
        for finding in findings_of(one, sheets, today)
        if unmendable(finding)
    ]
    if short:
        told = "; ".join(_told(host, finding) for host, finding in short)
        raise Refused(f"nothing was built or changed: {told}; {_WAIVE}")


def unmendable(finding: Finding) -> bool:
    """Whether the finding is short, and of something that a build leaves as it is: of what is missing in any case one
    thing is of that kind, or in every way of a choice one is."""
    asked = [lack for lack in finding.lacks if not lack.wish]
    firm = [lack for lack in asked if not lack.either]
    return finding.verdict == "short" and (_lasts(firm) or any(all(map(_lasts, ways)) for ways in ways_of(asked)))


def _lasts(lacks: Iterable[Lack]) -> bool:
    return any(outlasts_a_build(lack.fact) for lack in lacks)


def _told(host: str, finding: Finding) -> str:
    return f"{host}: {finding.product} {finding.requirement}: {finding.sentence.rstrip('.')} ({finding.source})"
