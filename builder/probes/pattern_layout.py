"""Where everything of a test pattern stands and which grey it must have: read by the maker and by the reader alike.

All places are image pixels. A pattern is drawn in units of 1/128 of its shorter side. A margin of 8 units left and
right and 16 above and below stays empty, because there viewers write their annotations. The corner marks stand at the
corners of what is left; everything else keeps together in the middle, so that every shape of image shows it alike.
"""

from dataclasses import dataclass
from typing import Literal

from builder.probes.pattern_code import CELLS

STEPS = 18  # grey steps from 0 to 100 %
GREYS = 255  # the brightest value of an 8-bit screen
BACKGROUND_PERCENT = 20
MARK_UNITS = 7  # a corner mark's side: white, black, white, black, white in 1:1:3:1:1
DOTS = 4  # beside each corner mark; as many are white as the corner's number says
_SIDE, _ABOVE = 8, 16  # margins in units
_CORE_WIDTH, _CORE_HEIGHT = 112, 76
_SMALLEST = 256

Direction = Literal["horizontal", "vertical"]


@dataclass(frozen=True)
class Box:
    """A rectangle in image pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the middle, where a pixel's own middle lies at .5."""
        return self.left + self.width / 2, self.top + self.height / 2


@dataclass(frozen=True)
class Patch:
    """An area of one grey. `stored` is its pixel value, `grey` what a screen must show, 0..255, after the window."""

    name: str
    percent: float
    box: Box
    stored: int
    grey: float


@dataclass(frozen=True)
class Inset:
    """A patch that differs from the ground around it by 5 %; `ground` is a strip of that ground beside it."""

    around: Box
    ground: Patch
    patch: Patch


@dataclass(frozen=True)
class Bars:
    """White and black lines by turns, each `thickness` image pixels; the first line is white."""

    direction: Direction
    thickness: int
    box: Box


@dataclass(frozen=True)
class Corner:
    """A corner mark and its dots. `number`: 1 upper left, 2 upper right, 3 lower right, 4 lower left."""

    number: int
    mark: Box
    dots: tuple[Box, ...]


@dataclass(frozen=True)
class Window:
    """A linear VOI window (PS3.3, C.11.2.1.2.1) in modality values, as a viewer shows it: centre and width."""

    centre: float
    width: float

    def grey(self, value: float) -> float:
        """What a screen of 256 greys must show for a modality value, to a millionth of a grey."""
        share = (value - (self.centre - 0.5)) / (self.width - 1) + 0.5
        return round(min(max(share, 0.0), 1.0) * GREYS, 6)


@dataclass(frozen=True)
class PatternLayout:
    """One image's pattern as data. Modality value = stored value + `intercept`."""

    columns: int
    rows: int
    bits: int
    intercept: int
    number: int
    slice_number: int
    slices: int
    unit: int
    window: Window
    corners: tuple[Corner, ...]
    steps: tuple[Patch, ...]
    insets: tuple[Inset, ...]
    bars: tuple[Bars, ...]
    ramp: Box
    cells: Box
    track: Box
    label: Box

    @property
    def white(self) -> int:
        """The largest stored value."""
        return (1 << self.bits) - 1

    def stored(self, percent: float) -> int:
        """The stored value of a share of white."""
        return round(self.white * percent / 100)

    def grey(self, stored: float) -> float:
        """The expected grey, 0..255, of a stored value under the image's own window."""
        return self.window.grey(stored + self.intercept)

    def ramp_stored(self, column: float) -> float:
        """The stored value at `column` of the ramp, counted from its left edge; not rounded between pixels."""
        return self.white * column / (self.ramp.width - 1)


@dataclass(frozen=True)
class _Grid:
    """Units to image pixels, from an origin."""

    unit: int
    left: int
    top: int

    def box(self, left: int, top: int, width: int, height: int) -> Box:
        unit = self.unit
        return Box(self.left + left * unit, self.top + top * unit, width * unit, height * unit)


def layout_of(
    columns: int,
    rows: int,
    bits: int,
    number: int,
    *,
    slice_number: int = 1,
    slices: int = 1,
    intercept: int = 0,
) -> PatternLayout:
    """The layout of an image of `columns` x `rows` with `bits` stored. Raises ValueError below 256 pixels a side."""
    if min(columns, rows) < _SMALLEST:
        raise ValueError(f"a test pattern needs at least {_SMALLEST} pixels a side, not {columns} x {rows}")
    unit = min(columns, rows) // 128
    white = (1 << bits) - 1
    window = Window(centre=(white + 1) / 2 + intercept, width=white + 1)
    grid = _Grid(unit, (columns - _CORE_WIDTH * unit) // 2, (rows - _CORE_HEIGHT * unit) // 2)

    def patch(name: str, percent: float, box: Box) -> Patch:
        stored = round(white * percent / 100)
        return Patch(name, percent, box, stored, window.grey(stored + intercept))

    def inset(percent: float, ground: float, left: int) -> Inset:
        return Inset(
            around=grid.box(left, 44, 14, 14),
            ground=patch(f"{ground:g} % around", ground, grid.box(left, 44, 4, 14)),
            patch=patch(f"{percent:g} %", percent, grid.box(left + 4, 48, 6, 6)),
        )

    def step(place: int) -> Patch:
        box = grid.box(3 + place % 9 * 12, place // 9 * 14, 10, 12)
        return patch(f"step {place + 1}", 100 * place / (STEPS - 1), box)

    return PatternLayout(
        columns, rows, bits, intercept, number, slice_number, slices, unit, window,
        corners=_corners(columns, rows, unit),
        steps=tuple(step(place) for place in range(STEPS)),
        insets=(inset(5, 0, 0), inset(95, 100, 17)),
        bars=(
            Bars("vertical", 1, grid.box(55, 44, 12, 14)),
            Bars("vertical", 2, grid.box(70, 44, 12, 14)),
            Bars("horizontal", 1, grid.box(85, 44, 12, 14)),
            Bars("horizontal", 2, grid.box(100, 44, 12, 14)),
        ),
        ramp=grid.box(0, 30, 112, 8),
        cells=grid.box(35, 43, 2 * CELLS, 2 * CELLS),
        track=grid.box(0, 64, 112, 2),
        label=grid.box(0, 69, 112, 5),
    )  # fmt: skip


def _corners(columns: int, rows: int, unit: int) -> tuple[Corner, ...]:
    """The four marks at the corners of the area inside the margins, each with its dots on the inward side."""
    size = MARK_UNITS * unit
    left, right = _SIDE * unit, columns - _SIDE * unit - size
    top, bottom = _ABOVE * unit, rows - _ABOVE * unit - size
    places = ((left, top), (right, top), (right, bottom), (left, bottom))
    found = []
    for number, (x, y) in enumerate(places, start=1):
        first = x + size + 2 * unit if x == left else x - 13 * unit
        dots = tuple(Box(first + dot * 3 * unit, y + 5 * unit // 2, 2 * unit, 2 * unit) for dot in range(DOTS))
        found.append(Corner(number, Box(x, y, size, size), dots))
    return tuple(found)
