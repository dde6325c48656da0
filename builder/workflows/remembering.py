"""Keep a reading for drift: since when each difference is there, and one piece of evidence for each answer."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue, ValidationError

from builder.assess.traced import traced
from builder.ledger import HostState
from builder.models.drift import HostDrift, Kind, LastReading, SiteDrift
from builder.models.evidence import Evidence, Verdict
from builder.workflows.session import Session, now

READING = "drift"
"""The subject of the one piece of evidence that each reading leaves for each host."""
_PROBE = "pacsmith drift: dry run of the roles, survey over SSH, certificates kept here"
_VERDICTS: Mapping[str, Verdict] = {
    "as accepted": "met",
    "drift": "short",
    "unknown": "unknown",
    "unreachable": "unknown",
}


def remembered(session: Session, hosts: Sequence[HostDrift], states: Mapping[str, HostState | None]) -> SiteDrift:
    """The reading with the beginnings of its differences, once it is in the ledger. A host that could not be read keeps
    what was known of it."""
    told: list[HostDrift] = []
    kept: dict[str, Mapping[str, JsonValue]] = {}
    for one in hosts:
        if not one.read or any(missing.subject == READING for missing in one.unseen):
            told.append(one)
            continue
        last = last_reading(states.get(one.host))
        differences, trace = traced(one.differences, last, one.accepted_at, session.run.started, _untold(one))
        told.append(one.model_copy(update={"differences": differences}))
        kept[one.host] = trace.model_dump(mode="json")
    session.ledger.record_evidence(item for one in told for item in evidence_of(one, session.run.id))
    session.ledger.set_drift(session.site.name, kept)
    return SiteDrift(site=session.site.name, run=session.run.id, at=session.run.started, hosts=tuple(told))


_WHOLE: Mapping[str, tuple[Kind, ...]] = {"roles": ("step",), "facts": ("fact", "requirement")}
"""Of what a reading could not tell, that which stands for whole kinds."""


def _untold(host: HostDrift) -> frozenset[str]:
    """The kinds and subjects that a reading could not tell."""
    return frozenset(name for missing in host.unseen for name in _WHOLE.get(missing.subject, (missing.subject,)))


def last_reading(state: HostState | None) -> LastReading | None:
    """The last reading since the host's acceptance; None before the first, or for one that another pacsmith kept."""
    if state is None or state.drift is None:
        return None
    try:
        return LastReading.model_validate(state.drift)
    except ValidationError:
        return None


def evidence_of(host: HostDrift, run: str) -> Iterator[Evidence]:
    """What the reading came to, then each difference and each thing that could not be told."""
    whole = f"{len(host.differences)} differences; {host.seen} of {host.steps} steps and {host.facts} facts seen"

    def said(subject: str, expected: str, observed: str, verdict: Verdict, source: str = "") -> Evidence:
        return Evidence(kind="check", subject=subject, source=source, expected=expected, observed=observed,
                        verdict=verdict, at=now(), probe=_PROBE, host=host.host, run=run)  # fmt: skip

    yield said(READING, f"as accepted in run {host.accepted_run}", whole, _VERDICTS[host.state])
    for one in host.differences:
        source = f"{one.concern}; {one.cause}"
        yield said(f"{READING}: {one.key}", one.accepted, one.now, "short", source)
    for missing in host.unseen:
        yield said(f"{READING}: {missing.subject}", "known as at acceptance", missing.why, "unknown")
