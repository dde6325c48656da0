"""Rules about displays, the standards that they are held to, and their calibration reports."""

from collections.abc import Iterator, Sequence

from builder.assess.held import displays_of as all_displays
from builder.assess.held import fault_of, standards
from builder.inventory.rules_case import Case, Found
from builder.inventory.rules_stations import displays_of
from builder.models.calibration import Calibration
from builder.models.site import Site


def displays_are_held_to_a_standard(case: Case) -> Iterator[Found]:
    """A standard is the sheet of one, and a class is one that it knows."""
    known = standards(case.sheets)
    for path, host in case.hosts:
        for place, display in displays_of(host):
            fault = fault_of(display, known)
            if fault is not None:
                field, what, remedy = fault
                yield (*path, *place, field), what, remedy


def strangers(site: Site, reports: Sequence[Calibration]) -> tuple[Calibration, ...]:
    """Reports that speak of no display of the site. A display whose serial number the site file leaves out is known by
    maker and product alone: its EDID tells the number."""
    known = {(one.maker, one.product, one.serial) for host in site.hosts for one in all_displays(host)}
    return tuple(
        report
        for report in reports
        if report.serial is None
        or not {(report.maker, report.product, serial) for serial in (report.serial, None)} & known
    )
