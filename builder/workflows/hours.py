"""Whether hosts may be changed at this hour: the calendar's locks, and on whose word one was passed over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from builder.errors import Locked
from builder.inventory import Machine
from builder.inventory.quiet import left_alone
from builder.inventory.windows import Closed, closed, closes
from builder.lab.lab import Lab
from builder.models.event import Event
from builder.models.site import Host, Site
from builder.workflows.session import Session, now


def closed_now(session: Session, machines: Sequence[Machine], moment: datetime | None = None) -> tuple[Closed, ...]:
    """What the site's calendar locks of `machines` at `moment` (now). Hosts that the lab on this machine plays serve
    nobody: their hours do not count."""
    return closed_hosts(session.site, [machine.host for machine in machines], moment or now())


def closed_hosts(site: Site, hosts: Sequence[Host], moment: datetime) -> tuple[Closed, ...]:
    """The same of hosts."""
    played = Lab(site).playing()
    return closed(site, [host for host in hosts if host.name not in played], moment)


def closing_soon(session: Session, within: timedelta = timedelta(hours=1)) -> tuple[datetime, tuple[str, ...]] | None:
    """When the first of the session's hosts that are open now is closed again, in the site's zone, and which hosts that
    are; None when none is within this time."""
    played, moment = Lab(session.site).playing(), now()
    ends: dict[datetime, list[str]] = {}
    for machine in session.machines:
        host = machine.host
        if host.name not in played and left_alone(session.site, host, moment) is None:
            end = closes(session.site, host, moment)
            if end is not None and end - moment <= within:
                ends.setdefault(end, []).append(host.name)
    return min((end, tuple(sorted(names))) for end, names in ends.items()) if ends else None


def refuse_closed(locks: Sequence[Closed], verb: str) -> None:
    """Raise Locked that names every closed host, why, and when it opens."""
    if locks:
        raise Locked(
            f"the site's calendar refuses {verb}: {'; '.join(lock.sentence for lock in locks)}. Come back then, name "
            "the other hosts with --host, or, when it cannot wait, say why with --now 'REASON', which is recorded"
        )


def overridden(session: Session, locks: Sequence[Closed], reason: str) -> tuple[Event, ...]:
    """The events that say, for each closed host, who changes it all the same and why."""
    return tuple(
        Event(
            run=session.run.id, at=now(), host=name, status="note",
            step=f"is to be changed although {lock.clause}, on the word of {session.run.who}: {reason}",
        )
        for lock in locks
        for name in lock.hosts
    )  # fmt: skip
