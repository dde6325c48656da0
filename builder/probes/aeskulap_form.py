"""Where Aeskulap's search form stands on a screenshot: its fields and its list are the only large white areas. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.probes.hand import Box

Colours = NDArray[np.uint8]
_WHITE = 250  # greys; the theme's fields are pure white
_DARK = 110  # of the writing in a row, but not of the ground of a column that is sorted by
_FRAMES = (
    (255, 165, 0),
    (0, 128, 0),
)  # Aeskulap's frame in the selected series: orange, green once scrolled or clicked
_ROW_WHITE = 0.2  # of a screen row in the list that stays white, whatever is written there
_LEAST_HEIGHT = 8


@dataclass(frozen=True)
class Form:
    """The form as long as nothing was searched: the field for the patient's name, and the list below its headings."""

    name: Box
    studies: Box


def find_form(colours: Colours, window: Box) -> Form | None:
    """The form inside the viewer's window; None when it is not drawn, is covered, or shows studies already."""
    found = _white_boxes(colours, window)
    if len(found) < 2:
        return None
    studies = max(found, key=lambda box: box.width * box.height)
    name = min(found, key=lambda box: box.top)
    return Form(name, studies) if name is not studies and studies.height > 4 * name.height else None


def study_rows(colours: Colours, studies: Box) -> tuple[int, ...]:
    """The middle lines (screen rows) of what is written in the list, one for each study; its scroll bar is none."""
    part = _part(colours, studies)
    scroll_bar = np.flatnonzero((part >= _WHITE).all(axis=2).mean(axis=1) < _ROW_WHITE)
    written = (part.max(axis=2) < _DARK).any(axis=1)
    if len(scroll_bar):
        written[scroll_bar[0] :] = False
    edges = _edges(written)
    return tuple(int(studies.top + (top + bottom) // 2) for top, bottom in zip(edges[::2], edges[1::2], strict=True))


def has_caret(colours: Colours, field: Box) -> bool:
    """Does the field get what is typed? Its caret is an upright line; it blinks, so that it may be asked in vain."""
    dark = _part(colours, field).max(axis=2) < _DARK
    return bool((dark.mean(axis=0) > 0.6).any())


def find_viewport(colours: Colours) -> Box | None:
    """The area in which Aeskulap draws the selected image, its frame of one pixel included; None when none is shown."""
    lines, columns = np.nonzero(np.logical_or.reduce([(colours == frame).all(axis=2) for frame in _FRAMES]))
    if not len(lines):
        return None
    left, top = int(columns.min()), int(lines.min())
    return Box(left, top, int(columns.max()) - left + 1, int(lines.max()) - top + 1)


def _part(colours: Colours, box: Box) -> Colours:
    return colours[box.top : box.top + box.height, box.left : box.left + box.width]


def _white_boxes(colours: Colours, window: Box) -> list[Box]:
    """Rectangles of pure white that are wider than a third of the window, from the top down."""
    rows, columns = colours.shape[:2]
    top, bottom = max(window.top, 0), min(window.top + window.height, rows)
    left, right = max(window.left, 0), min(window.left + window.width, columns)
    white = (colours[top:bottom, left:right] >= _WHITE).all(axis=2)
    boxes: list[Box] = []
    run, since = (0, 0), top
    for row, line in enumerate(np.vstack([white, np.zeros((1, right - left), bool)]), start=top):
        longest = _longest(line)
        if longest != run:
            if run[1] > window.width / 3 and row - since >= _LEAST_HEIGHT:
                boxes.append(Box(left + run[0], since, run[1], row - since))
            run, since = longest, row
    return boxes


def _longest(line: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    edges = _edges(line)
    if not len(edges):
        return 0, 0
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    place = int(lengths.argmax())
    return int(starts[place]), int(lengths[place])


def _edges(line: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where runs of True begin and, one after the last, end: by turns."""
    return np.flatnonzero(np.diff(np.concatenate(([False], line, [False])).astype(np.int8)))


def exact_size(viewport: Box) -> tuple[int, int] | None:
    """Columns and rows of an image that Aeskulap draws pixel by pixel in this viewport; None when there is none.

    It scales every image to fit, drops the last column and row of what it takes, and cuts fractions off on the way
    (SimpleDisplay::get_zoom_wh, ::render); its widget is one pixel larger than the frame on each side. What is left is
    one size a little larger than the shorter side, unless a rounding error of that very number spoils it.
    """
    width, height = viewport.width + 2, viewport.height + 2
    shorter = min(width, height)
    if width == height or int(shorter * ((shorter + 1) / shorter)) != shorter + 1:
        return None
    return (shorter + 2, shorter + 1) if height < width else (shorter + 1, shorter + 2)
