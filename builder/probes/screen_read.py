"""Read the parts of a placed test pattern from a screenshot: patches, insets, ramp and resolution bars. Judges nothing
but whether a part could be read at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.probes.pattern_layout import Bars, Box, Inset, Patch, PatternLayout
from builder.probes.screen_marks import Grey, Numbers
from builder.probes.screen_place import Place

_EDGE = 0.2  # share of a patch left out on each side: there scaling mixes it with its neighbours
_LEAST_PIXELS = 9  # of a patch on the screen
_EVEN = 0.5  # share of a patch's pixels that must be within one grey of its median


@dataclass(frozen=True)
class GreyReading:
    """A patch as shown. `expected` and `observed` in greys 0..255; `observed` is None when it could not be read.

    `tint` is the largest difference between red, green and blue, 0 for a true grey.
    """

    name: str
    percent: float
    stored: int
    expected: float
    observed: float | None
    tint: float

    @property
    def deviation(self) -> float | None:
        """Observed less expected, in greys of 255."""
        return None if self.observed is None else self.observed - self.expected


@dataclass(frozen=True)
class InsetReading:
    """An inset and the ground around it, as shown."""

    ground: GreyReading
    patch: GreyReading

    @property
    def expected(self) -> float:
        """By how many greys the inset must differ from its ground; negative when it must be darker."""
        return self.patch.expected - self.ground.expected

    @property
    def observed(self) -> float | None:
        """By how many greys it does; None when either could not be read."""
        if self.patch.observed is None or self.ground.observed is None:
            return None
        return self.patch.observed - self.ground.observed


@dataclass(frozen=True)
class BarsReading:
    """`contrast`: the darkest white line less the brightest black line, as a share of the pattern's own contrast; 1 is
    perfect, 0 or less is not resolved, None could not be read."""

    bars: Bars
    contrast: float | None

    @property
    def resolved(self) -> bool:
        """Every line told from its neighbours by at least half of the full contrast."""
        return self.contrast is not None and self.contrast >= 0.5


@dataclass(frozen=True)
class RampReading:
    """The ramp from black to white: stored values and greys shown, pixel by pixel of the screen; empty when unread."""

    stored: tuple[float, ...]
    shown: tuple[float, ...]

    @property
    def monotone(self) -> bool | None:
        """Nowhere darker by more than one grey than before, and brighter at its end; None when it could not be read."""
        if not self.shown:
            return None
        shown = np.array(self.shown)
        highest = np.maximum.accumulate(shown)
        return bool((highest - shown).max() <= 1 and shown[-1] > shown[0])


UNREAD_RAMP = RampReading((), ())


def read_steps(colours: NDArray[np.uint8], grey: Grey, place: Place, layout: PatternLayout) -> tuple[GreyReading, ...]:
    """The grey steps in their order."""
    return tuple(read_patch(colours, grey, place, step) for step in layout.steps)


def read_inset(colours: NDArray[np.uint8], grey: Grey, place: Place, inset: Inset) -> InsetReading:
    """An inset and the strip of ground beside it."""
    return InsetReading(read_patch(colours, grey, place, inset.ground), read_patch(colours, grey, place, inset.patch))


def read_patch(colours: NDArray[np.uint8], grey: Grey, place: Place, patch: Patch) -> GreyReading:
    """The median over the inner part of a patch, and whether it is a true grey."""
    left, top, right, bottom = place.box(patch.box)
    off_x, off_y = max((right - left) * _EDGE, 1), max((bottom - top) * _EDGE, 1)
    columns = slice(int(np.ceil(left + off_x)), int(np.floor(right - off_x)))
    lines = slice(int(np.ceil(top + off_y)), int(np.floor(bottom - off_y)))
    height, width = grey.shape
    observed, tint = None, 0.0
    if 0 <= columns.start < columns.stop <= width and 0 <= lines.start < lines.stop <= height:
        part = grey[lines, columns].astype(np.float64)
        median = float(np.median(part))
        if part.size >= _LEAST_PIXELS and float((np.abs(part - median) <= 1).mean()) >= _EVEN:
            observed = median
            channels = np.median(colours[lines, columns].reshape(-1, 3), axis=0)
            tint = float(channels.max() - channels.min())
    return GreyReading(patch.name, patch.percent, patch.stored, patch.grey, observed, tint)


def read_ramp(grey: Grey, place: Place, layout: PatternLayout) -> RampReading:
    """The median over the ramp's height, once a screen pixel along it, without the ends that scaling mixes with what is
    beside them."""
    ramp = layout.ramp
    along = place.scale[1] if place.swapped else place.scale[0]
    end = 1 + 1.5 / along
    column = np.linspace(end, ramp.width - end, int(ramp.width * min(along, 1.0)))
    rows = np.linspace(ramp.top + _EDGE * ramp.height, ramp.top + (1 - _EDGE) * ramp.height, 9)
    x, y = np.meshgrid(ramp.left + column, rows)
    greys = place.sampled(grey, x, y)
    if np.isnan(greys).any():
        return UNREAD_RAMP
    shown = np.median(greys, axis=0)
    return RampReading(tuple(layout.ramp_stored(one - 0.5) for one in column.tolist()), tuple(shown.tolist()))


def read_bars(grey: Grey, place: Place, bars: Bars) -> BarsReading:
    """Each line at its middle, as the median of many points along it."""
    box = bars.box
    height, width = (box.height, box.width) if bars.direction == "horizontal" else (box.width, box.height)
    count = height // bars.thickness
    lines = (np.arange(count) + 0.5) * bars.thickness
    along = np.linspace(0.1, 0.9, 25) * width
    across, down = np.meshgrid(along, lines)
    x, y = (across, down) if bars.direction == "horizontal" else (down, across)
    greys = place.sampled(grey, box.left + x, box.top + y)
    full = place.white - place.black
    if np.isnan(greys).any() or full <= 0:
        return BarsReading(bars, None)
    shown: Numbers = np.median(greys, axis=1)
    return BarsReading(bars, float((shown[::2].min() - shown[1::2].max()) / full))


def outside(place: Place, layout: PatternLayout, grey: Grey) -> bool:
    """Does a part of the image lie beyond the edge of the screenshot?"""
    left, top, right, bottom = place.box(Box(0, 0, layout.columns, layout.rows))
    return min(left, top) < -1 or right > grey.shape[1] + 1 or bottom > grey.shape[0] + 1
