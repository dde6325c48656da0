"""Since when something differs: one reading after another (pure)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from builder.models.drift import Cause, Difference, Kind, LastReading, Trace

ALL: frozenset[Kind] = frozenset(("step", "fact", "requirement", "certificate"))


def traced(
    found: Sequence[Difference],
    last: LastReading | None,
    accepted: datetime | None,
    at: datetime,
    read: Collection[Kind] = ALL,
) -> tuple[tuple[Difference, ...], LastReading]:
    """The differences of a reading at `at` with their beginnings, and what is kept for the next reading. A difference
    that the last reading had goes on; a new one has come since then, or since the host was accepted.

    `read`: the kinds that this reading could tell; of others the traces are kept as they were.
    """
    before = dict(last.traces) if last is not None else {}
    since = last.at if last is not None else accepted
    told, traces = [], {key: one for key, one in before.items() if key.partition(":")[0] not in read}
    for one in found:
        was = before.get(one.key)
        cause = _settled(was, one.cause)
        trace = Trace(after=was.after if was else since, seen=was.seen if was else at, cause=cause)
        traces[one.key] = trace
        told.append(one.model_copy(update={"cause": cause, "after": trace.after, "seen": trace.seen}))
    return tuple(told), LastReading(at=at, traces=traces)


def _settled(was: Trace | None, cause: Cause) -> Cause:
    """What was corrective when the site had not moved yet has not become intended because it moved later."""
    if was is not None and was.cause in ("corrective", "both") and cause == "undecided":
        return was.cause
    return cause
