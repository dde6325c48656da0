"""Wait until a screen shows enough: pictures that stay are judged, since judging one takes longer than taking it."""

import time
from collections.abc import Callable

from builder.probes.hand import Hand
from builder.probes.station_viewer import Shown

_STEP = 0.05  # seconds between a screenshot and the next
_RESTLESS = 1.0  # seconds after which a picture is judged although it did not stay


def watch(hand: Hand, enough: Callable[[bytes], bool], began: float, patience: float) -> Shown:
    """Screenshots until one is `enough` or `patience` seconds have passed since `began` (time.monotonic()).

    A picture counts from the screenshot in which it was first seen: exact to the time that one takes, 0.2 to 0.5 s.
    Raises as Hand.shot does.
    """
    first = hand.shot()
    judged, judged_at = None, first.at
    while True:
        latest = hand.shot()
        late = latest.at - began > patience
        stays = latest.frame is first.frame
        if not stays:
            first = latest
        if latest.frame is not judged and (stays or late or latest.at - judged_at > _RESTLESS):
            judged, judged_at = latest.frame, latest.at
            if enough(latest.png):
                return Shown(latest.png, max(first.at - began, 0.0))
        if late:
            return Shown(latest.png, None)
        time.sleep(_STEP)
