"""Where on the screen a test pattern stands, how large and which way round, and which study it says it is of."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from builder.probes.pattern_code import CELLS, PatternCode, from_cells
from builder.probes.pattern_layout import DOTS, Box, PatternLayout
from builder.probes.screen_marks import Grey, Mark, Numbers

_TURNS = {
    (False, False, False): "upright",
    (False, True, False): "mirrored left to right",
    (False, False, True): "mirrored top to bottom",
    (False, True, True): "turned by 180 degrees",
    (True, True, False): "turned by 90 degrees clockwise",
    (True, False, True): "turned by 90 degrees anticlockwise",
    (True, False, False): "mirrored and turned by 90 degrees anticlockwise",
    (True, True, True): "mirrored and turned by 90 degrees clockwise",
}
UPRIGHT = "upright"


@dataclass(frozen=True)
class Place:
    """Image pixels to screen pixels: `across` and `down` are (offset, pixels per image pixel) on the screen's axes.

    `swapped`: the image's rows run down the screen's columns; a negative factor runs from right to left or upwards.
    `black` and `white` are what the screen shows for the pattern's darkest and brightest value.
    """

    across: tuple[float, float]
    down: tuple[float, float]
    swapped: bool
    black: float
    white: float

    @property
    def turned(self) -> str:
        """How the picture stands, in words; `upright` when it is as stored."""
        return _TURNS[self.swapped, self.across[1] < 0, self.down[1] < 0]

    @property
    def scale(self) -> tuple[float, float]:
        """Screen pixels per image pixel across and down the screen."""
        return abs(self.across[1]), abs(self.down[1])

    def points(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Screen coordinates of image coordinates."""
        along, other = (y, x) if self.swapped else (x, y)
        return self.across[0] + self.across[1] * along, self.down[0] + self.down[1] * other

    def box(self, box: Box) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of an image box on the screen."""
        x, y = self.points(
            np.array([box.left, box.left + box.width], float), np.array([box.top, box.top + box.height], float)
        )
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def sampled(self, grey: Grey, x: Numbers, y: Numbers) -> Numbers:
        """The greys at image coordinates; NaN where they lie outside the screenshot."""
        across, down = self.points(x, y)
        columns, lines = np.floor(across).astype(np.int64), np.floor(down).astype(np.int64)
        height, width = grey.shape
        inside = (columns >= 0) & (columns < width) & (lines >= 0) & (lines < height)
        values = grey[np.clip(lines, 0, height - 1), np.clip(columns, 0, width - 1)].astype(np.float64)
        return np.where(inside, values, np.nan)


@dataclass(frozen=True)
class Placed:
    """A pattern found: `code` is what its cells say, None when they could not be read."""

    place: Place
    code: PatternCode | None


def locate(grey: Grey, marks: tuple[Mark, ...], layout: PatternLayout) -> Placed | None:
    """The pattern of `layout`'s shape, preferring the one with its number, then a readable one, then the largest."""
    found = [Placed(place, _code(grey, place, layout)) for place in _places(grey, marks, layout)]

    def worth(placed: Placed) -> tuple[bool, bool, float]:
        code, scale = placed.code, placed.place.scale
        return code is not None and code.number == layout.number, code is not None, scale[0] * scale[1]

    return max(found, key=worth, default=None)


def _places(grey: Grey, marks: tuple[Mark, ...], layout: PatternLayout) -> Iterator[Place]:
    """Every way in which three or four marks can be the corners of this layout, with the dots beside them agreeing."""
    seen = set()
    for mark, swapped in product(marks, (False, True)):
        for right, lower in product((False, True), repeat=2):
            sides = _sides(mark, marks, layout, swapped=swapped, right=right, lower=lower)
            if sides is None or (key := (swapped, *(round(side) for side in sides[0]))) in seen:
                continue
            seen.add(key)
            for flip_x, flip_y in product((False, True), repeat=2):
                place = _place(layout, *sides, swapped=swapped, flips=(flip_x, flip_y))
                if _dots_agree(grey, place, layout):
                    yield place


def _sides(
    mark: Mark, marks: tuple[Mark, ...], layout: PatternLayout, *, swapped: bool, right: bool, lower: bool
) -> tuple[tuple[float, float, float, float], tuple[Mark, ...]] | None:
    """Left, right, upper and lower line through the marks' middles, when at least three stand where they should."""
    first, third = layout.corners[0].mark.centre, layout.corners[2].mark.centre
    spans = (third[0] - first[0], third[1] - first[1])
    scale = mark.unit / layout.unit
    width, height = (span * scale for span in (spans[::-1] if swapped else spans))
    left, top = mark.x - width * right, mark.y - height * lower
    near = 0.08 * max(width, height) + 3
    corners: dict[tuple[bool, bool], Mark] = {}
    for is_right, is_lower in product((False, True), repeat=2):
        x, y = left + width * is_right, top + height * is_lower
        close = [
            other
            for other in marks
            if abs(other.x - x) < near and abs(other.y - y) < near and 0.8 < other.unit / mark.unit < 1.25
        ]
        if close:
            corners[is_right, is_lower] = min(close, key=lambda other: abs(other.x - x) + abs(other.y - y))
    if len(corners) < 3:
        return None
    lines = [
        float(np.mean([found.x for (is_right, _), found in corners.items() if is_right == side]))
        for side in (False, True)
    ] + [
        float(np.mean([found.y for (_, is_lower), found in corners.items() if is_lower == side]))
        for side in (False, True)
    ]
    if lines[1] <= lines[0] or lines[3] <= lines[2]:
        return None
    return (lines[0], lines[1], lines[2], lines[3]), tuple(corners.values())


def _place(
    layout: PatternLayout,
    lines: tuple[float, float, float, float],
    found: tuple[Mark, ...],
    *,
    swapped: bool,
    flips: tuple[bool, bool],
) -> Place:
    first, third = layout.corners[0].mark.centre, layout.corners[2].mark.centre
    axes = ((first[1], third[1]), (first[0], third[0])) if swapped else ((first[0], third[0]), (first[1], third[1]))
    ways = []
    for (start, end), (low, high), flip in zip(axes, (lines[:2], lines[2:]), flips, strict=True):
        factor = (high - low) / (end - start) * (-1 if flip else 1)
        ways.append(((high if flip else low) - factor * start, factor))
    return Place(
        ways[0],
        ways[1],
        swapped,
        black=float(np.median([mark.black for mark in found])),
        white=float(np.median([mark.white for mark in found])),
    )


def _dots_agree(grey: Grey, place: Place, layout: PatternLayout) -> bool:
    """At least three corners have as many white dots as their number says: one may be covered."""
    centres = np.array([dot.centre for corner in layout.corners for dot in corner.dots])
    white = place.sampled(grey, centres[:, 0], centres[:, 1]) > (place.black + place.white) / 2
    wanted = np.array([[dot < corner.number for dot in range(DOTS)] for corner in layout.corners])
    return int((white.reshape(-1, DOTS) == wanted).all(axis=1).sum()) >= 3


def _code(grey: Grey, place: Place, layout: PatternLayout) -> PatternCode | None:
    """What the cells say, each read at its middle and four points around it."""
    box = layout.cells
    size = box.width / CELLS
    steps = (np.arange(CELLS) + 0.5) * size
    x, y = (axis.ravel() for axis in np.meshgrid(box.left + steps, box.top + steps))
    around = ((0, 0), (-0.2, -0.2), (0.2, -0.2), (-0.2, 0.2), (0.2, 0.2))
    greys = np.stack([place.sampled(grey, x + dx * size, y + dy * size) for dx, dy in around])
    return from_cells(tuple((np.median(greys, axis=0) > (place.black + place.white) / 2).tolist()))
