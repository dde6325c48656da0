"""Since when something differs: one reading after another (pure)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from builder.models.drift import Cause, Difference, LastReading, Trace


def traced(
    found: Sequence[Difference],
    last: LastReading | None,
    accepted: datetime | None,
    at: datetime,
    untold: Collection[str] = (),
) -> tuple[tuple[Difference, ...], LastReading]:
    """The differences of a reading at `at` with their beginnings, and what is kept for the next reading. A difference
    that the last reading had goes on; a new one has come since it was told last that it was not there: at the last
    reading that could tell, or when the host was accepted.

    `untold`: the kinds and subjects that this reading could not tell; their traces are kept as they were.
    """
    before = dict(last.traces) if last is not None else {}
    blind = {name: _told_last(last, accepted, name) for name in untold}
    told, traces = [], {key: one for key, one in before.items() if blind.keys() & set(key.split(": ", 1))}
    for one in found:
        was = before.get(one.key)
        cause = _settled(was, one.cause)
        since = _told_last(last, accepted, one.kind, one.subject)
        trace = Trace(after=was.after if was else since, seen=was.seen if was else at, cause=cause)
        traces[one.key] = trace
        told.append(one.model_copy(update={"cause": cause, "after": trace.after, "seen": trace.seen}))
    return tuple(told), LastReading(at=at, traces=traces, untold=blind)


def _told_last(last: LastReading | None, accepted: datetime | None, *names: str) -> datetime | None:
    """When things of these names could be told last."""
    if last is None:
        return accepted
    return next((last.untold[name] for name in names if name in last.untold), last.at)


def _settled(was: Trace | None, cause: Cause) -> Cause:
    """What was corrective when the site had not moved yet has not become intended because it moved later."""
    if was is not None and was.cause in ("corrective", "both") and cause == "undecided":
        return was.cause
    return cause
