"""What the luminances of a report come to: against independent arithmetic, known displays, and every gap."""

from collections.abc import Callable
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from builder.assess.calibration import (
    ambient_margin,
    greatest_luminance,
    least_luminance,
    luminance_ratio,
    nonuniformity,
    own_greatest_luminance,
    own_least_luminance,
    own_luminance_ratio,
    response,
)
from builder.assess.gsdf import exact_jnd_index, jnd_index, luminance
from builder.assess.reading import UnclearError
from builder.load.calibration import load_calibration
from builder.models.calibration import Calibration, GreyStep, Position, Spot

SAMPLE = load_calibration(Path(__file__).parent / "recorded" / "calibration" / "made-up.csv").value
FIGURES: tuple[Callable[[Calibration], float], ...] = (
    greatest_luminance, least_luminance, luminance_ratio, own_greatest_luminance, own_least_luminance,
    own_luminance_ratio, ambient_margin, nonuniformity, lambda report: response(report).greatest,
    lambda report: response(report).mean,
)  # fmt: skip
PLACES: tuple[Position, ...] = ("centre", "top-left", "top-right", "bottom-left", "bottom-right")


def report(steps: dict[int, float], **more: Any) -> Calibration:
    fields: dict[str, Any] = {"ambient": 0.0, "ambient_included": False, "highest_level": 255, **more}
    return Calibration(
        maker="ENC", product="2651", serial="1", measured_on=date(2026, 9, 14), instrument="meter",
        steps=tuple(GreyStep(level=level, luminance=value) for level, value in steps.items()), **fields,
    )  # fmt: skip


def on_the_gsdf(least: float, greatest: float, ambient: float = 0.0, highest: int = 255) -> dict[int, float]:
    """18 greys exactly on the GSDF, as a meter on the glass sees them."""
    low, high = exact_jnd_index(least), exact_jnd_index(greatest)
    levels = [round(number * highest / 17) for number in range(18)]
    return {level: luminance(low + (high - low) * level / highest) - ambient for level in levels}


def gamma(power: float, least: float = 0.5, greatest: float = 350.0) -> dict[int, float]:
    """An office display: light by a power of the driving level."""
    return {15 * n: least + (greatest - least) * (n / 17) ** power for n in range(18)}


def test_the_sample_by_hand() -> None:
    assert greatest_luminance(SAMPLE) == pytest.approx(412.0 + 0.28)
    assert least_luminance(SAMPLE) == pytest.approx(0.62 + 0.28)
    assert (own_greatest_luminance(SAMPLE), own_least_luminance(SAMPLE)) == (412.0, 0.62)
    assert luminance_ratio(SAMPLE) == pytest.approx(412.28 / 0.90)
    assert own_luminance_ratio(SAMPLE) == pytest.approx(412.0 / 0.62)
    assert ambient_margin(SAMPLE) == pytest.approx(0.62 / 0.28)
    # At level 204 the bottom left is darkest and the centre brightest; at level 26 they differ less than that:
    assert nonuniformity(SAMPLE) == pytest.approx(max(200 * (178.2 - 161.4) / (178.2 + 161.4 + 0.56),
                                                      200 * (2.86 - 2.58) / (2.86 + 2.58 + 0.56)))  # fmt: skip
    found = response(SAMPLE)
    assert len(found.steps) == 17
    assert (found.steps[0].levels, found.steps[-1].levels) == ((0, 15), (240, 255))
    assert found.worst.levels == (210, 225)
    first = found.steps[0]
    assert first.luminances == (0.62 + 0.28, 1.681 + 0.28)
    assert first.jnds == pytest.approx(exact_jnd_index(1.961) - exact_jnd_index(0.9))
    assert found.jnds_a_step == pytest.approx((exact_jnd_index(412.28) - exact_jnd_index(0.9)) / 17)
    assert first.contrast == pytest.approx(2 * (1.961 - 0.9) / (1.961 + 0.9) / found.jnds_a_step)
    assert found.greatest == pytest.approx(3.44, abs=0.01)
    assert found.mean == pytest.approx(1.27, abs=0.01)


def as_pacsdisplay_does(measured: Calibration) -> list[float]:
    """The same by another way: the published inverse, and pacsDisplay's order of operations
    (docs/calibration.md names the file). Per cent, of 17 steps."""
    seen = [step.luminance + (measured.ambient or 0) for step in measured.steps]
    low, high = jnd_index(seen[0]), jnd_index(seen[-1])
    a_level = (high - low) / 255
    gsdf = [luminance(min(low + a_level * step.level, 1023)) for step in measured.steps]
    off = []
    for n in range(1, 18):
        contrast = 2 * (seen[n] - seen[n - 1]) / (seen[n] + seen[n - 1]) / (15 * a_level)
        wanted = 2 * (gsdf[n] - gsdf[n - 1]) / (gsdf[n] + gsdf[n - 1]) / (15 * a_level)
        off.append(100 * (contrast - wanted) / wanted)
    return off


@pytest.mark.parametrize(
    "measured",
    [SAMPLE, report(gamma(2.2)), report(gamma(1.8, 0.8, 250)), report(on_the_gsdf(1, 350))],
    ids=["sample", "gamma 2.2", "gamma 1.8", "on the GSDF"],
)
def test_another_way_of_computing_it_comes_to_the_same(measured: Calibration) -> None:
    assert [step.deviation for step in response(measured).steps] == pytest.approx(
        as_pacsdisplay_does(measured), abs=0.5
    )


def test_an_office_display_is_far_off() -> None:
    """Gamma 2.2 has too much contrast in its dark greys and too little, by nearly half, in its bright ones."""
    found = response(report(gamma(2.2)))
    assert found.worst.levels == (15, 30)
    assert found.greatest == found.worst.deviation == pytest.approx(52.9, abs=0.05)
    bright = [step.deviation for step in found.steps[6:]]
    assert bright == sorted(bright, reverse=True)
    assert (bright[0], bright[-1]) == pytest.approx((-3.4, -45.3), abs=0.05)


@given(st.floats(0.06, 5), st.floats(100, 3900), st.floats(0, 0.05), st.sampled_from([255, 1023, 4095]))
def test_a_display_on_the_gsdf_is_not_off(least: float, greatest: float, ambient: float, highest: int) -> None:
    found = response(report(on_the_gsdf(least, greatest, ambient, highest), ambient=ambient, highest_level=highest))
    assert found.greatest < 1e-4
    assert found.mean <= found.greatest
    assert sum(step.jnds for step in found.steps) == pytest.approx(17 * found.jnds_a_step)
    assert found.steps[0].wanted[0] == pytest.approx(least)
    assert found.steps[-1].wanted[1] == pytest.approx(greatest)


@given(st.integers(1, 15), st.floats(0.002, 0.15))
def test_one_grey_that_is_too_bright_makes_the_step_before_steeper_and_the_one_after_flatter(
    number: int, share: float
) -> None:
    steps = on_the_gsdf(1, 350)
    level = 15 * number
    steps[level] *= 1 + share
    assume(steps[level] < steps[level + 15])
    found = response(report(steps))
    before, after = found.steps[number - 1], found.steps[number]
    assert before.deviation > 0 > after.deviation
    assert all(abs(step.deviation) < 1e-4 for step in found.steps if step not in (before, after))
    assert found.worst in (before, after)


@given(st.floats(0.01, 2))
def test_the_room_counts_whether_the_meter_saw_it_or_somebody_wrote_it_down(ambient: float) -> None:
    steps = gamma(2.2)
    apart = report(steps, ambient=ambient)
    inside = report({level: value + ambient for level, value in steps.items()}, ambient=ambient, ambient_included=True)
    for figure in (greatest_luminance, least_luminance, luminance_ratio, own_least_luminance, own_luminance_ratio,
                   ambient_margin, lambda one: response(one).greatest):  # fmt: skip
        assert figure(inside) == pytest.approx(figure(apart))


def test_more_greys_than_eighteen_do_not_change_the_answer_even_when_they_are_noisy() -> None:
    more = {**on_the_gsdf(1, 350), 7: 0.9, 100: 500.0}
    assert response(report(dict(sorted(more.items())))) == response(report(on_the_gsdf(1, 350)))
    assert greatest_luminance(report(more)) == pytest.approx(350)


def test_of_ten_bits_the_nearest_whole_levels_are_taken() -> None:
    steps = on_the_gsdf(1, 350, highest=1023)
    assert sorted(steps)[:3] == [0, 60, 120]
    other = {**{level: value for level, value in steps.items() if level != 120}, 121: steps[120] * 1.006}
    assert response(report(other, highest_level=1023)).steps[1].levels == (60, 121)
    both = steps | {180: (steps[120] + steps[181]) / 2}  # 180.53 is meant: 181 is nearer than 180
    assert response(report(dict(sorted(both.items())), highest_level=1023)) == response(
        report(steps, highest_level=1023)
    )
    found = response(report(steps, highest_level=1023)).steps[0]  # 60 of 1023 levels, not a seventeenth of them
    due = (exact_jnd_index(350) - exact_jnd_index(1)) * 60 / 1023
    assert found.contrast == pytest.approx(2 * (steps[60] - 1) / (steps[60] + 1) / due)
    with pytest.raises(UnclearError, match="of the 18 evenly spaced levels 120 was not measured"):
        response(report({**{n: v for n, v in steps.items() if n != 120}, 122: 5.0}, highest_level=1023))


ALL = on_the_gsdf(1, 350)
NO_ROOM = "the room's light on the screen (ambient luminance) was not measured"


def without(*levels: int) -> dict[int, float]:
    return {level: value for level, value in ALL.items() if level not in levels}


@pytest.mark.parametrize(
    ("steps", "more", "figure", "why"),
    [
        ({}, {}, response, "no grey steps were measured"),
        ({}, {}, greatest_luminance, "no grey steps were measured"),
        (without(15), {}, response, "of the 18 evenly spaced levels 15 was not measured"),
        (without(15, 30), {}, response, "of the 18 evenly spaced levels 15 and 30 were not measured"),
        ({0: 1.0, 255: 350.0}, {}, response,
         "of the 18 evenly spaced levels 15, 30, 45 and 13 others were not measured"),
        (without(0), {}, luminance_ratio, "level 0 was not measured"),
        (without(255), {}, greatest_luminance, "level 255 was not measured"),
        (ALL | {90: 1.0}, {}, response,
         f"level 90 (1 cd/m2) was not measured brighter than level 75 ({ALL[75]:g} cd/m2)"),
        (ALL | {90: ALL[75]}, {}, luminance_ratio,
         f"level 90 ({ALL[75]:g} cd/m2) was not measured brighter than level 75 ({ALL[75]:g} cd/m2)"),
        ({0: 350.0, 255: 1.0}, {}, luminance_ratio,
         "level 255 (1 cd/m2) was not measured brighter than level 0 (350 cd/m2)"),
        (ALL, {"ambient": None}, response, NO_ROOM),
        (ALL, {"ambient": None}, luminance_ratio, NO_ROOM),
        (ALL, {"ambient": None}, ambient_margin, NO_ROOM),
        (ALL, {"ambient": None, "ambient_included": True}, ambient_margin, NO_ROOM),
        (ALL, {"ambient": None, "ambient_included": True}, own_greatest_luminance,
         "the luminances hold the room's light, and how much that is (ambient luminance) was not measured"),
        (ALL, {"ambient": 2.0, "ambient_included": True}, own_least_luminance,
         "the ambient luminance of 2 cd/m2 is not less than the 1 cd/m2 that were measured with it"),
        (ALL, {"ambient": 0.0}, ambient_margin,
         "the ambient luminance is 0 cd/m2: a dark room, or darker than the meter can tell"),
        (ALL | {0: 0.0}, {}, luminance_ratio, "level 0 was measured as 0 cd/m2, darker than the meter can tell"),
        (ALL | {0: 0.01}, {}, response,
         "the GSDF is defined from 0.05 to 3993.33 cd/m2 (PS3.14, 7.1), not for 0.01 cd/m2"),
        (ALL | {255: 4500.0}, {}, response,
         "the GSDF is defined from 0.05 to 3993.33 cd/m2 (PS3.14, 7.1), not for 4500 cd/m2"),
        (ALL, {}, nonuniformity, "no uniformity was measured"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_says_why(
    steps: dict[int, float], more: dict[str, Any], figure: Callable[[Calibration], object], why: str
) -> None:
    with pytest.raises(UnclearError) as caught:
        figure(report(steps, **more))
    assert str(caught.value) == why


def test_luminances_that_hold_the_room_need_no_ambient_for_what_the_eye_sees() -> None:
    measured = report(ALL, ambient=None, ambient_included=True)
    assert response(measured).greatest < 1e-4
    assert luminance_ratio(measured) == pytest.approx(350)


def spots(values: dict[Position, float], level: int = 204) -> tuple[Spot, ...]:
    return tuple(Spot(position=place, level=level, luminance=value) for place, value in values.items())


EVEN: dict[Position, float] = dict.fromkeys(PLACES, 170.0)


def test_uniformity_is_of_the_worst_level_and_of_every_place() -> None:
    assert nonuniformity(report({}, spots=spots(EVEN))) == 0
    bright = spots({**EVEN, "centre": 200.0})
    assert nonuniformity(report({}, spots=bright)) == pytest.approx(200 * 30 / 370)
    assert nonuniformity(report({}, spots=bright, ambient=15.0)) == pytest.approx(200 * 30 / 400)
    dim = spots({**dict.fromkeys(PLACES, 2.0), "top-left": 1.0}, level=26)
    assert nonuniformity(report({}, spots=(*bright, *dim))) == pytest.approx(200 / 3)
    nine = spots({**EVEN, "left": 100.0})
    assert nonuniformity(report({}, spots=nine)) == pytest.approx(200 * 70 / 270)


@pytest.mark.parametrize(
    ("found", "more", "why"),
    [
        (spots({"centre": 170.0, "top": 160.0, "top-left": 150.0, "bottom-left": 150.0}), {},
         "at level 204 the luminance of top-right and bottom-right was not measured"),
        ((*spots(EVEN), *spots({"centre": 2.0}, 26)), {},
         "at level 26 the luminance of top-left and top-right and bottom-left and bottom-right was not measured"),
        (spots(EVEN), {"ambient": None}, NO_ROOM),
        (spots({**EVEN, "top-left": 0.0}), {},
         "at level 204 a luminance was measured as 0 cd/m2, darker than the meter can tell"),
    ],
)  # fmt: skip
def test_half_a_uniformity_is_none(found: tuple[Spot, ...], more: dict[str, Any], why: str) -> None:
    with pytest.raises(UnclearError) as caught:
        nonuniformity(report({}, spots=found, **more))
    assert str(caught.value) == why


# A file has nine decimal places.
measured_values = st.one_of(st.floats(1e-9, 5000), st.sampled_from([0.0, 0.05, 1.0, 350.0, 3993.0, 4000.0]))


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from([0, 1, *range(15, 256, 15)]), measured_values),
    st.dictionaries(st.sampled_from(PLACES), measured_values),
    st.one_of(st.none(), measured_values),
    st.booleans(),
)
def test_whatever_was_measured_a_figure_is_a_number_or_a_reason(
    steps: dict[int, float], places: dict[Position, float], ambient: float | None, included: bool
) -> None:
    measured = report(steps, spots=spots(places), ambient=ambient, ambient_included=included)
    for figure in FIGURES:
        try:
            value = figure(measured)
        except UnclearError as why:
            assert len(str(why)) > 15
        else:
            assert isfinite(value)
            assert value >= 0
