"""What every viewer on a station can be asked for, whichever it is: show this pattern on the real screen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from builder.errors import PacsmithError
from builder.probes.pattern import Pattern

QUIET_MINUTES = 5  # a station that somebody touched less than this ago is being used


class StationInUse(PacsmithError):
    """Somebody works at the station: nothing was shown there, or it was given up at once."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(
            f"{host}: somebody touched mouse or keyboard {seconds:.0f} s ago, so that nothing is shown on its screen; "
            f"verify again when nobody has used it for {QUIET_MINUTES} minutes"
        )


@dataclass(frozen=True)
class Shown:
    """`png` is the whole screen. `seconds`: from asking the archive (the double click, the address) to the first
    screenshot that was enough, as exact as screenshots follow each other (0.2 to 1 s); None when patience ended, `png`
    is then the last one. `note`: how far the viewer got when it did not even ask for the image, for people."""

    png: bytes
    seconds: float | None
    note: str = ""


class StationViewer(Protocol):
    """A viewer on a station, opened: it is driven with mouse and keyboard, as a reader would."""

    def show(
        self, pattern: Pattern, enough: Callable[[bytes], bool], patience: float, *, one_to_one: bool = False
    ) -> Shown:
        """Search the archive for the pattern's study and open it, until a screenshot is `enough` or `patience` seconds
        have passed; with `one_to_one` each of its pixels on one of the screen's, where the viewer can be told so: where
        not, a pattern as large as the viewer's window comes out so by itself. Raises PacsmithError when the viewer does
        not get as far as asking; StationInUse."""
        ...

    def own_size(self) -> tuple[int, int]:
        """Columns and rows of an image that `show` with `one_to_one` draws pixel for pixel; asked while an image is
        shown. Raises PacsmithError when none is."""
        ...

    def scroll(self, by: int) -> None:
        """Go on by so many images of the series that is shown; backwards when negative. Raises StationInUse."""
        ...

    def look(self, enough: Callable[[bytes], bool], patience: float) -> Shown:
        """The screen as it is, once it is `enough`; seconds count from the call. Raises StationInUse."""
        ...
