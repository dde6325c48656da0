"""An upgrade as a plan: everything that it would ask and do, and nothing changed."""

from contextlib import closing
from dataclasses import dataclass, replace

from builder.errors import Locked, Refused
from builder.inventory.outage import away
from builder.inventory.windows import told
from builder.lab.sources import CODENAME
from builder.models.run import Run
from builder.models.upgrade import Check
from builder.survey.remote import Remote
from builder.wayback.copy import Copy
from builder.workflows.fitness import refuse_short
from builder.workflows.hours import closed_now, refuse_closed
from builder.workflows.preflight import Ahead, Wanted, preflight
from builder.workflows.recording import recorded
from builder.workflows.session import Session
from builder.workflows.survey import survey_hosts
from builder.workflows.upgrade_ready import refuse_unready
from builder.workflows.upgrade_record import Records, refuse_cut_off
from builder.workflows.upgrade_states import States


@dataclass(frozen=True)
class Look:
    """What was seen by `run`; `told` is who loses what, when, and for how long; `refused` is why the upgrade would
    be refused now beside the checks, if it would."""

    run: Run
    ahead: Ahead
    told: str
    refused: str | None


def ahead_of(states: States, remote: Remote, copy: Copy) -> Ahead:
    """What can be known of the upgrade while the host serves. Raises Unreachable."""
    releases = CODENAME[states.was.host.os], CODENAME[states.machine.host.os]
    rehearsed = Records(states.before.folder / "upgrades").rehearsed(states.changes)
    ahead = preflight(states.before, remote, copy, Wanted(states.changes, releases, rehearsed))
    return replace(ahead, checks=(_sheets_met(states.after), *ahead.checks))


def _sheets_met(session: Session) -> Check:
    """What the machine has, held against the sheets of the versions to come."""
    name = "the sheets of the versions to come"
    read = survey_hosts(session.machines, session.recordings)
    fault = next((one.fault for one in read if one.fault is not None), None)
    if fault is not None:
        return Check(name=name, verdict="unknown", observed=fault, remedy="see whether the host answers")
    try:
        refuse_short(read, session.sheets, session.today)
    except Refused as why:
        return Check(name=name, verdict="short", observed=str(why), remedy="mend that first")
    return Check(name=name, verdict="met", observed="short of no minimum")


def look(states: States) -> Look:
    """Ask the host everything, and record the plan, so that another person can approve of it. Raises Refused for
    one whose upgrade was cut off, Unreachable."""
    states = states.begun("plan", None)
    session, host = states.before, states.was.host
    refuse_cut_off(Records(session.folder / "upgrades"), [host.name], "asked")
    with closing(session.ledger), closing(states.after.ledger), recorded(session, locked=False) as ending:
        with Remote(states.was.connection) as remote:
            ahead = ahead_of(states, remote, Copy.of(host, session.run.id))
        refused = None
        try:
            refuse_unready(states)
            refuse_closed(closed_now(session, session.machines), "an upgrade")
        except (Refused, Locked) as why:
            refused = str(why)
        ending.outcome = "done"
    return Look(session.run, ahead, f"{_when(session)}, {away(session.site, host, ahead.estimate.seconds)}", refused)


def _when(session: Session) -> str:
    """From when on the session's one host may be away, as a clause."""
    locks = closed_now(session, session.machines)
    if not locks:
        return "once you begin it"
    return f"not before {told(locks[0].opens)}" if locks[0].opens else "never, by the windows of the site file"
