"""The clock: how far it is from the controller's, and whether a time source keeps it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from builder.survey.question import BeneathError, Question, Reply, Said, UnreadableError

COMMAND = "date +%s.%N"
_TRACKING = "chronyc -n -c tracking"
_LEAPS = ("Normal", "Insert second", "Delete second", "Not synchronised")
_TRACKING_FIELDS = 14
# A chronyd that has just been started needs some seconds; in a container it may never set the clock, so nobody waits.
# A host that others built may keep its clock with systemd-timesyncd, ntpd or ntpsec, of which systemd knows.
_KEPT = (
    "if ! command -v chronyc >/dev/null && timedatectl show -p NTPSynchronized 2>/dev/null; then exit; fi; "
    f"systemd-detect-virt -q --container || chronyc -n waitsync 10 0 0 1 >/dev/null 2>&1; {_TRACKING}"
)

FIRST = Question("clock-first", COMMAND, (), lambda _: {})
LAST = Question("clock-last", COMMAND, (), lambda _: {})


class Stamps(NamedTuple):
    """When the controller sent the script and had the whole answer, in seconds since 1970 by the controller's clock."""

    sent: float
    received: float


class Offset(NamedTuple):
    """Host minus controller, in seconds; the truth is no further than `uncertainty` from it."""

    seconds: float
    uncertainty: float


def synchronised(reply: Reply) -> dict[str, Said]:
    """`chronyc -c tracking`: comma-separated fields, the last of which says whether a source is followed. Or what
    `timedatectl show` knows of another program's work."""
    by_systemd = re.fullmatch(r"NTPSynchronized=(yes|no)", reply.text.strip())
    if by_systemd and reply.code == 0:
        return {"clock.synchronised": by_systemd[1] == "yes"}
    fields = reply.checked().strip().split(",")
    if len(fields) != _TRACKING_FIELDS or fields[-1] not in _LEAPS:
        raise UnreadableError("chronyc did not print its tracking")
    return {"clock.synchronised": fields[-1] != "Not synchronised"}


KEPT = Question("clock-kept", _KEPT, ("clock.synchronised",), synchronised, beside=True)


def beneath(virtual: str | None) -> UnreadableError:
    """Why a container cannot say who keeps its clock: chronyd may read it there, and not set it."""
    if virtual is None:
        return UnreadableError("the host does not say whether it is a container, whose clock is set elsewhere")
    return BeneathError(f"{virtual} has the clock of the machine beneath, which is set there and not here")


def offset(answers: Mapping[str, Reply], stamps: Stamps | None) -> Offset:
    """The four times of one round trip, as NTP reckons (RFC 5905, section 8): the host's clock was read after the
    script was sent and before its answer was there, so the error is at most half the time spent on the way.

    Raises UnreadableError when one of the four is missing, or a clock jumped meanwhile.
    """
    if stamps is None:
        raise UnreadableError("the record was cut off before it says when the host was asked")
    first, last = _time(answers.get("clock-first")), _time(answers.get("clock-last"))
    on_the_way = (stamps.received - stamps.sent) - (last - first)
    if last < first or on_the_way < 0:
        raise UnreadableError("a clock jumped while the host was asked")
    seconds = ((first - stamps.sent) + (last - stamps.received)) / 2
    return Offset(round(seconds, 6), round(on_the_way / 2, 6))


def _time(reply: Reply | None) -> float:
    if reply is None:
        raise UnreadableError("the answer of the host was cut off")
    text = reply.checked().strip()
    if not re.fullmatch(r"[0-9]{1,12}\.[0-9]{9}", text):
        raise UnreadableError("date printed no time")
    return float(text)
