"""The option --burn-in, and how far a burn-in is: on a terminal in place, otherwise a line now and then."""

import time
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from builder.workflows.burn_in import MOST_MINUTES, BurnInOrder

_LINE_EVERY = 300.0  # seconds between two lines about one host where there is no terminal


def _within_a_day(minutes: int | None) -> int | None:
    """Refuse a burn-in that no workflow would take, in words."""
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        raise typer.BadParameter(
            f"{minutes} minutes are not possible: a burn-in lasts from 1 minute to a day ({MOST_MINUTES} minutes); "
            "0 removes what one that was cut off has left"
        )
    return minutes


BurnInOption = Annotated[
    int | None,
    typer.Option(
        "--burn-in",
        callback=_within_a_day,
        metavar="MINUTES",
        help=(
            "Afterwards put the machines under full load for so many minutes (at most 1440, a day) and watch them: "
            "processor and memory "
            "check their own results, the disk writes and reads back, the graphics card draws, a reading station "
            "fetches and shows images. Missing programs are installed for that time and removed again. The machines "
            "are slow meanwhile: use it before a machine is put to work, or at night. It is refused in the site's peak "
            "hours and while somebody uses a station. Ctrl-C ends it and tidies up. 0 only removes what a burn-in that "
            "was cut off has left."
        ),
    ),
]


class Teller:
    """What each host last said. `line` gives the plain line for something new; None for what need not be repeated."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, str] = {}
        self._told: dict[str, float] = {}

    def line(self, host: str, text: str) -> str | None:
        """A change of words is told at once, a progress ("3.0 of 60 min") every five minutes."""
        progress, before = " of " in text, self._last.get(host, "")
        self._last[host] = text
        if progress and " of " in before and self._clock() - self._told.get(host, 0.0) < _LINE_EVERY:
            return None
        if text == before:
            return None
        self._told[host] = self._clock()
        return f"{host}: burn-in: {text}"

    def all(self) -> str:
        """Every host in one line."""
        return "; ".join(f"{host} {text}" for host, text in self._last.items())


def order(minutes: int | None, console: Console, status: Status) -> BurnInOrder | None:
    """The burn-in that was asked for, told on `console`; None when none was."""
    if minutes is None:
        return None
    teller = Teller()

    def tell(host: str, text: str) -> None:
        said = teller.line(host, text)
        if console.is_terminal:
            status.update(f"burn-in: {teller.all()}")
        elif said is not None:
            console.print(said, markup=False, highlight=False, soft_wrap=True)

    return BurnInOrder(minutes, tell)
