"""How long services of a host were away in earlier runs, from what their steps said (pure)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from builder.models.event import Event
from builder.models.interruption import Interruption

_AWAY = re.compile(r"^# systemctl (restart|reload-or-restart|stop)\b", re.MULTILINE)
_VERBS = re.compile(r"^# systemctl ", re.MULTILINE)


class Measured(NamedTuple):
    """`seconds` that services were away, in the run `run`."""

    seconds: float
    run: str


def interrupts(diff: str | None) -> bool:
    """Whether a step that changes something takes its service away: it names a restart or a stop, or no verb of
    systemd at all. One that only starts or enables a unit ends an outage and begins none."""
    text = diff or ""
    return bool(_AWAY.search(text)) or not _VERBS.search(text)


def away(events: Iterable[Event], host: str, steps: Sequence[Interruption]) -> float | None:
    """Seconds from the beginning of the first of `steps` that interrupted in a run to the end of the last step after
    which all answered again. None when the run interrupted nothing, or did not come to that end.

    `steps` are those of the plan; a run in which another one began it all says nothing of them.
    """
    began: dict[str, datetime] = {}
    first: datetime | None = None
    awaited = {one.end for one in steps}
    ended: dict[str, datetime] = {}
    named = {one.step for one in steps}
    for event in events:
        if event.host != host or not event.step:
            continue
        if event.status == "started":
            began[event.step] = event.at
        elif event.status == "failed":
            return None
        elif event.status == "changed" and event.step in named and interrupts(event.diff):
            first = first or began.get(event.step)
        if event.status in ("ok", "changed") and event.step in awaited:
            ended[event.step] = event.at
    if first is None or set(ended) != awaited:
        return None
    seconds = (max(ended.values()) - first).total_seconds()
    return round(seconds, 1) if seconds > 0 else None
