"""Rules about products, their sheets, waivers and dates."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches

from builder.assess.applies import sheets_for
from builder.assess.held import displays_of, standards, waivable
from builder.inventory.rules_case import Case, Found
from builder.inventory.rules_names import doubles
from builder.models.quantity import version
from builder.models.sheet import Sheet
from builder.models.site import Host

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day(text: str) -> date | None:
    """The day that YYYY-MM-DD means; None when it is none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


class _Shelf:
    """Sheets by product; what covers a version is looked up once, not once a host."""

    def __init__(self, case: Case) -> None:
        self.by_product: defaultdict[str, list[Sheet]] = defaultdict(list)
        for sheet in case.sheets:
            if sheet.machine != "display":  # no host is one
                self.by_product[sheet.product.id].append(sheet)
        self._covering: dict[tuple[str, str], list[Sheet]] = {}

    def covering(self, host: Host) -> list[Sheet]:
        product = host.product
        key = product.id, product.version
        if key not in self._covering:
            sheets = self.by_product.get(product.id, [])
            self._covering[key] = [sheet for sheet in sheets if sheet.covers(product.version)]
        return self._covering[key]


def _fault_of_product(host: Host, shelf: _Shelf) -> tuple[str, str, str] | None:
    """(field, what, remedy)."""
    product, known = host.product, shelf.by_product.get(host.product.id, [])
    if not known:
        near = get_close_matches(product.id, shelf.by_product, n=1)
        there = ", ".join(sorted(shelf.by_product)) or "none"
        remedy = f"did you mean {near[0]}?" if near else f"write one in specs/ (there are: {there})"
        return "id", f"there is no sheet of product {product.id}", remedy
    if version(product.version) is None:
        return "version", f"'{product.version}' is not a version", "write it as 1.12.7"
    covering = shelf.covering(host)
    if not covering:
        ranges = " or ".join(sheet.product.versions for sheet in known)
        return "version", f"no sheet of {product.id} covers version {product.version}", f"the sheets cover {ranges}"
    if len(covering) > 1:
        ranges = " and ".join(sheet.product.versions for sheet in covering)
        what = f"several sheets of {product.id} cover version {product.version} ({ranges})"
        return "version", what, "make the ranges of the sheets in specs/ exclude each other"
    machine = covering[0].machine
    if machine != host.host_class:
        what = f"{product.id} is a product for a machine of class {machine}, and {host.name} is a {host.host_class}"
        return "id", what, f"write `class: {machine}`, or another product"
    return None


def products_have_a_sheet(case: Case) -> Iterator[Found]:
    """What a host carries has exactly one sheet that covers its version and is meant for its class."""
    shelf = _Shelf(case)
    for path, host in case.hosts:
        fault = _fault_of_product(host, shelf)
        if fault is not None:
            field, what, remedy = fault
            yield (*path, "product", field), what, remedy


def _asked_of_displays(host: Host, sheets: Sequence[Sheet]) -> list[str]:
    its, known = displays_of(host), standards(sheets)
    held = [(display, known.get(display.standard or "")) for display in its]
    return [name for display, sheet in held if sheet is not None for name in waivable(display, sheet)]


def waivers_name_a_requirement(case: Case) -> Iterator[Found]:
    """A waiver speaks of a line of the host's sheets or of its displays' standards, once."""
    shelf = _Shelf(case)
    for path, host in case.hosts:
        if not host.waivers:
            continue
        known = [line.id for sheet in shelf.covering(host) for line in sheet.requirements]
        if known:
            known += [line.id for sheet in sheets_for(host, case.sheets) for line in sheet.requirements]
            known += _asked_of_displays(host, case.sheets)
        places = [((*path, "waivers", n, "requirement"), one.requirement) for n, one in enumerate(host.waivers)]
        for place, requirement in places:
            if known and requirement not in known:
                near = get_close_matches(requirement, known, n=1)
                remedy = f"did you mean {near[0]}?" if near else "write the id of one of its requirements"
                yield place, f"the sheet of {host.product.id} has no requirement {requirement}", remedy
        for place, requirement, _ in doubles(places):
            yield place, f"{requirement} is waived twice", "keep one of the two"


def waivers_have_not_expired(case: Case) -> Iterator[Found]:
    """A waiver ends on a day that has not passed."""
    for path, host in case.hosts:
        for number, waiver in enumerate(host.waivers):
            place, until = (*path, "waivers", number, "until"), day(waiver.until)
            if until is None:
                yield place, f"'{waiver.until}' is not a day of the calendar", "write YYYY-MM-DD"
            elif until < case.today:
                what = f"the waiver of {waiver.requirement} expired on {waiver.until}"
                yield place, what, "meet the requirement, or have the waiver renewed"


def dates_are_dates(case: Case) -> Iterator[Found]:
    """Days of the equipment record are days of the calendar, in order."""
    for path, end in case.ends:
        if end.asset is None:
            continue
        for field in ("installed", "released", "warranty_until"):
            text = getattr(end.asset, field)
            if text is not None and day(text) is None:
                yield (*path, "asset", field), f"'{text}' is not a day of the calendar", "write YYYY-MM-DD"
