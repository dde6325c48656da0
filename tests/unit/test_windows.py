"""When a host may be changed next, held against a look at every single minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builder.inventory.quiet import left_alone, may_reboot
from builder.inventory.rules_calendar import DAYS
from builder.inventory.windows import closed, closes, opens, told
from builder.models.site import Site
from tests.unit import site_parts

WEEK = timedelta(days=8)
ZONES = ("Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/UTC")
# Changes of the clock: Dublin 29 March and 25 October 2026, New York 8 March and 1 November, Lord Howe (half an hour)
# 5 April and 4 October.
CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
)  # fmt: skip
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)))


def site(zone: str = "Europe/Dublin", **changes: Any) -> Site:
    return site_parts.example(time={"zone": zone}, **changes)


def period(days: Sequence[str], start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"days": list(days), "start": start, "end": end} | more


@st.composite
def calendars(draw: st.DrawFn) -> Site:
    """A site with up to two windows and one peak, about the hours at which clocks change as often as not."""
    times = st.one_of(TIMES, st.sampled_from(("00:30", "01:00", "01:15", "01:30", "02:00", "02:30", "03:00")))

    def some(**more: Any) -> dict[str, Any]:
        start = draw(times)
        days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
        return period(days, start, draw(times.filter(lambda end: end != start)), **more)

    windows = [some(name=f"w{number}") for number in range(draw(st.integers(0, 2)))]
    peaks = [some(reason="reading") for _ in range(draw(st.integers(0, 1)))]
    return site(draw(st.sampled_from(ZONES)), windows=windows, peak_hours=peaks)


MOMENTS = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-4000, 4000)
)


def first_minute(calendar: Site, moment: datetime, *, is_open: bool) -> datetime | None:
    """The slow answer: look at every minute of the next eight days."""
    host, one = calendar.hosts[0], moment
    while one <= moment + WEEK:
        if (left_alone(calendar, host, one) is None) is is_open:
            return one
        one += timedelta(minutes=1)
    return None


@settings(max_examples=60, deadline=None)
@given(calendars(), MOMENTS)
@example(  # the window lies in the hour that the clock skips, and is open again a week later
    site(windows=[period(["sun"], "01:15", "01:45", name="w")], peak_hours=[]), datetime(2026, 3, 23, tzinfo=UTC)
)
@example(  # the clock is put back into the window
    site(windows=[period(["sun"], "00:30", "01:30", name="w")], peak_hours=[]),
    datetime(2026, 10, 25, 0, 45, tzinfo=UTC),
)
def test_the_next_opening_is_the_first_open_minute(calendar: Site, moment: datetime) -> None:
    found, slow = opens(calendar, calendar.hosts[0], moment), first_minute(calendar, moment, is_open=True)
    if slow is not None:
        assert found is not None
        assert found.astimezone(UTC) == slow
    elif found is not None:
        assert found > moment + WEEK
        assert left_alone(calendar, calendar.hosts[0], found) is None


@settings(max_examples=60, deadline=None)
@given(calendars(), MOMENTS)
@example(  # the clock shows the window's end twice, and it is past the first time
    site(windows=[period(["sun"], "00:00", "01:15", name="w")], peak_hours=[]), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
)
def test_the_closing_is_the_first_closed_minute(calendar: Site, moment: datetime) -> None:
    found = closes(calendar, calendar.hosts[0], moment)
    slow = first_minute(calendar, moment + timedelta(minutes=1), is_open=False)
    if left_alone(calendar, calendar.hosts[0], moment) is None:
        if slow is not None:
            assert found is not None
            assert found.astimezone(UTC) == slow
        else:
            assert found is None or found > moment + WEEK
    elif found is not None:
        assert left_alone(calendar, calendar.hosts[0], found) is not None


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "Sun 2026-11-29 22:00 GMT"),
        (datetime(2026, 11, 22, 21, 59, 30, tzinfo=UTC), "Sun 2026-11-22 22:00 GMT"),
        (datetime(2026, 7, 6, 10, 0, tzinfo=UTC), "Sun 2026-07-12 22:00 IST"),  # summer time: 21:00 UTC
        (datetime(2026, 11, 23, 3, 0, tzinfo=UTC), "Mon 2026-11-23 03:00 GMT"),  # past midnight of Sunday's window
    ],
)
def test_the_opening_is_told_by_the_sites_clock(moment: datetime, opening: str) -> None:
    calendar = site_parts.example()
    found = opens(calendar, calendar.hosts[0], moment)
    assert found is not None
    assert told(found) == opening


def test_summer_time_skips_the_window_until_the_week_after() -> None:
    calendar = site(windows=[period(["sun"], "01:15", "01:45", name="w")], peak_hours=[])
    found = opens(calendar, calendar.hosts[0], datetime(2026, 3, 23, tzinfo=UTC))
    assert found == datetime(2026, 4, 5, 1, 15, tzinfo=ZoneInfo("Europe/Dublin"))


def test_a_window_that_peak_hours_cover_never_opens() -> None:
    days = list(DAYS)
    calendar = site(
        windows=[period(["sun"], "10:00", "11:00", name="w")], peak_hours=[period(days, "09:00", "12:00", reason="r")]
    )
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert opens(calendar, calendar.hosts[0], moment) is None
    (lock,) = closed(calendar, calendar.hosts, moment)
    assert lock.sentence.endswith("; no window of the site file ever opens it")


def test_hosts_of_the_same_windows_are_told_together_and_test_hosts_not_at_all() -> None:
    calendar = site_parts.hospital()
    own = calendar.windows[0].model_copy(update={"name": "own", "hosts": ("ward01",), "start": "20:00", "end": "21:00"})
    hosts = [host.model_copy(update={"stage": "test"}) if host.name == "read02" else host for host in calendar.hosts]
    calendar = calendar.model_copy(update={"windows": (*calendar.windows, own), "hosts": tuple(hosts)})
    found = closed(calendar, calendar.hosts, datetime(2026, 11, 23, 10, 0, tzinfo=UTC))
    assert [(lock.hosts, told(lock.opens) if lock.opens else None) for lock in found] == [
        (("archive01",), "Sun 2026-11-29 22:00 GMT"),
        (("ward01",), "Sun 2026-11-29 20:00 GMT"),
    ]
    assert found[0].sentence == (
        "archive01: it is peak hours until 18:00 (reading rooms and theatres); it opens Sun 2026-11-29 22:00 GMT"
    )


@pytest.mark.parametrize(
    ("stage", "reboot", "hour", "allowed"),
    [
        ("production", True, 23, True),
        ("production", True, 12, False),  # the window is closed
        ("production", False, 23, False),
        ("test", True, 12, True),
        ("test", False, 23, False),
    ],
)
def test_a_host_is_rebooted_only_where_a_window_says_so(stage: str, reboot: bool, hour: int, allowed: bool) -> None:
    calendar = site(windows=[period(["sun"], "22:00", "04:00", name="w", reboot=reboot)])
    host = calendar.hosts[0].model_copy(update={"stage": stage})
    assert may_reboot(calendar, host, datetime(2026, 11, 22, hour, 0, tzinfo=UTC)) is allowed
