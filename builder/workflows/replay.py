"""Tell what somebody changed on a machine from what was changed in the site: try the accepted variables as well."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

from pydantic import ValidationError

from builder.assess.concern import of_step
from builder.assess.outliers import facts_recorded
from builder.engines.files import HIDDEN
from builder.engines.material import Material
from builder.errors import BadInput
from builder.inventory import Machine
from builder.inventory.build import RoleVariables
from builder.inventory.roles import load_role_module
from builder.ledger import HostState
from builder.models.drift import Accepted, Cause
from builder.models.plan import PlannedStep
from builder.models.run import Run
from builder.secrets.certificates import certificates_folder, present_certificate
from builder.workflows.material import materials_for
from builder.workflows.plan import dry_run
from builder.workflows.recording import digest_of, variables_digest
from builder.workflows.session import Session, this_tool

Causes = Mapping[tuple[str, str], Cause]


def kept(state: HostState | None) -> Accepted | None:
    """What was kept of a host at its acceptance; None when nothing was, or by another pacsmith in another form."""
    if state is None or state.accepted is None:
        return None
    try:
        found = Accepted.model_validate(state.accepted)
        facts_recorded(found.facts)
    except ValueError:
        return None
    return found


def wanted_moved(
    session: Session, machine: Machine, state: HostState, accepted_by: Run, accepted: Accepted | None
) -> tuple[bool, bool]:
    """Whether the host's variables, and whether the roles or pacsmith itself, are others than at its acceptance."""
    roles = [f"roles/{role.role}" for role in machine.roles]
    other = any(accepted_by.inputs.get(role) != session.run.inputs.get(role) for role in roles)
    tool = accepted.tool if accepted is not None else None
    moved = tool != this_tool() if tool is not None else accepted_by.tool_version != session.run.tool_version
    return state.variables_digest != variables_digest(machine), other or moved


def as_accepted(machine: Machine, accepted: Accepted, state: HostState) -> Machine | None:
    """The machine with the variables of its acceptance; None when they cannot be had any more."""
    if digest_of(accepted.variables) != state.variables_digest or list(accepted.variables) != [
        role.role for role in machine.roles
    ]:
        return None
    try:
        roles = tuple(
            RoleVariables(name, load_role_module(name, "variables").Variables.model_validate(dict(data)))
            for name, data in accepted.variables.items()
        )
    except ValidationError:
        return None
    return replace(machine, roles=roles)


def steps_as_accepted(
    session: Session, machines: Sequence[Machine], day: Callable[[str], date]
) -> Mapping[str, tuple[PlannedStep, ...]]:
    """A dry run of `machines` (with their accepted variables), by host; hosts on which it failed are left out, and so
    are those whose accepted variables name a secret, or a file of the depot, that is not there any more. `day`: as
    for `materials_for`."""
    materials: dict[str, Material] = {}
    for machine in machines:
        with suppress(BadInput):
            materials |= materials_for(replace(session, machines=(machine,)), day)
    machines = [machine for machine in machines if machine.host.name in materials]
    steps, job = dry_run(session, machines, materials)
    lost = {*job.failed, *job.unreachable}
    return {host: its for host, its in steps.items() if host not in lost}


def causes(now: Sequence[PlannedStep], then: Sequence[PlannedStep] | None) -> Causes:
    """Why each step that would change something now would: with the accepted variables (`then`) as well (the machine
    was changed), only with the present ones (the site was), or with both, but not the same. None: nobody can tell."""
    if then is None:
        return {}
    before = {(step.role, step.step): step for step in then if step.changes}
    found: dict[tuple[str, str], Cause] = {}
    for step in now:
        key = (step.role, step.step)
        if step.changes:
            was = before.get(key)
            found[key] = "intended" if was is None else "corrective" if was.diff == step.diff else "both"
    return found


def renewed_since(session: Session, host: str, accepted_at: datetime) -> bool:
    """Whether the certificate that is kept here was made after the host's acceptance; of one of the same day nobody
    knows."""
    certificate = present_certificate(certificates_folder(session.site) / f"{host}.pem")
    if certificate is None:
        return False
    made = certificate.not_valid_before_utc.date() + timedelta(days=1)  # it begins a day earlier
    return made > accepted_at.date()


def doubts(steps: Sequence[PlannedStep], *, renewed: bool) -> Causes:
    """Steps of a host that may differ for another reason than a change of the machine: a secret may be another one in
    the vault now, and the certificate that is kept here may have been `renewed`."""
    found: dict[tuple[str, str], Cause] = {}
    for step in steps:
        if HIDDEN in (step.diff or ""):
            found[step.role, step.step] = "undecided"
        elif renewed and of_step(step.step, step.diff) == "certificates":
            found[step.role, step.step] = "due"
    return found
