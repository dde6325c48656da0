"""Events -> the plan that was carried out, by host and role. Pure."""

from collections.abc import Iterable, Sequence

from builder.models.dossier import HostWork, RoleWork, Step
from builder.models.event import Event

DIFF_LINES = 40
_ENDS = ("ok", "changed", "failed", "skipped", "unreachable")


def work_of(events: Sequence[Event]) -> tuple[HostWork, ...]:
    """Every step with its last word, hosts and roles in the order in which they began."""
    hosts = dict.fromkeys(event.host for event in events if event.host)
    return tuple(_host(host, [event for event in events if event.host == host]) for host in hosts)


def loose_notes(events: Iterable[Event]) -> tuple[str, ...]:
    """What the run noted of no host in particular."""
    return tuple(event.step for event in events if event.status == "note" and not event.host and event.step)


def abridge(diff: str | None) -> str | None:
    """At most DIFF_LINES lines of a diff, and how many more there were."""
    if diff is None:
        return None
    lines = diff.splitlines()
    if len(lines) <= DIFF_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:DIFF_LINES], f"… {len(lines) - DIFF_LINES} more lines; the ledger holds them all"])


def _host(host: str, events: Sequence[Event]) -> HostWork:
    steps = [event for event in events if event.status != "note" and event.step]
    roles = tuple(_role(role, [event for event in steps if event.role == role])
                  for role in dict.fromkeys(event.role for event in steps))  # fmt: skip
    every = [step for role in roles for step in role.steps]
    return HostWork(
        host=host,
        roles=roles,
        coverage=sum(step.previewable for step in every) / len(every) if every else None,
        notes=tuple(event.error or event.step for event in events if _says_something(event)),
    )


def _says_something(event: Event) -> bool:
    return (event.status == "note" and bool(event.step)) or (event.status == "unreachable" and not event.step)


def _role(role: str, events: Sequence[Event]) -> RoleWork:
    said: list[Event] = []
    for event in events:
        # The first of its name that has not ended yet is the same step; a name may come twice.
        open_ = next((i for i, old in enumerate(said) if old.step == event.step and old.status not in _ENDS), None)
        if open_ is None:
            said.append(event)
        else:
            previewable = event.previewable and said[open_].previewable
            said[open_] = event.model_copy(update={"previewable": previewable})
    steps = tuple(
        Step(
            name=event.step,
            status=event.status,
            previewable=event.previewable,
            duration=event.duration,
            diff=abridge(event.diff),
            error=event.error,
        )
        for event in said
    )
    return RoleWork(
        role=role,
        steps=steps,
        changed=sum(step.status == "changed" for step in steps),
        ok=sum(step.status == "ok" for step in steps),
        failed=sum(step.status in ("failed", "unreachable") for step in steps),
        seconds=round(sum(step.duration or 0.0 for step in steps), 3),
    )
