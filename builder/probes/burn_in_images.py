"""The loop of a reading station's burn-in: an image is fetched from the archive and shown, until the time is over."""

import threading
from collections.abc import Callable

from builder.errors import PacsmithError
from builder.probes import burn_in_judge as judge
from builder.probes.burn_in_judge import Judged
from builder.probes.station_viewer import StationInUse

Show = Callable[[], float | None]
"""Fetches one pattern from the archive and shows it on the station: seconds to the first image, None when it did not
come. Raises PacsmithError; StationInUse when somebody works there."""
_PAUSE = 5.0  # seconds between two images, and before the next try after a failure


class ImageLoop:
    """Use as a context manager: it shows images in a thread of its own until the block ends."""

    def __init__(self, show: Show | None) -> None:
        self.show = show
        self.in_use: StationInUse | None = None
        self._seconds: list[float] = []
        self._failures: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="burn-in images")

    def __enter__(self) -> "ImageLoop":
        if self.show is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self.show is not None:
            self._thread.join()

    def _work(self) -> None:
        assert self.show is not None
        while not self._end.is_set():
            try:
                seconds = self.show()
            except StationInUse as fault:
                self.in_use = fault
                return
            except PacsmithError as fault:
                self._failures.append(str(fault))
            else:
                if seconds is None:
                    self._failures.append("no image came in time")
                else:
                    self._seconds.append(seconds)
            self._end.wait(_PAUSE)

    def judged(self, *, station: bool) -> Judged:
        """What came of it, after the block. `station`: whether the host is a reading station."""
        if self.show is not None:
            return judge.images(self._seconds, self._failures)
        if station:
            why = "no archive of the site could be asked for an image by this station's viewer"
            who = "whoever reads there: open studies for a while"
            return Judged("images", judge.IMAGES, why, "unknown", attest=who)
        return Judged("images", judge.IMAGES, "no reading station", "not applicable")
