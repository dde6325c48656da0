"""Screens without a panel: modes for X's dummy driver (pure)."""

from collections.abc import Sequence

from builder.models.display import Display

_HIGHEST = 290.0  # MHz; the driver takes up to 300
# Pixels from the picture's end to begin and end of the pulse, and to the next line: not those of reduced blanking,
# which X refuses to a monitor that does not say that it can.
_ACROSS = (64, 128, 240)
_DOWN = (3, 8, 30)  # lines, likewise


def virtual(displays: Sequence[Display]) -> str:
    """Width and height of the whole desktop, as X's `Virtual` has them."""
    return f"{sum(display.size[0] for display in displays)} {max(display.size[1] for display in displays)}"


def modelines(displays: Sequence[Display]) -> tuple[str, ...]:
    """One line a mode, largest first: 60 pictures a second, or as many as the dummy driver's clock allows."""
    modes = sorted({display.mode for display in displays}, key=_pixels, reverse=True)
    return tuple(_modeline(mode) for mode in modes)


def _pixels(mode: str) -> tuple[int, str]:
    width, height = (int(number) for number in mode.split("x"))
    return width * height, mode


def _modeline(mode: str) -> str:
    width, height = (int(number) for number in mode.split("x"))
    across, down = [width + more for more in _ACROSS], [height + more for more in _DOWN]
    clock = min(across[-1] * down[-1] * 60 / 1e6, _HIGHEST)
    return f'Modeline "{mode}" {clock:.2f} {width} {" ".join(map(str, across))} {height} {" ".join(map(str, down))}'
