"""Whether a machine may be built at all: it is short of no minimum that a build cannot mend."""

from collections.abc import Sequence
from datetime import date

from builder.assess.parts import outlasts_a_build
from builder.errors import Refused
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.workflows.survey import HostFacts, findings_of

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
    """Whether the finding is short, and of something that a build leaves as it is: all that is missing is of that
    kind, or, of several ways of which one is enough, every one is."""
    asked = [lack for lack in finding.lacks if not lack.wish]
    fixed = [outlasts_a_build(lack.fact) for lack in asked]
    ways = any(lack.either for lack in asked)
    return finding.verdict == "short" and bool(fixed) and (all(fixed) if ways else any(fixed))


def _told(host: str, finding: Finding) -> str:
    return f"{host}: {finding.product} {finding.requirement}: {finding.sentence.rstrip('.')} ({finding.source})"
