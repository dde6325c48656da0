"""Wait until a screen shows enough: pictures that stay are judged, since judging one takes longer than taking it."""

import time
from collections.abc import Callable

from builder.probes.hand import Frame, Hand
from builder.probes.station_viewer import Shown

_STEP = 0.05  # seconds between a screenshot and the next
_RESTLESS = 1.0  # seconds after which a picture is judged although it did not stay


def watch(hand: Hand, enough: Callable[[bytes], bool], began: float, patience: float, *, rest: float = 0.0) -> Shown:
    """Screenshots until one is `enough` or `patience` seconds have passed since `began` (time.monotonic()).

    A picture counts from the screenshot in which it was first seen: exact to the time that one takes, 0.2 to 0.5 s.
    What is given back has stayed for `rest` seconds and was enough all that time: some viewers draw an image quickly
    first and well later, and the mapping of pixels is that of the last. Raises as Hand.shot does.
    """
    first = hand.shot()  # in which the picture of now was first seen
    judged: Frame | None = None
    judged_at, reached = first.at, None
    while True:
        latest = hand.shot()
        stays = latest.frame is first.frame
        if not stays:
            first = latest
        late = latest.at - began > patience + (rest if reached is not None else 0.0)
        if latest.frame is not judged and (stays or late or latest.at - judged_at > _RESTLESS):
            judged, judged_at = latest.frame, latest.at
            if not enough(latest.png):
                reached = None
            elif reached is None:
                reached = first.at
        good = reached is not None and latest.frame is judged
        if late or (good and latest.at - first.at >= rest):
            return Shown(latest.png, max(reached - began, 0.0) if good and reached is not None else None)
        time.sleep(_STEP)
