"""When systemd's timers may fire inside a maintenance window (pure)."""

from collections.abc import Sequence

from .variables import UpgradeWindow

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LATEST = 4  # the timer fires in the first quarter of the window, so that an upgrade ends inside it
_HEAD_START = 5  # minutes that reading the package lists gets before the upgrade begins


def calendar(days: Sequence[str], start: str, *, later: int = 0) -> str:
    """A systemd OnCalendar= expression for these days at `start` (HH:MM), `later` minutes on.

    >>> calendar(["sun"], "23:50", later=20)
    'Mon *-*-* 00:10:00'
    """
    hours, minutes = start.split(":")
    over, minute = divmod(int(hours) * 60 + int(minutes) + later, 1440)
    named = sorted({(DAYS.index(day) + over) % 7 for day in days})
    return f"{','.join(DAYS[day].capitalize() for day in named)} *-*-* {minute // 60:02}:{minute % 60:02}:00"


def head_start(minutes: int) -> int:
    """Minutes between reading the package lists and the upgrade in a window of `minutes`."""
    return min(_HEAD_START, minutes // _LATEST)


def spread(minutes: int) -> int:
    """Minutes over which hosts spread their beginning in a window of `minutes`."""
    return max(0, minutes // _LATEST - head_start(minutes))


def times(windows: Sequence[UpgradeWindow], *, upgrade: bool = False) -> list[str]:
    """OnCalendar= expressions for reading the package lists, or for the upgrade itself."""
    return [
        calendar(window.days, window.start, later=head_start(window.minutes) if upgrade else 0) for window in windows
    ]
