"""Calibration reports beside a site file: what is wrong with their days, and what their figures leave open."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from builder.assess.display import Report, calibration_facts, to_come
from builder.load import Loaded, Problem
from builder.load.calibration import FOLDER
from builder.models.calibration import Calibration

_TOLD = ("display.gsdf.deviation", "display.luminance.ratio", "display.nonuniformity")
_MEASURED_ON = ("measured on",)


def reports_from(calibrations: Iterable[Loaded[Calibration]]) -> tuple[Report, ...]:
    """Loaded calibration reports as an assessment takes them."""
    return tuple(Report(one.value, f"{FOLDER}/{one.file.name}", one.sha256) for one in calibrations)


def wrong_days(calibrations: Sequence[Loaded[Calibration]], today: date) -> Iterator[Problem]:
    """A report from the future, and two reports of one display and day, of which nobody knows which counts."""
    seen: dict[tuple[str, str, str, date], Loaded[Calibration]] = {}
    for one in calibrations:
        value = one.value
        if value.measured_on > today:
            yield one.problem(_MEASURED_ON, to_come(value), "correct the day")
        if value.serial is None:
            continue
        first = seen.setdefault((value.maker, value.product, value.serial, value.measured_on), one)
        if first is not one:
            what = f"{first.file.name} is a report of {value.display} of the same day, and only one can count"
            yield one.problem(_MEASURED_ON, what, "remove one of the two files, or correct its day or its display")


def left_open(calibrations: Iterable[Loaded[Calibration]], today: date) -> Iterator[str]:
    """What the reports that count cannot tell, and why, each with its place: the last of each display."""
    last: dict[tuple[str, str, str | None], Loaded[Calibration]] = {}
    for one in sorted(calibrations, key=lambda its: its.value.measured_on):
        last[(one.value.maker, one.value.product, one.value.serial)] = one
    for one in sorted(last.values(), key=lambda its: its.file):
        facts = calibration_facts(Report(one.value), None, today)
        why = dict.fromkeys(error for name in _TOLD if (error := facts[name].error) is not None)
        if why:
            line, column = one.position(("grey steps",))
            yield f"{one.file}:{line}:{column}: not all can be told from this calibration report: {'; '.join(why)}"
