"""Whether an upgrade may begin at all, by what is known of the host here."""

from builder.errors import Refused
from builder.models.upgrade import Leave
from builder.workflows.rehearsed import refuse_unrehearsed
from builder.workflows.standing import stands
from builder.workflows.upgrade_record import Records, refuse_cut_off
from builder.workflows.upgrade_states import States


def refuse_unready(states: States) -> Leave:
    """The runs on which it rests. Raises Refused for a host whose upgrade was cut off, that is not accepted as the site
    file says, or whose change set was not rehearsed or approved."""
    name = states.machine.host.name
    if states.resumed is not None:
        return states.resumed.leave
    refuse_cut_off(Records(states.after.folder / "upgrades"), [name], "changed")
    if not stands(states.before, states.was):
        raise Refused(
            f"nothing was changed: {name} is not accepted as the site file and the roles are now, so nobody could say "
            f"what it goes back to; build it first: pacsmith build --host {name}"
        )
    return refuse_unrehearsed(states.before, states.changes)
