"""The Grayscale Standard Display Function against the published values, and against itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.assess.gsdf import GREATEST, LEAST, OutsideGsdfError, exact_jnd_index, jnd_index, luminance

# PS3.14's own figures where they are published, and those of another implementation (colour-science).
PUBLISHED = {1: 0.0499818, 512: 130.0652840, 1023: 3993.3295859}
INVERSE = {130.0652840: 511.9964807, 1.0: 71.498068, 250.0: 604.1121907, 350.0: 653.1151880, 420.0: 680.0168846}


@pytest.mark.parametrize(("index", "wanted"), PUBLISHED.items())
def test_the_published_luminances(index: int, wanted: float) -> None:
    assert luminance(index) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("text", "index"), [("0.049982", 1), ("130.0653", 512), ("3993.3296", 1023)])
def test_the_published_luminances_to_every_digit_that_is_printed(text: str, index: int) -> None:
    places = len(text.partition(".")[2])
    assert f"{luminance(index):.{places}f}" == text


@pytest.mark.parametrize(("value", "wanted"), INVERSE.items())
def test_the_published_inverse(value: float, wanted: float) -> None:
    assert jnd_index(value) == pytest.approx(wanted, rel=1e-7)


def test_the_published_inverse_to_every_digit_of_another_implementation() -> None:
    """colour-science prints 511.9964806 and goes on."""
    assert 511.9964806 <= jnd_index(130.065284012159790) < 511.9964807


def test_the_published_inverse_agrees_within_a_tenth_of_a_step_at_every_index() -> None:
    off = {index: abs(jnd_index(luminance(index)) - index) for index in range(1, 1024)}
    assert max(off.values()) == pytest.approx(0.0917, abs=0.0001)
    assert max(off, key=off.__getitem__) == 1023


@given(st.floats(1, 1023))
def test_the_exact_inverse_is_one(index: float) -> None:
    assert exact_jnd_index(luminance(index)) == pytest.approx(index, abs=1e-6)


@given(st.floats(1, 1023), st.floats(1, 1023))
def test_more_steps_are_more_light(one: float, other: float) -> None:
    low, high = sorted((one, other))
    if high - low > 1e-6:
        assert luminance(low) < luminance(high)
        assert jnd_index(luminance(low)) < jnd_index(luminance(high))


def test_one_step_is_what_an_eye_just_notices() -> None:
    """The contrast of a step falls from a tenth in the dark to two thirds of a per cent in the light."""
    contrasts = [luminance(index + 1) / luminance(index) - 1 for index in range(1, 1023)]
    assert contrasts[0] == max(contrasts) == pytest.approx(0.0940, abs=0.0001)
    assert min(contrasts) == pytest.approx(0.0065, abs=0.0001)
    assert contrasts[:900] == sorted(contrasts[:900], reverse=True)


@pytest.mark.parametrize("index", [0, 0.999, 1023.001, -1, math.nan, math.inf])
def test_an_index_outside_is_refused(index: float) -> None:
    with pytest.raises(OutsideGsdfError, match=r"^the GSDF has the JND indices 1 to 1023, not "):
        luminance(index)


@pytest.mark.parametrize("value", [0, 0.0499, 3993.4, 4000, -5, math.nan, math.inf])
@pytest.mark.parametrize("inverse", [jnd_index, exact_jnd_index])
def test_a_luminance_outside_is_refused(inverse: object, value: float) -> None:
    assert callable(inverse)
    with pytest.raises(OutsideGsdfError) as caught:
        inverse(value)
    assert str(caught.value) == f"the GSDF is defined from 0.05 to 3993.33 cd/m2 (PS3.14, 7.1), not for {value:g} cd/m2"


def test_the_bounds_themselves_are_inside() -> None:
    assert exact_jnd_index(LEAST) == pytest.approx(1, abs=1e-6)
    assert exact_jnd_index(GREATEST) == pytest.approx(1023, abs=1e-6)
    assert 1 < jnd_index(LEAST) < jnd_index(GREATEST) < 1023
