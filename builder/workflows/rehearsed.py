"""Whether a change set may be made on a production host: rehearsed on a test host, and approved by a second person."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from builder.errors import Refused
from builder.models.run import Run
from builder.models.site import Host, Site
from builder.models.upgrade import ChangeSet, Leave, Said
from builder.workflows.session import Session, now

CHANGE_SET = "change set"
"""Under this name a run's inputs hold the digest of the change set that it makes, plans or approves."""
PLANNING = ("plan", "upgrade")
"""The verbs whose runs plan a change set."""


def refuse_unrehearsed(session: Session, changes: ChangeSet) -> Leave:
    """Raise Refused for a production host on which this was not rehearsed, or not approved where the site wants
    that."""
    host = session.machines[0].host
    if host.stage != "production":
        return Leave()
    site, ledger = session.site, session.ledger
    done = ledger.runs(site=site.name, verbs=("upgrade", "rehearse"), outcomes=("accepted",), limit=200)
    tried = rehearsal(site, host, changes, done, now())
    if tried is None:
        raise Refused(
            f"nothing was changed: {host.name} is in production, and this change set ({changes.told}) was not accepted "
            f"on a test host of class {host.host_class} within {site.upgrades.rehearsed_within_days} days; rehearse "
            f"it: pacsmith upgrade {host.name} with the same --to and --rehearse, or on a test host"
        )
    said = ledger.runs(site=site.name, verbs=("approve",), outcomes=("done",), limit=200)
    word = approval(session.run, changes, said, _oldest(site, now())) if site.upgrades.two_persons else None
    if site.upgrades.two_persons and word is None:
        raise Refused(
            f"nothing was changed: upgrades of this site want a second person; let somebody else than "
            f"{session.run.who} run: pacsmith approve {host.name} {changes.digest[:12]}"
        )
    return Leave(rehearsed=_said(tried), approved=_said(word))


def _said(run: Run | None) -> Said | None:
    return None if run is None else Said(run=run.id, who=run.who, at=run.started, host=run.hosts[0])


def _oldest(site: Site, moment: datetime) -> datetime:
    return moment - timedelta(days=site.upgrades.rehearsed_within_days)


def rehearsal(site: Site, host: Host, changes: ChangeSet, runs: Iterable[Run], moment: datetime) -> Run | None:
    """The newest accepted run of the same change set that is not too old: on a test host of the same class, or on the
    lab's copy of the host itself. Pure."""
    tests = {one.name for one in site.hosts if one.stage == "test" and one.host_class == host.host_class}
    oldest = _oldest(site, moment)
    fits = (one for one in runs if one.inputs.get(CHANGE_SET) == changes.digest and one.started >= oldest)
    return next((one for one in fits if set(one.hosts) <= (tests if one.verb == "upgrade" else {host.name})), None)


def approval(run: Run, changes: ChangeSet, runs: Iterable[Run], oldest: datetime) -> Run | None:
    """The newest approval of the change set for the host of `run`, not before `oldest`, by somebody else than the one
    who carries it out. Pure."""
    fits = (one for one in runs if one.inputs.get(CHANGE_SET) == changes.digest and set(run.hosts) <= set(one.hosts))
    return next((one for one in fits if one.who != run.who and one.started >= oldest), None)
