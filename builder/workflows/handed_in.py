"""Certificates that the hospital's own CA signed: which end soon, for the person who has new ones signed."""

from collections.abc import Iterator

from builder.models.evidence import Evidence, Verdict
from builder.secrets.ending import remaining
from builder.workflows.session import Session, now


def ending_soon(session: Session) -> tuple[str, ...]:
    """A sentence for each selected host whose certificate a person must soon, or already, replace."""
    found = (remaining(session.site, machine.host.name, session.today) for machine in session.machines)
    return tuple(one.told for one in found if one is not None and one.soon)


def certificates_proven(session: Session) -> Iterator[Evidence]:
    """Evidence for each selected host of a site with an external CA: met while valid, with the remedy near its end."""
    for machine in session.machines:
        name = machine.host.name
        found = remaining(session.site, name, session.today)
        if found is None:
            continue
        verdict: Verdict = "unknown" if found.days is None else "met" if found.days >= 0 else "short"
        expected = f"valid; a new one is asked for {session.site.ca.renew_before_days} days before its end"
        yield Evidence(
            kind="check", subject=f"{name}: certificate of the hospital's CA", source="the site's ca",
            expected=expected, observed=found.told, verdict=verdict, at=now(),
            probe="pacsmith, from the site's certificates", host=name, run=session.run.id,
        )  # fmt: skip
