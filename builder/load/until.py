"""Until when, as a person types it: a time of day, a day and time, or how long. Pure."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from builder.errors import BadInput

_LONG = re.compile(r"(\d{1,4}) ?(min|h|d)[a-z]*")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_FORMS = 'write a time as 22:00, a day and time as "2026-11-29 04:00", or how long, as 90min, 2h or 3d'


def until_of(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment that `text` means, later than `now`, in `zone`: a time of day is the next such one. Where the clock
    shows a time twice, the later one is meant. Raises BadInput for what is no time, past, or never shown."""
    local = now.astimezone(zone)
    long = _LONG.fullmatch(text.strip())
    if long is not None:
        moment = (now + int(long[1]) * _UNITS[long[2]]).astimezone(zone)
    else:
        moment = _wall(text.strip(), local, zone)
    if moment <= now:
        raise BadInput(f"--until {text}: that is past, by the clock of {zone.key}; {_FORMS}")
    return moment


def _wall(text: str, local: datetime, zone: ZoneInfo) -> datetime:
    try:
        if re.fullmatch(r"\d{1,2}:\d\d", text):
            wall = datetime.combine(local.date(), time.fromisoformat(text.zfill(5)))
            if wall <= local.replace(tzinfo=None):
                wall += timedelta(days=1)
        else:
            wall = datetime.strptime(text, "%Y-%m-%d %H:%M")
    except ValueError:
        raise BadInput(f"--until {text}: that is no time; {_FORMS}") from None
    moment = wall.replace(tzinfo=zone, fold=1)
    if moment.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != wall:
        raise BadInput(f"--until {text}: the clock of {zone.key} skips this time on that day; choose another")
    return moment
