"""Aeskulap's search form and image area, found on recorded screenshots of a screen of 1024 x 768 pixels."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder.probes.aeskulap_form import Form, exact_size, find_form, find_viewport, has_caret, study_rows
from builder.probes.hand import Box

RECORDED = Path(__file__).parent / "recorded" / "aeskulap"
WINDOW = Box(0, 19, 1024, 749)
FORM = Form(name=Box(181, 57, 568, 21), studies=Box(12, 190, 860, 535))
OPENED = Box(12, 262, 860, 463)  # the list below the advanced query options


def recorded(name: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(RECORDED / f"{name}.png").convert("RGB"))


def test_the_field_and_the_list_of_an_empty_form() -> None:
    assert find_form(recorded("form"), WINDOW) == FORM
    assert study_rows(recorded("form"), FORM.studies) == ()


@pytest.mark.parametrize("colour", [0, 255])
def test_a_screen_of_one_colour_is_no_form(colour: int) -> None:
    assert find_form(np.full((768, 1024, 3), colour, np.uint8), WINDOW) is None


def test_an_image_is_no_form() -> None:
    assert find_form(recorded("image"), WINDOW) is None


def test_a_window_that_is_only_half_on_the_screen_is_searched_there() -> None:
    moved = np.zeros((768, 1024, 3), np.uint8)
    moved[:, 200:] = recorded("form")[:, :-200]
    found = find_form(moved, Box(200, 19, 1024, 749))
    assert found is not None
    assert found.name == Box(381, 57, 568, 21)


def test_the_caret_says_that_the_field_gets_what_is_typed() -> None:
    assert has_caret(recorded("caret"), FORM.name)
    assert not has_caret(recorded("form"), FORM.name)


def test_one_study_is_one_row_although_the_list_has_a_scroll_bar_below() -> None:
    assert study_rows(recorded("one-study"), OPENED) == (275,)


def test_several_studies_are_told_apart() -> None:
    rows = study_rows(recorded("studies"), FORM.studies)
    assert len(rows) == 21
    assert set(np.diff(rows)[:-1].tolist()) == {25}


def test_the_viewport_has_its_frame_around_it_whether_the_image_was_clicked_or_not() -> None:
    image = recorded("image").copy()
    assert find_viewport(image) == Box(3, 107, 1002, 613)
    image[(image == (255, 165, 0)).all(axis=2)] = (0, 128, 0)
    assert find_viewport(image) == Box(3, 107, 1002, 613)
    assert find_viewport(recorded("form")) is None


@pytest.mark.parametrize(
    ("viewport", "size"),
    [
        ((1578, 1045), (1049, 1048)),  # each of these measured in the lab: scale 1 across and down, every line resolved
        ((1002, 613), (617, 616)),
        ((1514, 1893), (1517, 1518)),
        ((2026, 1381), None),  # 1383 * (1384 / 1383) is less than 1384: Aeskulap loses a row there
    ],
)
def test_the_size_that_stands_pixel_for_pixel(viewport: tuple[int, int], size: tuple[int, int] | None) -> None:
    assert exact_size(Box(3, 107, *viewport)) == size
