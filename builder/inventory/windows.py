"""When a host may be changed next, and until when: windows and peak hours by the clock on the wall, across changes
between summer and winter time. Pure.

An hour that the clock skips has no minutes to be changed in; one that it shows twice is open, or closed, both times.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from builder.inventory.quiet import left_alone, windows_of
from builder.models.site import Host, Site

_DAYS_AHEAD = 15  # a week's window may fall into the hour that summer time skips; then it is the week after
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Closed:
    """Hosts that the calendar locks now: why, as a clause, and when they may be changed next (in the site's zone; None
    when the calendar never opens)."""

    hosts: tuple[str, ...]
    clause: str
    opens: datetime | None

    @property
    def sentence(self) -> str:
        """Who, why and until when, without a full stop."""
        until = f"it opens {told(self.opens)}" if self.opens else "no window of the site file ever opens it"
        one = len(self.hosts) == 1
        return f"{', '.join(self.hosts)}: {'' if one else 'for each '}{self.clause}; {until}"


def told(moment: datetime) -> str:
    """A moment as people say it: day, date, time and the zone's name, as "Sun 2026-11-29 22:00 GMT"."""
    return f"{moment:%a %Y-%m-%d %H:%M} {moment.tzname()}"


def told_in(zone: str, moment: datetime) -> str:
    """A moment (any zone) as people of the time zone `zone` say it."""
    return told(moment.astimezone(ZoneInfo(zone)))


def closed(site: Site, hosts: Iterable[Host], moment: datetime) -> tuple[Closed, ...]:
    """What the calendar locks at `moment` (any zone) among `hosts`: hosts of the same windows together, by name."""
    alike: dict[object, list[Host]] = {}
    for host in hosts:
        alike.setdefault((host.stage, windows_of(site, host)), []).append(host)
    found = []
    for same in alike.values():
        clause = left_alone(site, same[0], moment)
        if clause is not None:
            names = tuple(sorted(host.name for host in same))
            found.append(Closed(names, clause, opens(site, same[0], moment)))
    return tuple(sorted(found, key=lambda one: one.hosts))


def opens(site: Site, host: Host, moment: datetime) -> datetime | None:
    """The first moment from `moment` on at which `host` may be changed, in the site's zone; None when there is none."""
    zone = ZoneInfo(site.time.zone)
    if left_alone(site, host, moment) is None:
        return moment.astimezone(zone)
    starts = [*(window.start for window in windows_of(site, host)), *(peak.end for peak in site.peak_hours)]
    after = _boundaries(starts, moment, zone)
    return next((one.astimezone(zone) for one in after if left_alone(site, host, one) is None), None)


def closes(site: Site, host: Host, moment: datetime) -> datetime | None:
    """The first moment after `moment` at which `host` must be left alone again, in the site's zone; None when it may
    always be changed."""
    zone = ZoneInfo(site.time.zone)
    ends = [*(window.end for window in windows_of(site, host)), *(peak.start for peak in site.peak_hours)]
    after = _boundaries(ends, moment, zone)
    return next((one.astimezone(zone) for one in after if left_alone(site, host, one) is not None), None)


def _boundaries(times: Sequence[str], moment: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every moment after `moment` at which the wall clock shows one of `times`, or is changed; in UTC, in order."""
    today = moment.astimezone(zone).date()
    walls = [  # a list: a set takes the two times that one hour is shown for the same
        datetime.combine(today + timedelta(days=day), time(int(text[:2]), int(text[3:])), zone).replace(fold=fold)
        for day in range(-1, _DAYS_AHEAD + 1)
        for text in times
        for fold in (0, 1)
    ]
    shown = {wall.astimezone(UTC) for wall in walls if _is_shown(wall)}
    return sorted(one for one in shown | _changes(today, zone) if one > moment)


def _is_shown(wall: datetime) -> bool:
    """Whether the clock ever shows this: not in the hour that it skips."""
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None)


def _changes(today: date, zone: ZoneInfo) -> set[datetime]:
    """When the clock is put forward or back in these days, to the minute, in UTC."""
    begin = datetime.combine(today - timedelta(days=1), time(), UTC)
    days = [begin + timedelta(days=day) for day in range(_DAYS_AHEAD + 2)]
    return {
        _change_between(first, then, zone)
        for first, then in pairwise(days)
        if first.astimezone(zone).utcoffset() != then.astimezone(zone).utcoffset()
    }


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = before.astimezone(zone).utcoffset()
    while after - before > _MINUTE:
        middle = before + (after - before) // 2 // _MINUTE * _MINUTE
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after
