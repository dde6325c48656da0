"""A viewer on a station and the reader of screenshots together: show a pattern, and say what was seen of it."""

from collections.abc import Callable
from dataclasses import dataclass

from builder.probes.pattern import Pattern
from builder.probes.pattern_layout import PatternLayout
from builder.probes.screen import read_screen
from builder.probes.screen_reading import ScreenReading
from builder.probes.station_viewer import Shown, StationViewer


@dataclass(frozen=True)
class ScreenSession:
    """`patience`: seconds within which a pattern must be right on the screen. `keep` gets, as PNG, each
    judged screenshot that shows a pattern of ours, or that is black."""

    viewer: StationViewer
    patience: float
    keep: Callable[[bytes], None]

    def show(self, pattern: Pattern, *, one_to_one: bool = False) -> tuple[Shown, ScreenReading]:
        """Open the pattern's study, each of its pixels on one of the screen's with `one_to_one`. Raises what the viewer
        raises."""
        watch = _Watch(pattern.layout, one_to_one)
        shown = self.viewer.show(pattern, watch.enough, self.patience, one_to_one=one_to_one)
        return self._judged(shown, watch)

    def own_size(self) -> tuple[int, int]:
        """Columns and rows that the viewer draws pixel for pixel. Raises what the viewer raises."""
        return self.viewer.own_size()

    def scrolled(self, wanted: Pattern, by: int) -> tuple[Shown, ScreenReading]:
        """Go on by so many images of the series that is shown, to `wanted`. Raises what the viewer raises."""
        watch = _Watch(wanted.layout)
        self.viewer.scroll(by)
        return self._judged(self.viewer.look(watch.enough, self.patience), watch)

    def _judged(self, shown: Shown, watch: "_Watch") -> tuple[Shown, ScreenReading]:
        reading = watch.read(shown.png)
        # Anything else on the screen may be a patient's: what is kept is a pattern of ours, or nothing at all.
        if reading.code is not None or any(fault.kind == "black" for fault in reading.faults):
            self.keep(shown.png)
        return shown, reading


class _Watch:
    """Reads each different screenshot once: a reading costs 0.2 to 0.5 s, and a screen mostly stays as it is."""

    def __init__(self, layout: PatternLayout, one_to_one: bool = False) -> None:
        self._layout = layout
        self._one_to_one = one_to_one
        self._last: tuple[bytes, ScreenReading] | None = None

    def read(self, png: bytes) -> ScreenReading:
        if self._last is None or self._last[0] is not png:
            self._last = png, read_screen(png, self._layout)
        return self._last[1]

    def enough(self, png: bytes) -> bool:
        reading = self.read(png)
        return reading.verdict == "met" and (reading.mapping_verdict == "met" or not self._one_to_one)
