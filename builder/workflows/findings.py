"""What was read of a machine against all that is asked of it."""

from collections.abc import Sequence
from datetime import date

from builder.assess.display import Report
from builder.assess.of_host import against_all
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.workflows.survey import HostFacts


def findings_of(
    read: HostFacts, sheets: Sequence[Sheet], today: date, reports: Sequence[Report] = ()
) -> tuple[Finding, ...]:
    """Every finding of the sheets of the machine's product and class, then of the standards that its displays are held
    to; `reports` are the site's calibration reports. Raises BadInput for a malformed waiver or a standard that is not
    there."""
    found = against_all(read.machine.host, read.facts, sheets, reports, today)
    return tuple(finding for one in found for finding in one.findings)
