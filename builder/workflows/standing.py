"""Whether a host stands accepted as site file and roles are now: a later wave and a resumed build rest on it."""

from collections.abc import Collection

from builder.inventory import Machine
from builder.workflows.recording import variables_digest
from builder.workflows.session import Session


def stands(session: Session, machine: Machine, runs: Collection[str] | None = None) -> bool:
    """Whether the ledger says that `machine` was accepted, with the variables and roles that it has now; with `runs`,
    in one of these. Of what the machine is by now it says nothing: only verification does."""
    state = session.ledger.host_state(session.site.name, machine.host.name)
    if state is None or state.accepted_run is None or (runs is not None and state.accepted_run not in runs):
        return False
    then, today = session.ledger.run(state.accepted_run).inputs, session.run.inputs
    roles = (f"roles/{role.role}" for role in machine.roles)
    return state.variables_digest == variables_digest(machine) and all(
        then.get(role) == today.get(role) for role in roles
    )
