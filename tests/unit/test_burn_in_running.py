"""While a burn-in runs: images shown in a loop of their own, and what a person hears of it."""

import threading
from collections.abc import Callable

import pytest

from builder.cli.burn_in import Teller
from builder.errors import PacsmithError
from builder.probes import burn_in_images
from builder.probes.burn_in_images import ImageLoop
from builder.probes.station_viewer import StationInUse


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burn_in_images, "_PAUSE", 0.001)


class Screen:
    """Shows images as `answers` say, one after another, and tells when all have been asked for."""

    def __init__(self, *answers: Callable[[], float | None]) -> None:
        self._answers = list(answers)
        self.done = threading.Event()

    def __call__(self) -> float | None:
        if not self._answers:
            self.done.set()
            return 1.0
        return self._answers.pop(0)()


def fails() -> float | None:
    raise PacsmithError("read1: the archive is away")


def in_use() -> float | None:
    raise StationInUse("read1", 3.0)


def test_images_are_shown_until_the_end() -> None:
    screen = Screen(lambda: 0.5, lambda: 2.5)
    with ImageLoop(screen) as loop:
        assert screen.done.wait(10)
    judged = loop.judged(station=True)
    assert judged.verdict == "met"
    assert "first image after 0.5 to 2.5 s" in judged.observed


@pytest.mark.parametrize(("wrong", "why"), [(fails, "the archive is away"), (lambda: None, "no image came in time")])
def test_one_image_that_does_not_come_is_short(wrong: Callable[[], float | None], why: str) -> None:
    screen = Screen(lambda: 0.5, wrong, wrong)
    with ImageLoop(screen) as loop:
        assert screen.done.wait(10)
    judged = loop.judged(station=True)
    assert judged.verdict == "short"
    assert "2 failed" in judged.observed
    assert judged.observed.count(why) == 1


def test_somebody_who_sits_down_ends_the_loop() -> None:
    screen = Screen(lambda: 0.5, in_use)
    with ImageLoop(screen) as loop:
        loop._thread.join(10)
        assert isinstance(loop.in_use, StationInUse)
    assert not screen.done.is_set()


def test_without_a_viewer_to_drive_a_person_must_tell() -> None:
    with ImageLoop(None) as loop:
        pass
    assert (loop.judged(station=True).verdict, loop.judged(station=True).attest is not None) == ("unknown", True)
    assert loop.judged(station=False).verdict == "not applicable"


def test_a_line_now_and_then() -> None:
    at = [1000.0]
    teller = Teller(lambda: at[0])
    assert teller.line("read1", "installing 4 packages") == "read1: burn-in: installing 4 packages"
    assert teller.line("read1", "0.1 of 60 min") == "read1: burn-in: 0.1 of 60 min"
    at[0] += 299
    assert teller.line("read1", "5.0 of 60 min, 61 °C") is None
    assert teller.line("read2", "5.0 of 60 min") is not None
    at[0] += 2
    assert teller.line("read1", "5.1 of 60 min, 62 °C") == "read1: burn-in: 5.1 of 60 min, 62 °C"
    assert teller.line("read1", "removing") is not None
    assert teller.line("read1", "removing") is None
    assert teller.all() == "read1 removing; read2 5.0 of 60 min"
