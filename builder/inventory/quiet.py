"""When a production host must be left alone: in peak hours, and outside its maintenance windows. Pure."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from builder.inventory.rules_calendar import spans
from builder.models.calendar import Day, Window
from builder.models.site import Host, Site


def left_alone(site: Site, host: Host, moment: datetime) -> str | None:
    """Why `host` should not be changed at `moment` (any zone), as a clause; None when it may be. A host in stage `test`
    may always be changed, and one without a window at any time outside peak hours."""
    if host.stage != "production":
        return None
    local = moment.astimezone(ZoneInfo(site.time.zone))
    for peak in site.peak_hours:
        if _within(local, peak.days, peak.start, peak.end):
            return f"it is peak hours until {peak.end} ({peak.reason})"
    windows = windows_of(site, host)
    if not windows or any(_within(local, window.days, window.start, window.end) for window in windows):
        return None
    told = ", ".join(f"{window.name} ({' '.join(window.days)} {window.start}-{window.end})" for window in windows)
    return f"it is outside its maintenance windows: {told}"


def windows_of(site: Site, host: Host) -> tuple[Window, ...]:
    """The maintenance windows that hold for `host`, in the site file's order."""
    return tuple(window for window in site.windows if not window.hosts or host.name in window.hosts)


def may_reboot(site: Site, host: Host, moment: datetime) -> bool:
    """Whether a window that says `reboot: true` is open for `host` at `moment` (any zone), outside peak hours. A host
    in stage `test` needs only such a window of its own, open or not."""
    windows = [window for window in windows_of(site, host) if window.reboot]
    if host.stage != "production":
        return bool(windows)
    local = moment.astimezone(ZoneInfo(site.time.zone))
    busy = any(_within(local, peak.days, peak.start, peak.end) for peak in site.peak_hours)
    return not busy and any(_within(local, window.days, window.start, window.end) for window in windows)


def _within(moment: datetime, days: Sequence[Day], start: str, end: str) -> bool:
    """Whether a local moment lies in hours that begin on one of `days`; an end before the start is the next day's."""
    now = moment.weekday() * 24 * 60 + moment.hour * 60 + moment.minute
    return any(first <= now < last for first, last in spans(days, start, end))
