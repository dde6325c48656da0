"""Rules about time: zone, maintenance windows, peak hours and backups."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from builder.inventory.rules_case import Case, FieldPath, Found
from builder.inventory.rules_names import doubles
from builder.models.calendar import Day, PeakHours, Window

DAYS: tuple[Day, ...] = get_args(Day)
_DAY, _WEEK = 24 * 60, 7 * 24 * 60  # minutes


def minute(time: str) -> int:
    """Minutes since midnight of HH:MM."""
    return int(time[:2]) * 60 + int(time[3:])


def spans(days: Sequence[Day], start: str, end: str) -> list[tuple[int, int]]:
    """(first, end) in minutes of the week, first included and end not; past Sunday's midnight it begins again."""
    length = (minute(end) - minute(start)) % _DAY
    found = []
    for day in days:
        first = DAYS.index(day) * _DAY + minute(start)
        found.append((first, min(first + length, _WEEK)))
        if first + length > _WEEK:
            found.append((0, first + length - _WEEK))
    return found


def _peak_minutes(case: Case) -> dict[int, PeakHours]:
    """Minute of the week -> the peak hours that it lies in."""
    found: dict[int, PeakHours] = {}
    for peak in case.site.peak_hours:
        for first, end in spans(peak.days, peak.start, peak.end):
            found.update(dict.fromkeys(range(first, end), peak))
    return found


def time_zone_exists(case: Case) -> Iterator[Found]:
    """The zone is one of the time zone database."""
    zone = case.site.time.zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(available_timezones())
        if not known:
            yield ("time", "zone"), "this machine has no time zone database to check the zone", "install tzdata"
        else:
            of_that_city = [one for one in known if one.rpartition("/")[2].lower() == zone.lower()]
            near = of_that_city or (get_close_matches(zone, known, n=1, cutoff=0.75) if "/" in zone else [])
            otherwise = "write region and city, as Europe/Dublin (timedatectl list-timezones prints them all)"
            remedy = f"did you mean {near[0]}?" if near else otherwise
            yield ("time", "zone"), f"there is no time zone {zone}", remedy


def window_names_are_unique(case: Case) -> Iterator[Found]:
    """A window is called by its name."""
    names = ((("windows", number, "name"), window.name) for number, window in enumerate(case.site.windows))
    for path, name, _ in doubles(names):
        yield path, f"the window name {name} is taken", "give each window its own name"


def windows_name_hosts(case: Case) -> Iterator[Found]:
    """A window holds for hosts that pacsmith builds."""
    names = {host.name for host in case.site.hosts}
    for number, window in enumerate(case.site.windows):
        places: list[tuple[FieldPath, str]] = [
            (("windows", number, "hosts", place), host) for place, host in enumerate(window.hosts)
        ]
        for path, host in places:
            if host not in names:
                yield path, f"window {window.name} names {host}, which is not a host of the site", "correct the name"
        for path, host, _ in doubles(places):
            yield path, f"window {window.name} names {host} twice", "write it once"


def _periods(case: Case) -> Iterator[tuple[str, int, Window | PeakHours]]:
    for number, window in enumerate(case.site.windows):
        yield "windows", number, window
    for number, peak in enumerate(case.site.peak_hours):
        yield "peak_hours", number, peak


def periods_are_well_formed(case: Case) -> Iterator[Found]:
    """A window or peak lasts some time, and names each day once."""
    for kind, number, period in _periods(case):
        if period.start == period.end:
            what = f"start and end are both {period.start}, so this lasts no time"
            yield (kind, number, "end"), what, "write two times; for a whole day 00:00 to 23:59"
        for path, day, _ in doubles(((kind, number, "days", place), day) for place, day in enumerate(period.days)):
            yield path, f"{day} is written twice", "write each day once"


def windows_avoid_peak_hours(case: Case) -> Iterator[Found]:
    """Nothing is changed while the reading rooms work."""
    peaks = _peak_minutes(case)
    if not peaks:
        return
    for number, window in enumerate(case.site.windows):
        minutes = (one for first, end in spans(window.days, window.start, window.end) for one in range(first, end))
        hit = next((one for one in minutes if one in peaks), None)
        if hit is not None:
            peak = peaks[hit]
            what = (
                f"window {window.name} reaches into peak hours on {DAYS[hit // _DAY]} "
                f"({peak.start} to {peak.end}, {peak.reason})"
            )
            yield ("windows", number), what, "move the window or the peak hours"


def backups_avoid_peak_hours(case: Case) -> Iterator[Found]:
    """A backup reads every image of the archive: not while the reading rooms work."""
    peaks = _peak_minutes(case)
    hit_at: dict[str, int | None] = {}
    for path, host in case.hosts:
        if host.archive is None:
            continue
        at = host.archive.backup.at
        if at not in hit_at:
            minutes = (day * _DAY + minute(at) for day in range(7))
            hit_at[at] = next((one for one in minutes if one in peaks), None)
        hit = hit_at[at]
        if hit is not None:
            peak = peaks[hit]
            what = (
                f"the nightly backup at {at} falls into peak hours on {DAYS[hit // _DAY]} ({peak.start} to {peak.end})"
            )
            yield (*path, "archive", "backup", "at"), what, "choose a time outside peak hours"
