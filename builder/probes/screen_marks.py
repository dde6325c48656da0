"""Find a test pattern's corner marks in a screenshot: squares whose lines read white, black, white, black, white in
widths of 1:1:3:1:1, at any scale, under any window that leaves 16 greys between black and white. Every third row is
looked at, which is enough for marks whose unit is 1.6 screen pixels and more.

Screen coordinates count pixels from the upper left; a pixel's middle lies at .5.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

COARSE = (128, 64, 192, 32, 96, 160, 224)
FINE = (8, 16, 48, 80, 112, 144, 176, 208, 240, 248)  # with the coarse ones, 16 greys apart
_EVERY = 3  # rows; the middle of the smallest mark that can be read is six rows high
_SMALLEST_UNIT = 1.6  # screen pixels
_LEAST_CONTRAST = 6  # greys between the mark's white and black
_NOISE = 0.12  # edges a pixel: a row of text has 0.06; at a threshold with more, nothing is looked for
_EDGES = np.array([-3.5, -2.5, -1.5, 1.5, 2.5, 3.5])  # of a mark, in units from its middle
_WHITE = np.array(
    [[max(abs(x), abs(y)) != 2 for x in range(-3, 4)] for y in range(-3, 4)],
    dtype=np.bool_,
)


@dataclass(frozen=True)
class Mark:
    """A corner mark on the screen: its middle and its unit in screen pixels, its black and its white as shown."""

    x: float
    y: float
    unit: float
    black: float
    white: float


def find_marks(grey: Grey, thresholds: tuple[int, ...]) -> tuple[Mark, ...]:
    """Every corner mark that stands out at one of `thresholds`, each once."""
    found: list[Mark] = []
    for threshold in thresholds:
        for x, y, unit in _verified(grey, *_runs(grey, threshold)):
            if any(abs(mark.x - x) < 2 * mark.unit and abs(mark.y - y) < 2 * mark.unit for mark in found):
                continue
            mark = _measured(grey, x, y, unit)
            if mark is not None:
                found.append(mark)
    return tuple(found)


def _runs(grey: Grey, threshold: int) -> tuple[Numbers, Numbers, Numbers]:
    """Middles (x, y) and units of all runs white, black, white, black, white in 1:1:3:1:1 along every third row."""
    rows = grey[::_EVERY]
    width = rows.shape[1] + 2
    bright = np.zeros((rows.shape[0], width), dtype=np.bool_)
    np.greater(rows, threshold, out=bright[:, 1:-1])
    flat = bright.ravel()
    changes = flat[1:] != flat[:-1]
    count = int(np.count_nonzero(changes)) - 5
    if not 0 < count < _NOISE * rows.size:
        return np.empty(0), np.empty(0), np.empty(0)
    edges = np.flatnonzero(changes) + 1
    starts = np.arange(0, count, 2)  # every second edge is a rise
    widths = np.stack([edges[starts + place + 1] - edges[starts + place] for place in range(5)])
    unit = widths.sum(axis=0) / 7
    off = np.abs(widths - unit * np.array([[1], [1], [3], [1], [1]]))
    good = (unit >= _SMALLEST_UNIT) & (off <= 0.4 * unit + 0.6).all(axis=0)
    middle = (edges[starts[good]] + edges[starts[good] + 5]) / 2
    row = middle // width
    return middle - row * width - 1, row * _EVERY + 0.5, unit[good]


def _verified(grey: Grey, x: Numbers, y: Numbers, unit: Numbers) -> list[tuple[float, float, float]]:
    """Those runs around which the whole square of 7 x 7 cells is found, best placed first."""
    if not len(x):
        return []
    found: list[tuple[float, float, float]] = []
    shifts = np.arange(-1.5, 2.0, 0.5)
    contrasts = np.stack([_contrast(grey, x, y + shift * unit, unit) for shift in shifts])
    best = contrasts.argmax(axis=0)
    value = contrasts.max(axis=0)
    for place in np.argsort(-value, kind="stable"):
        if value[place] < _LEAST_CONTRAST:
            break
        middle = (float(x[place]), float(y[place] + shifts[best[place]] * unit[place]))
        near = 2 * float(unit[place])
        if all(abs(middle[0] - other[0]) > near or abs(middle[1] - other[1]) > near for other in found):
            found.append((*middle, float(unit[place])))
    return found


def _contrast(grey: Grey, x: Numbers, y: Numbers, unit: Numbers) -> Numbers:
    """The darkest white cell less the brightest black cell of the square around each middle."""
    offsets = np.arange(-3, 4)
    columns = np.floor(x[:, None] + unit[:, None] * offsets).astype(np.int64)
    lines = np.floor(y[:, None] + unit[:, None] * offsets).astype(np.int64)
    height, width = grey.shape
    inside = (columns[:, 0] >= 0) & (columns[:, -1] < width) & (lines[:, 0] >= 0) & (lines[:, -1] < height)
    columns, lines = np.clip(columns, 0, width - 1), np.clip(lines, 0, height - 1)
    cells = grey[lines[:, :, None], columns[:, None, :]].astype(np.int64)
    contrast = cells[:, _WHITE].min(axis=1) - cells[:, ~_WHITE].max(axis=1)
    return np.where(inside, contrast, -1).astype(np.float64)


def _measured(grey: Grey, x: float, y: float, unit: float) -> Mark | None:
    """The mark with its middle taken from six edges in each direction, to a fraction of a pixel."""
    reach = int(np.ceil(5 * unit))
    left, top = int(x) - reach, int(y) - reach
    if min(left, top) < 0 or left + 2 * reach > grey.shape[1] or top + 2 * reach > grey.shape[0]:
        return None
    around = grey[top : top + 2 * reach, left : left + 2 * reach].astype(np.float64)
    half = max(int(unit / 2), 1)
    middle_x, middle_y = int(x) - left, int(y) - top
    white = float(np.median(around[middle_y - half : middle_y + half + 1, middle_x - half : middle_x + half + 1]))
    along_x = np.median(around[middle_y - half : middle_y + half + 1], axis=0)
    along_y = np.median(around[:, middle_x - half : middle_x + half + 1], axis=1)
    black = float(min(along_x.min(), along_y.min()))
    across = _middle(along_x, x - left, unit, (white + black) / 2)
    down = _middle(along_y, y - top, unit, (white + black) / 2)
    if across is None or down is None:
        return None
    return Mark(left + across[0], top + down[0], (across[1] + down[1]) / 2, black, white)


def _middle(profile: Numbers, near: float, unit: float, level: float) -> tuple[float, float] | None:
    """Middle and unit of the mark along a profile, from the six crossings of `level` in a row that fit best."""
    crossings = [
        place + 0.5 + (level - one) / (other - one)
        for place, (one, other) in enumerate(pairwise(profile.tolist()))
        if (one < level) != (other < level)
    ]
    best: tuple[float, float] | None = None
    least = 0.25 * unit + 0.6  # pixels: an edge of unscaled or of roughly scaled cells lies within that
    for first in range(len(crossings) - len(_EDGES) + 1):
        found = np.array(crossings[first : first + len(_EDGES)])
        slope, middle = np.polyfit(_EDGES, found, 1)
        off = float(np.abs(found - (middle + slope * _EDGES)).max())
        if off < least and abs(middle - near) < unit:
            best, least = (float(middle), float(slope)), off
    return best
