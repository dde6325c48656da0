"""A second person's word on a change set that somebody else has planned."""

from builder import __version__
from builder.errors import BadInput, Refused
from builder.ledger import Ledger
from builder.models.run import Run
from builder.models.site import Site
from builder.workflows.rehearsed import CHANGE_SET, PLANNING
from builder.workflows.session import account, now, run_id

_SHORTEST = 8


def planned(ledger: Ledger, site: Site, host: str, digest: str) -> Run:
    """The newest plan of an upgrade of `host` whose change set begins with `digest`. Raises BadInput when there is none
    or several change sets begin so."""
    if len(digest) < _SHORTEST:
        raise BadInput(f"approve: {digest}: give at least {_SHORTEST} characters of the change set's digest")
    known = ledger.runs(site=site.name, host=host, verbs=PLANNING, limit=200)
    fits = [run for run in known if run.inputs.get(CHANGE_SET, "").startswith(digest)]
    if len({run.inputs[CHANGE_SET] for run in fits}) > 1:
        raise BadInput(f"approve: several change sets of {host} begin with {digest}; give more of it")
    if not fits:
        raise BadInput(
            f"approve: nobody has planned an upgrade of {host} whose change set begins with {digest}; the one who "
            f"plans it runs: pacsmith upgrade {host} --to … --plan"
        )
    return fits[0]


def approve(ledger: Ledger, site: Site, host: str, digest: str) -> tuple[Run, Run]:
    """Record that the person at work approves of it; the approval, and the plan that it is of. Raises Refused when that
    person has planned it."""
    plan = planned(ledger, site, host, digest)
    run = Run(
        id=run_id(), verb="approve", site=site.name, hosts=(host,), who=account(), started=now(),
        tool_version=__version__, inputs={CHANGE_SET: plan.inputs[CHANGE_SET]},
    )  # fmt: skip
    ledger.begin(run)
    own = plan.who == run.who
    ledger.finish(run.id, "refused" if own else "done", f"planned by {plan.who}, run {plan.id}")
    if own:
        raise Refused(f"approve: {plan.who} has planned this (run {plan.id}); somebody else must approve it")
    return run, plan
