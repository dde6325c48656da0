"""Peak hours and windows, by the clock on the wall of the site."""

from datetime import UTC, datetime

import pytest

from builder.inventory.quiet import left_alone
from builder.models.site import Site
from tests.unit.site_parts import example


def site() -> Site:
    return example()


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "it is peak hours until 18:00 (reading rooms and theatres)"),
        (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), "it is outside its maintenance windows"),
        (datetime(2026, 11, 22, 21, 59, tzinfo=UTC), "it is outside its maintenance windows"),
        (datetime(2026, 11, 22, 22, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 3, 59, tzinfo=UTC), None),  # Sunday's window runs past midnight
        (datetime(2026, 11, 23, 4, 0, tzinfo=UTC), "it is outside its maintenance windows"),
        (datetime(2026, 7, 6, 6, 45, tzinfo=UTC), "it is peak hours"),  # summer time: 07:45 in Dublin
    ],
)
def test_a_production_host_is_left_alone(moment: datetime, said: str | None) -> None:
    example = site()
    clause = left_alone(example, example.hosts[0], moment)
    assert clause is None if said is None else (clause or "").startswith(said)


def test_a_test_host_may_always_be_changed() -> None:
    example = site()
    host = example.hosts[0].model_copy(update={"stage": "test"})
    assert left_alone(example, host, datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) is None


def test_without_a_window_only_peak_hours_count() -> None:
    example = site().model_copy(update={"windows": ()})
    assert left_alone(example, example.hosts[0], datetime(2026, 11, 23, 19, 0, tzinfo=UTC)) is None
