"""A display and its calibration report against a standard's class: met, short or unknown for each line (pure).

A standard is a sheet of machine `display`; its classes are the words of its lines' `when: {use: ...}`. A line without a
`when` holds for every class.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

from builder.assess import calibration as figures
from builder.assess.assessment import assess
from builder.assess.reading import UnclearError
from builder.errors import BadInput
from builder.models.base import Model
from builder.models.calibration import Calibration
from builder.models.catalogue import fact_kind
from builder.models.days import after
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.quantity import BASE_UNITS
from builder.models.sheet import Sheet
from builder.models.site import Waiver

CURRENT = "display.calibration.current"
UNMEASURED = "no calibration report"
"""Begins what is told as the command of a figure that nobody has measured."""

# The figure of each fact, how it is computed, and where that way is written down.
_PER_JND = "dL/L per JND of 18 levels; AAPM OR-03 (TG18), IEC 62563-1, 7.4.3, DICOM PS3.14, 7.1"
_TG18 = "AAPM TG-18, as EIZO RadiCS, p. 84, has it"
FIGURES: Mapping[str, tuple[Callable[[Calibration], float], str]] = {
    "display.ambient.margin": (figures.ambient_margin, "Lmin / Lamb; AAPM TG-18, as EIZO RadiCS, p. 85, has it"),
    "display.gsdf.deviation": (lambda report: figures.response(report).greatest, _PER_JND),
    "display.gsdf.mean": (lambda report: figures.response(report).mean, _PER_JND),
    "display.luminance.maximum": (figures.greatest_luminance, f"L'max = Lmax + Lamb; {_TG18}"),
    "display.luminance.minimum": (figures.least_luminance, f"L'min = Lmin + Lamb; {_TG18}"),
    "display.luminance.own.maximum": (figures.own_greatest_luminance, "Lmax"),
    "display.luminance.own.minimum": (figures.own_least_luminance, "Lmin"),
    "display.luminance.own.ratio": (figures.own_luminance_ratio, "Lmax / Lmin"),
    "display.luminance.ratio": (figures.luminance_ratio, f"L'max / L'min; {_TG18}"),
    "display.nonuniformity": (
        figures.nonuniformity,
        "200 (Lmax - Lmin) / (Lmax + Lmin); AAPM TG-18, as pacsDisplay's uniLum has it",
    ),
}


class Due(Model):
    """When a display was measured and when it is to be measured again; `overdue` from the day after."""

    measured_on: date
    due_on: date
    overdue: bool

    @property
    def sentence(self) -> str:
        """As `measured on 2026-09-14, due on 2027-09-14`."""
        late = ", overdue" if self.overdue else ""
        return f"measured on {self.measured_on}, due on {self.due_on}{late}"


def to_come(report: Calibration) -> str:
    """What is wrong with a report from the future."""
    return f"the report is of {report.measured_on}, which is still to come"


def due(report: Calibration, interval: str, today: date) -> Due:
    """`interval` as a sheet writes it, "1 year". Raises UnclearError for a report from the future."""
    if report.measured_on > today:
        raise UnclearError(to_come(report))
    last = after(report.measured_on, interval)
    return Due(measured_on=report.measured_on, due_on=last, overdue=today > last)


@dataclass(frozen=True)
class Report:
    """A calibration report with the name of its file and the SHA-256 of its bytes; or `missing`: why there is none."""

    calibration: Calibration | None = None
    file: str = ""
    sha256: str | None = None
    missing: str = "there is no calibration report of this display"

    def read(self) -> Calibration:
        """The calibration. Raises UnclearError when there is none."""
        if self.calibration is None:
            raise UnclearError(self.missing)
        return self.calibration


_IDENTITY = ("display.maker", "display.product")
_SERIALS = ("display.serial", "display.serial_number")


def panels(facts: Mapping[str, Fact]) -> dict[str, dict[str, Fact]]:
    """The facts of each display of a host by its connector, under their own names: `displays.DP-1.pitch` of a host is
    `display.pitch` of its display on DP-1."""
    found: defaultdict[str, dict[str, Fact]] = defaultdict(dict)
    for name, fact in facts.items():
        connector, _, rest = name.removeprefix("displays.").partition(".")
        if name.startswith("displays.") and rest:
            found[connector][f"display.{rest}"] = fact.model_copy(update={"name": f"display.{rest}"})
    return dict(sorted(found.items()))


def report_of(panel: Mapping[str, Fact], reports: Iterable[Report]) -> Report:
    """The newest calibration report of a display, by what its EDID says of it."""
    maker, product = (_text(panel, name) for name in _IDENTITY)
    if maker is None or product is None:
        return Report(missing="the display does not say which one it is, so that its calibration report is not found")
    return newest(reports, maker, product, [said for name in _SERIALS if (said := _text(panel, name)) is not None])


def _text(panel: Mapping[str, Fact], name: str) -> str | None:
    fact = panel.get(name)
    return str(fact.value) if fact is not None and fact.value is not None else None


def newest(reports: Iterable[Report], maker: str, product: str, serials: Collection[str]) -> Report:
    """The last report of a display, by any of the serial numbers that it states. One without any has none, and of two
    of one day nobody knows which counts: the report then says so."""
    if not serials:
        return Report(missing="the display states no serial number, by which its calibration report would be found")
    its = [(one.calibration.measured_on, one) for one in reports if one.calibration is not None
           and any(one.calibration.of(maker, product, serial) for serial in serials)]  # fmt: skip
    last = [one for day, one in its if day == max(day for day, _ in its)]
    if len(last) > 1:
        files = " and ".join(sorted(one.file for one in last))
        return Report(missing=f"{files} are of one day and one display; keep the one that counts")
    return last[0] if last else Report()


def calibration_facts(report: Report, interval: str | None, today: date) -> dict[str, Fact]:
    """Every figure of a report as a fact: its value, or why it cannot be told. `interval`: how long a measurement
    holds by the standard; without one nothing is said of that. Of a report from the future no figure counts."""
    if report.calibration is not None and report.calibration.measured_on > today:
        report = replace(report, calibration=None, missing=to_come(report.calibration))
    facts = {name: _fact(name, report, made, way) for name, (made, way) in FIGURES.items()}
    if interval is not None:
        facts[CURRENT] = _current(report, interval, today)
    return facts


def _fact(name: str, report: Report, made: Callable[[Calibration], float], way: str) -> Fact:
    command = f"{report.file or UNMEASURED}: {way}"
    unit = BASE_UNITS.get(fact_kind(name).kind)
    try:
        return Fact(name=name, value=made(report.read()), unit=unit, command=command, raw_sha256=report.sha256)
    except UnclearError as why:
        return Fact(name=name, error=str(why), command=command, raw_sha256=report.sha256)


def _current(report: Report, interval: str, today: date) -> Fact:
    command = f"{report.file or UNMEASURED}: measured on, and {interval} later"
    try:
        when = due(report.read(), interval, today)
    except UnclearError as why:
        return Fact(name=CURRENT, error=str(why), command=command, raw_sha256=report.sha256)
    return Fact(name=CURRENT, value=not when.overdue, note=when.sentence, command=command, raw_sha256=report.sha256)


def classes_of(sheet: Sheet) -> tuple[str, ...]:
    """The display classes that a standard names, in its order; none when all its lines hold for every display."""
    return tuple(dict.fromkeys(word for line in sheet.requirements if line.when for word in line.when.use))


def interval_of(sheet: Sheet, display_class: str | None) -> str | None:
    """How long a measurement holds by the standard; None when it does not say."""
    lines = [line for line in sheet.requirements if line.fact == CURRENT]
    its = [line for line in lines if line.when is None or display_class in line.when.use]
    return next((line.valid_for for line in its if line.valid_for), None)


def _check_class(sheet: Sheet, display_class: str | None) -> None:
    known = classes_of(sheet)
    if display_class in known or (display_class is None and not known):
        return
    if display_class is None:
        raise BadInput(f"{sheet.product.name}: name the display's class, one of {', '.join(known)}")
    near = get_close_matches(display_class, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}" if known else "leave it out"
    raise BadInput(f"{sheet.product.name}: there is no display class {display_class}; {remedy}")


def assess_display(
    sheet: Sheet,
    display_class: str | None,
    panel: Mapping[str, Fact],
    report: Report,
    *,
    waivers: Iterable[Waiver] = (),
    today: date,
) -> tuple[Finding, ...]:
    """A finding for each line of the standard that holds for the class.

    `panel` are the facts of the display itself (`display.megapixels`, `display.pitch`, `display.depth`,
    `display.shorter`); one that is not there is unknown. Raises BadInput for a class that the standard does not name.
    """
    _check_class(sheet, display_class)
    facts = {**panel, **calibration_facts(report, interval_of(sheet, display_class), today)}
    use = frozenset({display_class} if display_class else ())
    return tuple(
        finding
        for finding in assess(sheet, facts, use=use, waivers=waivers, today=today)
        if finding.verdict != "not applicable"
    )
