"""All that is asked of one host: its sheets, and the standards that its displays are held to (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from builder.assess.applies import sheets_for, uses_of
from builder.assess.assessment import assess
from builder.assess.display import Report
from builder.assess.held import held_displays, measured_facts, shared_findings
from builder.assess.workload import declared_facts
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.models.site import Host


class Against(NamedTuple):
    """A sheet or a display standard, and what came of holding the host against it."""

    sheet: Sheet
    findings: tuple[Finding, ...]


def whole_facts(host: Host, facts: Mapping[str, Fact], reports: Sequence[Report], today: date) -> dict[str, Fact]:
    """What the host said, what was measured on its displays, and what the site declares of it."""
    return {**facts, **measured_facts(facts, reports, today), **declared_facts(host)}


def against_all(
    host: Host, facts: Mapping[str, Fact], sheets: Sequence[Sheet], reports: Sequence[Report], today: date
) -> tuple[Against, ...]:
    """The host against the sheet of its product, that of its class, and each standard that a display of it names.
    Raises BadInput for a malformed waiver or a standard that is not there."""
    whole = whole_facts(host, facts, reports, today)
    its = (
        Against(one, assess(one, whole, use=uses_of(host), waivers=host.waivers, today=today))
        for one in sheets_for(host, sheets)
    )
    return (*its, *_displays(host, facts, sheets, reports, today))


def _displays(
    host: Host, facts: Mapping[str, Fact], sheets: Sequence[Sheet], reports: Sequence[Report], today: date
) -> Iterable[Against]:
    held = held_displays(host, facts, sheets, reports, today)
    for standard in {one.sheet.product.id: one.sheet for one in held}.values():
        its = [one for one in held if one.sheet is standard]
        yield Against(standard, (*(finding for one in its for finding in one.findings),
                                 *shared_findings(host, its, today)))  # fmt: skip
