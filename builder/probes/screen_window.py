"""Which straight line do shown greys follow? It tells a wrong window from a dimmed and from an inverted picture."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from builder.probes.pattern_layout import GREYS, PatternLayout, Window
from builder.probes.screen_marks import Numbers
from builder.probes.screen_read import GreyReading, RampReading

NEAR = 1.5  # greys by which a shown grey may miss its line: rounding to whole greys, twice
_SHARE = 0.7  # of the steps that a line must explain; a dialog may cover some
_RAMP_POINTS = 40
SLACK = 0.8  # greys: half a pixel along the ramp and half a stored value of 8 bit
_FEWEST = 3  # unclipped points that make a line believable


@dataclass(frozen=True)
class Line:
    """shown = `factor` x expected + `offset`, held between 0 and 255; both in greys of 255."""

    factor: float
    offset: float

    def shown(self, expected: Numbers) -> Numbers:
        """What the line shows for expected greys."""
        return np.clip(self.factor * expected + self.offset, 0, GREYS)

    def explains(self, expected: Numbers, shown: Numbers, slack: float | Numbers = 0.0) -> NDArray[np.bool_]:
        """Which shown greys lie on the line. `slack`: greys that stay open, enlarged by a steep line as the picture's
        own greys are."""
        allowed = NEAR + slack * max(abs(self.factor) - 1, 0)
        return np.asarray(np.abs(self.shown(expected) - shown) <= allowed)

    @property
    def same(self) -> bool:
        """The line of a picture that is right."""
        return max(abs(self.offset), abs(self.factor * GREYS + self.offset - GREYS)) <= NEAR

    @property
    def dims(self) -> bool:
        """All greys are scaled by one factor below 1."""
        return 0 < self.factor < 1 and abs(self.offset) <= NEAR and not self.same

    def window(self, layout: PatternLayout) -> Window | None:
        """The window, in modality values, that would show this line; None for a falling one (PS3.3, C.11.2.1.2.1)."""
        if self.factor <= 0:
            return None
        own = layout.window
        span = (own.width - 1) / self.factor
        middle = (GREYS / 2 - self.offset) / self.factor  # the expected grey that is shown as the middle of the scale
        return Window(centre=(middle / GREYS - 0.5) * (own.width - 1) + own.centre, width=span + 1)


def fit(steps: tuple[GreyReading, ...], ramp: RampReading, layout: PatternLayout) -> Line | None:
    """The straight line that most steps and the ramp follow, clipped at black and white; None when there is none.

    A narrow window leaves few steps between black and white, therefore the ramp takes part too.
    """
    read = [(step.expected, step.observed) for step in steps if step.observed is not None]
    places = np.linspace(0, len(ramp.shown) - 1, min(_RAMP_POINTS, len(ramp.shown))).astype(int)
    middle = [place for place in range(len(ramp.shown)) if 2 < ramp.shown[place] < GREYS - 2]
    chosen = sorted({*places.tolist(), *middle[:: max(len(middle) // _RAMP_POINTS, 1)]})
    points = read + [(_expected(layout, ramp.stored[place]), ramp.shown[place]) for place in chosen]
    if len(points) < _FEWEST:
        return None
    expected, shown = np.array(points, dtype=np.float64).T
    slack = np.where(np.arange(len(points)) < len(read), 0.0, SLACK)
    best = _best(expected, shown, slack)
    if best is None:
        return None
    near = best.explains(expected, shown, slack)
    of_steps = near[: len(read)]
    return best if near.mean() >= _SHARE and (not read or of_steps.mean() >= _SHARE) else None


def _expected(layout: PatternLayout, stored: float) -> float:
    return stored / layout.white * GREYS


def _best(expected: Numbers, shown: Numbers, slack: Numbers) -> Line | None:
    """The line through two unclipped points that explains most points, then straightened over those."""
    free = np.flatnonzero((shown > 2) & (shown < GREYS - 2))
    if len(free) < _FEWEST:
        return None
    free = free[np.linspace(0, len(free) - 1, min(len(free), 48)).astype(int)]
    pairs = np.array([pair for pair in combinations(free.tolist(), 2) if expected[pair[0]] != expected[pair[1]]])
    if not len(pairs):
        return None
    one, other = pairs.T
    factors = (shown[other] - shown[one]) / (expected[other] - expected[one])
    offsets = shown[one] - factors * expected[one]
    told = np.clip(factors[:, None] * expected + offsets[:, None], 0, GREYS)
    allowed = NEAR + slack * np.maximum(np.abs(factors) - 1, 0)[:, None]
    best = int((np.abs(told - shown) <= allowed).sum(axis=1).argmax())
    line = Line(float(factors[best]), float(offsets[best]))
    near = line.explains(expected, shown, slack) & (shown > 2) & (shown < GREYS - 2)
    if near.sum() >= _FEWEST and np.ptp(expected[near]) > 0:
        factor, offset = np.polyfit(expected[near], shown[near], 1)
        line = Line(float(factor), float(offset))
    return line
