"""Hold a build to a written plan: refuse when anything that the plan rests on has moved, and compare what was done."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from builder.assess.moved import departures, first_of, inputs_moved, tool_moved, world_moved
from builder.engines.material import Material
from builder.errors import BadInput, PacsmithError, Refused, Unreachable
from builder.load.place import find_site
from builder.load.plan import load_plan
from builder.load.site import load_site
from builder.models.event import Event
from builder.models.plan import HOLDS, WrittenPlan
from builder.models.run import Outcome, Run
from builder.workflows.plan import cleaned, dry_run
from builder.workflows.session import Session, this_tool

_NOTHING = "nothing was changed"
PLAN = "plan"
"""Under this name a run's inputs hold the digest of the plan that it carries out."""
_AGAIN = "look at the difference with: pacsmith plan"


def read_plan(file: Path, site: str | None, now: datetime) -> WrittenPlan:
    """The plan in `file`, for the site that was named, or else for its own. Raises BadInput for a file that is no whole
    plan, is of another site or too old, Refused when the site has lost one of its hosts."""
    plan = load_plan(file)
    named = load_site(find_site(site or plan.site_file))
    if named.value.name != plan.site:
        raise BadInput(f"{file}: this is a plan of site {plan.site}, not of {named.value.name}; name its own site")
    if now - plan.made > HOLDS:
        raise BadInput(
            f"{file}: the plan was made {plan.made:%Y-%m-%d %H:%M} UTC by {plan.who}, and a plan holds for "
            f"{HOLDS.days} days; make it again with: pacsmith plan --out FILE"
        )
    gone = [name for name in plan.names if name not in {host.name for host in named.value.hosts}]
    if gone:
        raise Refused(f"{_NOTHING}: {named.file} has changed since the plan: it has no host {', '.join(gone)} any more")
    return plan


def goes_on(plan: WrittenPlan, file: Path | None = None) -> str:
    """The command that goes on with a build of `plan` that was cut off."""
    which = f"FILE, where FILE is the plan of run {plan.run}" if file is None else shlex.quote(str(file))
    return f"pacsmith build {plan.site_file} --resume --plan {which}"


def held_to(session: Session, plan: WrittenPlan) -> Session:
    """The session whose run says in the ledger which plan it carries out."""
    inputs = {**session.run.inputs, PLAN: plan.digest}
    return replace(session, run=session.run.model_copy(update={"inputs": inputs}))


def refuse_other_inputs(plan: WrittenPlan, session: Session) -> None:
    """Raise Refused when an input file or pacsmith itself is not what the plan was made with, or was when another run
    carried it out."""
    now = {name: digest for name, digest in session.run.inputs.items() if name != PLAN}
    moved = (*tool_moved(plan.tool, this_tool()), *inputs_moved(plan.inputs, now))
    if moved:
        _refuse_done(plan, session)
    _refuse(plan, moved, _AGAIN)


def refuse_other_world(
    plan: WrittenPlan, session: Session, materials: Mapping[str, Material], file: Path | None = None
) -> WrittenPlan:
    """Read the hosts again; the plan (of `file`), of which a resumed build has what is left to do. Raises Refused that
    names every step for which a host is not as it was, or the run that has carried the plan out already, Unreachable
    when a host does not answer."""
    now, job = dry_run(session, session.machines, materials)
    if not job.ok:
        kind: type[PacsmithError] = Unreachable if job.unreachable else Refused
        raise kind(f"{_NOTHING}: whether all is as the plan found it cannot be seen: {first_of(job.reasons)}")
    places = {machine.host.name: machine.connection for machine in session.machines}
    begun = session.run.terms is not None and session.run.terms.resumes is not None
    moved: list[str] = []
    for one in plan.hosts:
        if (places[one.host].address, places[one.host].port) != (one.address, one.port):
            moved.append(f"{one.host} is reached elsewhere now")
        moved += world_moved(one.host, one.steps, now.get(one.host, ()), begun=begun)
    if moved:
        _refuse_done(plan, session)
    _refuse(plan, moved, _AGAIN if begun else _hint(plan, session, file))
    if not begun:
        return plan
    left = (one.model_copy(update={"steps": now.get(one.host, ())}) for one in plan.hosts)
    return plan.model_copy(update={"hosts": tuple(left)})


def _refuse_done(plan: WrittenPlan, session: Session) -> None:
    """Raise Refused when all that has moved is older news: another run has carried the plan out, to its end."""
    done = _carrying_out(plan, session, "accepted", "interrupted", "failed")
    if done is not None and done.outcome == "accepted":
        when = f", {done.finished:%Y-%m-%d %H:%M} UTC" if done.finished else ""
        raise Refused(
            f"{_NOTHING}: run {done.id} has carried this plan out already (accepted{when}); for what a build would "
            "change now, make a new one with: pacsmith plan --out FILE"
        )


def _hint(plan: WrittenPlan, session: Session, file: Path | None) -> str:
    """What to do about a host that has moved: perhaps it was this plan that moved it."""
    cut_off = _carrying_out(plan, session, "interrupted", "failed")
    return _AGAIN if cut_off is None else f"run {cut_off.id} has begun it: go on with that by {goes_on(plan, file)}"


def _carrying_out(plan: WrittenPlan, session: Session, *outcomes: Outcome) -> Run | None:
    """The newest run that carried out this plan and ended so."""
    runs = session.ledger.runs(site=plan.site, verbs=("build",), outcomes=outcomes)
    return next((run for run in runs if run.inputs.get(PLAN) == plan.digest), None)


class Promise:
    """What a build does, beside what its plan says; without a plan nothing is promised and nothing is broken."""

    def __init__(self, plan: WrittenPlan | None, session: Session) -> None:
        self.reboots = None if plan is None else frozenset(one.host for one in plan.reboots if one.allowed)
        self.planned = {} if plan is None else {one.host: one.steps for one in plan.hosts}
        self.session = session
        self.events: list[Event] = []
        self.departures: list[str] = []

    def hear(self, event: Event) -> None:
        """Keep what a step of the build said."""
        if event.host in self.planned:
            self.events.append(cleaned(event, self.session.store.redactor().clean))

    def broken(self, hosts: Sequence[str]) -> dict[str, str]:
        """Those of `hosts` on which something else was done than the plan says, each with what it was."""
        found = {}
        for host in hosts:
            told = departures(host, self.planned.get(host, ()), self.events) if host in self.planned else ()
            self.departures += told
            if told:
                found[host] = f"not what the plan says: {first_of(told)}"
        return found


def _refuse(plan: WrittenPlan, moved: Sequence[str], remedy: str) -> None:
    if moved:
        raise Refused(
            f"{_NOTHING}: since the plan was made ({plan.made:%Y-%m-%d %H:%M} UTC, run {plan.run}) this has moved: "
            f"{first_of(moved)}; {remedy}"
        )
