"""What the dossier tells of an upgrade."""

from builder.durable import write_whole
from builder.models.upgrade import Account, Kept, Leave
from builder.report.gather import account_file
from builder.wayback.manifest import Manifest
from builder.workflows.upgrade_states import States
from builder.workflows.upgraded import Upgraded


def keep_account(states: States, result: Upgraded, leave: Leave) -> None:
    """Write it down before the dossier is made, and for every later one of this run."""
    session, ahead = states.after, result.ahead
    outcome = "upgraded" if result.outcome == "accepted" else "back on what it was" if result.rolled_back else "failed"
    account = Account(
        host=states.machine.host.name, changes=states.changes.changes, change_set=states.changes.digest,
        outcome=outcome, why=session.store.redactor().clean(result.why),
        way=ahead.way if ahead else None, checks=ahead.checks if ahead else (),
        estimate=ahead.estimate if ahead else None,
        outage=result.outage, kept_before=_kept(result.before), kept_after=_kept(result.after),
        settings=result.settings, errors=result.errors,
        acts=tuple(result.seconds.items()), rehearsed=leave.rehearsed, approved=leave.approved,
    )  # fmt: skip
    write_whole(account_file(session.site, session.run.id), account.model_dump_json(indent=1).encode())


def _kept(manifest: Manifest | None) -> Kept | None:
    if manifest is None or not manifest.instances:
        return None
    return Kept(instances=len(manifest.instances), studies=manifest.studies, size=manifest.size, sha256=manifest.digest)
