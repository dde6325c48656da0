"""Until when, as people type it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from builder.errors import BadInput
from builder.load.until import until_of

DUBLIN = ZoneInfo("Europe/Dublin")
NOW = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # Saturday 21:00 in Dublin, the night before winter time


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("22:00", "2026-10-24 21:00"),
        ("21:00", "2026-10-25 21:00"),  # just now: the next day's, by then in winter time
        ("4:00", "2026-10-25 04:00"),
        ("01:30", "2026-10-25 01:30"),  # shown twice: the later
        ("2026-11-29 04:00", "2026-11-29 04:00"),
        ("90min", "2026-10-24 21:30"),
        ("2 hours", "2026-10-24 22:00"),
        ("3d", "2026-10-27 20:00"),
    ],
)
def test_what_it_means(text: str, utc: str) -> None:
    found = until_of(text, NOW, DUBLIN)
    assert f"{found.astimezone(UTC):%Y-%m-%d %H:%M}" == utc
    assert found.tzinfo is DUBLIN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tomorrow", "that is no time"),
        ("25:00", "that is no time"),
        ("2026-10-24 20:00", "that is past, by the clock of Europe/Dublin"),
        ("2027-03-28 01:30", "the clock of Europe/Dublin skips this time on that day"),
        ("0h", "that is past"),
    ],
)
def test_what_it_cannot_mean(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=f"--until {text}: {said}"):
        until_of(text, NOW, DUBLIN)
