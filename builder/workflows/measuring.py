"""How long services of the site's hosts were away in earlier builds, as the ledger has it."""

from collections.abc import Callable, Sequence
from functools import cache

from builder.assess.interrupted import Measured, away
from builder.inventory.outage import Measure
from builder.ledger import Ledger
from builder.models.event import Event
from builder.models.interruption import Interruption
from builder.workflows.reboot import STEP as REBOOT

_RUNS = 12  # newest builds that are looked through
_ENOUGH = 3  # measurements; the longest counts


def boot_seconds(ledger: Ledger, site: str, host: str) -> float | None:
    """The longest of the newest three reboots of `host` in earlier builds of the site, in seconds; None when it was
    never booted anew by one."""
    ended = ledger.runs(site=site, verbs=("build",), outcomes=("accepted", "failed"), limit=_RUNS)
    found: list[float] = []
    for run in ended:
        found += [
            event.duration
            for event in ledger.events(run.id)
            if (event.host, event.step, event.status) == (host, REBOOT, "changed") and event.duration is not None
        ]
        if len(found) >= _ENOUGH:
            break
    return max(found[:_ENOUGH], default=None)


def measuring(ledger: Ledger, site: str) -> Callable[[str], Measure]:
    """By host, what measures its outages: the longest of the newest three in earlier builds of the site, None where
    there is none. Each build's events are read once, and only when somebody asks."""

    @cache
    def runs() -> tuple[str, ...]:
        ended = ledger.runs(site=site, verbs=("build",), outcomes=("accepted", "failed"), limit=_RUNS)
        return tuple(run.id for run in ended)

    @cache
    def events(run: str) -> tuple[Event, ...]:
        return ledger.events(run)

    def of_host(host: str) -> Measure:
        def measure(steps: Sequence[Interruption]) -> Measured | None:
            found: list[Measured] = []
            for run in runs():
                seconds = away(events(run), host, steps)
                if seconds is not None:
                    found.append(Measured(seconds, run))
                if len(found) == _ENOUGH:
                    break
            return max(found, default=None)

        return measure

    return of_host
