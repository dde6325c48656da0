"""`pacsmith approve`: a second person's word on an upgrade that somebody else has planned."""

from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.options import SiteOption
from builder.load.place import find_site
from builder.load.site import load_site
from builder.secrets import open_store
from builder.workflows.approve import approve as carry_out
from builder.workflows.rehearsed import CHANGE_SET
from builder.workflows.session import ledger_of


def approve(
    host: Annotated[str, typer.Argument(metavar="HOST", help="The host that is to be upgraded.")],
    digest: Annotated[
        str, typer.Argument(metavar="CHANGE-SET", help="The digest that the plan printed, or its first characters.")
    ],
    site: SiteOption = None,
) -> None:
    """Approve of an upgrade that another person has planned; the ledger keeps who did, and when.

    A site that says `upgrades: {two_persons: true}` upgrades a production host only after that.

    Example: pacsmith approve archive01 3f9a01c2
    """
    hospital = load_site(find_site(site)).value
    with ledger_of(hospital, open_store(hospital, ask=asker())) as ledger:
        run, plan = carry_out(ledger, hospital, host, digest)
    typer.echo(f"{run.who} approves of the change set {plan.inputs[CHANGE_SET][:12]}… of {host}, planned by "
               f"{plan.who} (run {plan.id})")  # fmt: skip
    typer.echo(f"run {run.id}: done")
