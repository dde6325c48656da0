"""Which screenshot counts, and when: frames come at set times instead of from a screen."""

from collections.abc import Sequence

import pytest

from builder.probes import watching
from builder.probes.hand import Frame, Hand, Shot
from builder.probes.watching import watch


class Screen(Hand):
    """Shows the frame of the moment: `(from second, grey)`; a screenshot takes a quarter of a second."""

    def __init__(self, shown: Sequence[tuple[float, int]]) -> None:
        self.now = 100.0
        self.frames = [(since, Frame(bytes([grey]) * 4, 1, 1, 24)) for since, grey in shown]

    def shot(self, box: object = None) -> Shot:
        self.now += 0.25
        return Shot([frame for since, frame in self.frames if 100 + since <= self.now][-1], self.now)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_STEP", 0.0)


def png(grey: int) -> bytes:
    return Frame(bytes([grey]) * 4, 1, 1, 24).png


def test_the_time_is_that_of_the_first_screenshot_with_the_picture() -> None:
    shown = watch(Screen([(0, 1), (2.0, 9)]), lambda seen: seen == png(9), 100.0, 10)
    assert (shown.png, shown.seconds) == (png(9), 2.0)


def test_a_picture_that_passes_by_is_not_judged() -> None:
    seen = []
    watch(Screen([(0, 1), (1.0, 2), (1.25, 9)]), lambda one: seen.append(one) or one == png(9), 100.0, 10)  # type: ignore[func-returns-value]
    assert seen == [png(1), png(9)]


def test_a_picture_that_changes_while_it_rests_is_judged_again_and_the_last_is_kept() -> None:
    good = {png(8), png(9)}
    shown = watch(Screen([(0, 1), (2.0, 8), (3.0, 9)]), good.__contains__, 100.0, 10, rest=1.5)
    assert (shown.png, shown.seconds) == (png(9), 2.0)
    spoilt = watch(Screen([(0, 1), (2.0, 8), (3.0, 7), (5.0, 9)]), good.__contains__, 100.0, 10, rest=1.5)
    assert (spoilt.png, spoilt.seconds) == (png(9), 5.0)


def test_patience_ends_with_the_last_picture() -> None:
    shown = watch(Screen([(0, 1), (9.0, 9)]), lambda seen: seen == png(9), 100.0, 5)
    assert (shown.png, shown.seconds) == (png(1), None)


def test_a_screen_that_never_rests_is_judged_once_a_second() -> None:
    seen = []
    restless = [(step / 4, step % 200) for step in range(40)]
    shown = watch(Screen(restless), lambda one: bool(seen.append(one)), 100.0, 5)  # type: ignore[func-returns-value]
    assert shown.seconds is None
    assert 4 <= len(seen) <= 6
