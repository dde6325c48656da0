"""What the luminances of a calibration report come to (pure). docs/calibration.md gives each figure and its source.

Everything that cannot be told raises UnclearError with the reason; no figure is made of half a measurement.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor

from builder.assess.gsdf import OutsideGsdfError, exact_jnd_index, luminance
from builder.assess.reading import UnclearError
from builder.models.base import Model
from builder.models.calibration import Calibration, GreyStep

LEVELS = 18
"""AAPM OR-03 (TG18) and DIN V 6868-157 measure 18 greys, evenly spaced: of 8 bits every fifteenth, from 0 to 255."""
_CORNERS = ("centre", "top-left", "top-right", "bottom-left", "bottom-right")  # of the uniformity patterns TG18-UN


class ResponseStep(Model):
    """From one measured grey to the next: luminances in cd/m2 with the room's light, `wanted` those that the GSDF has
    at these levels, contrasts as dL/L per JND, `deviation` of the measured contrast from the wanted one in per cent."""

    levels: tuple[int, int]
    luminances: tuple[float, float]
    wanted: tuple[float, float]
    jnds: float
    contrast: float
    wanted_contrast: float
    deviation: float


class Response(Model):
    """How far a display's greys follow the GSDF between its own darkest and brightest: 17 steps of 18 greys.

    `jnds_a_step` is how many just noticeable differences each should have; `greatest` and `mean` are of the deviations'
    amounts, in per cent.
    """

    steps: tuple[ResponseStep, ...]
    jnds_a_step: float
    greatest: float
    mean: float

    @property
    def worst(self) -> ResponseStep:
        """The step with the greatest deviation."""
        return max(self.steps, key=lambda step: abs(step.deviation))


def _listed(levels: Sequence[int]) -> str:
    names = [str(level) for level in levels]
    names = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} others"]
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def _even(report: Calibration) -> tuple[list[GreyStep], list[int]]:
    """The 18 evenly spaced greys among those measured, and the levels that are missing: exactly those of 8 bits, of
    others the nearest whole level."""
    measured = {step.level: step for step in report.steps}
    found, missing = [], []
    for number in range(LEVELS):
        place = number * report.highest_level / (LEVELS - 1)
        near = [level for level in sorted((floor(place), ceil(place)), key=_distance(place)) if level in measured]
        if near:
            found.append(measured[near[0]])
        else:
            missing.append(round(place))
    return found, missing


def _distance(place: float) -> Callable[[int], float]:
    return lambda level: abs(level - place)


def _orderly(report: Calibration) -> Sequence[GreyStep]:
    """The 18 greys, or all that were measured where these are not among them, by level. Raises UnclearError when one is
    not brighter than the one before."""
    if not report.steps:
        raise UnclearError("no grey steps were measured")
    even, missing = _even(report)
    steps = sorted(report.steps, key=lambda step: step.level) if missing else even
    for darker, brighter in pairwise(steps):
        if brighter.luminance <= darker.luminance:
            raise UnclearError(
                f"level {brighter.level} ({brighter.luminance:g} cd/m2) was not measured brighter than level "
                f"{darker.level} ({darker.luminance:g} cd/m2)"
            )
    return steps


def _with_room(report: Calibration, value: float) -> float:
    """A measured luminance with the room's light, in cd/m2."""
    if report.ambient_included:
        return value
    if report.ambient is None:
        raise UnclearError("the room's light on the screen (ambient luminance) was not measured")
    return value + report.ambient


def _without_room(report: Calibration, value: float) -> float:
    """A measured luminance without the room's light, in cd/m2."""
    if not report.ambient_included:
        return value
    if report.ambient is None:
        raise UnclearError("the luminances hold the room's light, and how much that is (ambient luminance) was not "
                           "measured")  # fmt: skip
    if value <= report.ambient:
        raise UnclearError(f"the ambient luminance of {report.ambient:g} cd/m2 is not less than the {value:g} cd/m2 "
                           "that were measured with it")  # fmt: skip
    return value - report.ambient


def _at(report: Calibration, level: int) -> float:
    found = [step.luminance for step in _orderly(report) if step.level == level]
    if not found:
        raise UnclearError(f"level {level} was not measured")
    return found[0]


def greatest_luminance(report: Calibration) -> float:
    """L'max in cd/m2: the highest level, with the room's light."""
    return _with_room(report, _at(report, report.highest_level))


def least_luminance(report: Calibration) -> float:
    """L'min in cd/m2: level 0, with the room's light."""
    return _with_room(report, _at(report, 0))


def own_greatest_luminance(report: Calibration) -> float:
    """Lmax in cd/m2: the highest level, without the room's light."""
    return _without_room(report, _at(report, report.highest_level))


def own_least_luminance(report: Calibration) -> float:
    """Lmin in cd/m2: level 0, without the room's light."""
    return _without_room(report, _at(report, 0))


def luminance_ratio(report: Calibration) -> float:
    """L'max / L'min, both with the room's light (AAPM TG-18's LR')."""
    return _over(greatest_luminance(report), least_luminance(report))


def own_luminance_ratio(report: Calibration) -> float:
    """Lmax / Lmin, both without the room's light."""
    return _over(own_greatest_luminance(report), own_least_luminance(report))


def _over(greatest: float, least: float) -> float:
    if least <= 0:
        raise UnclearError("level 0 was measured as 0 cd/m2, darker than the meter can tell")
    return greatest / least


def ambient_margin(report: Calibration) -> float:
    """Lmin / Lamb: how much brighter the darkest grey is than the room's light on the dark screen."""
    if report.ambient is None:
        raise UnclearError("the room's light on the screen (ambient luminance) was not measured")
    if report.ambient == 0:
        raise UnclearError("the ambient luminance is 0 cd/m2: a dark room, or darker than the meter can tell")
    return own_least_luminance(report) / report.ambient


def response(report: Calibration) -> Response:
    """The greys against the GSDF between the display's own L'min and L'max, as AAPM OR-03 (TG18) has it.

    The GSDF's steps are equally many JNDs for equally many driving levels. Contrast is 2 (b - a) / (b + a) of two
    neighbouring luminances, per JND that the step should have. Raises UnclearError when one of the 18 levels is
    missing, a luminance does not rise, the room's light is not known or PS3.14 does not reach as far.
    """
    steps, missing = _orderly(report), _even(report)[1]
    if missing:
        were = "was" if len(missing) == 1 else "were"
        raise UnclearError(f"of the {LEVELS} evenly spaced levels {_listed(missing)} {were} not measured")
    seen = [_with_room(report, step.luminance) for step in steps]
    try:
        indices = [exact_jnd_index(value) for value in seen]
    except OutsideGsdfError as outside:
        raise UnclearError(str(outside)) from outside
    a_level = (indices[-1] - indices[0]) / report.highest_level
    wanted = [luminance(indices[0] + a_level * step.level) for step in steps[:-1]]
    wanted.append(seen[-1])
    made = tuple(
        _step((steps[n].level, steps[n + 1].level), (seen[n], seen[n + 1]), (wanted[n], wanted[n + 1]),
              indices[n + 1] - indices[n], a_level)
        for n in range(LEVELS - 1)
    )  # fmt: skip
    off = [abs(step.deviation) for step in made]
    return Response(
        steps=made, jnds_a_step=(indices[-1] - indices[0]) / (LEVELS - 1), greatest=max(off), mean=sum(off) / len(off)
    )


def _step(
    levels: tuple[int, int], seen: tuple[float, float], wanted: tuple[float, float], jnds: float, a_level: float
) -> ResponseStep:
    due = a_level * (levels[1] - levels[0])  # JNDs that the step should have
    contrast, wanted_contrast = (2 * (bright - dark) / (bright + dark) / due for dark, bright in (seen, wanted))
    return ResponseStep(
        levels=levels, luminances=seen, wanted=wanted, jnds=jnds, contrast=contrast, wanted_contrast=wanted_contrast,
        deviation=100 * (contrast - wanted_contrast) / wanted_contrast,
    )  # fmt: skip


def nonuniformity(report: Calibration) -> float:
    """200 (Lmax - Lmin) / (Lmax + Lmin) in per cent over centre, corners and what else was measured, with the room's
    light (AAPM TG-18's maximum luminance deviation): the greatest of all levels. Raises UnclearError when a level lacks
    one of the five places."""
    levels = sorted({spot.level for spot in report.spots})
    if not levels:
        raise UnclearError("no uniformity was measured")
    return max(_unevenness(report, level) for level in levels)


def _unevenness(report: Calibration, level: int) -> float:
    spots = {spot.position: _with_room(report, spot.luminance) for spot in report.spots if spot.level == level}
    missing = [place for place in _CORNERS if place not in spots]
    if missing:
        raise UnclearError(f"at level {level} the luminance of {' and '.join(missing)} was not measured")
    most, least = max(spots.values()), min(spots.values())
    if least <= 0:
        raise UnclearError(f"at level {level} a luminance was measured as 0 cd/m2, darker than the meter can tell")
    return 200 * (most - least) / (most + least)
