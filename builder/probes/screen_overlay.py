"""Does something lie over the empty parts of a picture, as the box of a tour or a dialog? The greys can all be right
beside it, so it is looked for by itself. What viewers write into the margins is no box: it lets the ground through."""

import numpy as np
from numpy.typing import NDArray

from builder.probes.pattern import draw
from builder.probes.pattern_layout import BACKGROUND_PERCENT, PatternLayout
from builder.probes.screen_marks import Grey
from builder.probes.screen_place import Place

_STEP = 4  # screen pixels between points that are looked at
_SIDE = 4  # points: a tile is 16 x 16 screen pixels
_FULL = 0.9  # share of a tile's points that differ when something solid lies there; text covers half at most
_LEAST = 12  # tiles: a box of 64 x 48 pixels
_OTHER = 4  # greys
_NEAR = 2  # image pixels around a part of the pattern in which scaling mixes it with the ground


def overlay(grey: Grey, place: Place, layout: PatternLayout) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom on the screen of what lies over the ground of the pattern; None when nothing does."""
    left, top, right, bottom = (round(edge) for edge in _whole(place, layout))
    height, width = grey.shape
    columns = np.arange(max(left, 0) + 1, min(right, width) - 1, _STEP)
    lines = np.arange(max(top, 0) + 1, min(bottom, height) - 1, _STEP)
    columns, lines = (axis[: len(axis) // _SIDE * _SIDE] for axis in (columns, lines))
    if not len(columns) or not len(lines):
        return None
    ground = _is_ground(place, layout, columns, lines)
    shown = grey[np.ix_(lines, columns)].astype(np.int64)
    if not ground.any():
        return None
    other = ground & (np.abs(shown - int(np.median(shown[ground]))) > _OTHER)
    covered = _tiles(ground).all(axis=(1, 3)) & (_tiles(other).mean(axis=(1, 3)) >= _FULL)
    if covered.sum() < _LEAST:
        return None
    rows, places = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
    size = _SIDE * _STEP
    first_x, first_y = int(columns[0]), int(lines[0])
    return (
        first_x + int(places[0]) * size, first_y + int(rows[0]) * size,
        first_x + (int(places[-1]) + 1) * size, first_y + (int(rows[-1]) + 1) * size,
    )  # fmt: skip


def _whole(place: Place, layout: PatternLayout) -> tuple[float, float, float, float]:
    """The image's edges on the screen."""
    x, y = place.points(np.array([0.0, layout.columns]), np.array([0.0, layout.rows]))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _is_ground(
    place: Place, layout: PatternLayout, columns: NDArray[np.int64], lines: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which points of the screen belong to the empty ground of the pattern, with nothing of it near."""
    part = draw(layout) != layout.stored(BACKGROUND_PERCENT)
    for axis in (0, 1):
        part = np.logical_or.reduce([np.roll(part, by, axis) for by in range(-_NEAR, _NEAR + 1)])
    across = (columns + 0.5 - place.across[0]) / place.across[1]
    down = (lines + 0.5 - place.down[0]) / place.down[1]
    limits = (layout.rows, layout.columns) if place.swapped else (layout.columns, layout.rows)
    x, y = (np.clip(axis.astype(np.int64), 0, limit - 1) for axis, limit in zip((across, down), limits, strict=True))
    found = part[np.ix_(x, y)].T if place.swapped else part[np.ix_(y, x)]
    return np.asarray(~found)


def _tiles(points: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of tiles x rows within x columns of tiles x columns within."""
    height, width = points.shape
    return points.reshape(height // _SIDE, _SIDE, width // _SIDE, _SIDE)
