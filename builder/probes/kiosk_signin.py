"""Does the kiosk's browser ask for name and password? Its dialog has no window of its own, so it is looked for in the
screenshot (pure)."""

import numpy as np
from numpy.typing import NDArray

from builder.probes.hand import Box

_ROW = 4  # the dialog hangs at the window's upper edge
_LEAST_WIDTH, _MOST_SHARE = 240, 0.6  # pixels; share of the window's width
_LEAST_HEIGHT = 150
_PADDING = 6  # pixels at the dialog's left side in which nothing is written
_OFF_CENTRE = 4


def sign_in_asked(screen: NDArray[np.uint8], window: Box) -> bool:
    """True when a box of one colour hangs in the middle of the window's upper edge, as Chromium's sign-in dialog does.
    `screen`: rows x columns x colours of the whole screen."""
    colours = screen[window.top : window.top + window.height, window.left : window.left + window.width]
    height, width = colours.shape[:2]
    if height < _LEAST_HEIGHT or width < _LEAST_WIDTH:
        return False
    left, right = _run(colours[_ROW])
    if not _LEAST_WIDTH <= right - left <= _MOST_SHARE * width or abs(left + right - width) > _OFF_CENTRE:
        return False
    edge = colours[:_LEAST_HEIGHT, left : left + _PADDING]
    return bool((edge == colours[_ROW, left]).all())


def _run(row: NDArray[np.uint8]) -> tuple[int, int]:
    """Where the run of one colour around the middle of a row begins, and where it has ended."""
    middle = len(row) // 2
    other = np.flatnonzero((row != row[middle]).any(axis=1))
    place = int(np.searchsorted(other, middle))
    left = int(other[place - 1]) + 1 if place else 0
    right = int(other[place]) if place < len(other) else len(row)
    return left, right
