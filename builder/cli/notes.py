"""Notes before the work: a production host at a bad hour, a certificate of the hospital's own CA that ends soon."""

import typer

from builder.inventory.quiet import left_alone
from builder.workflows.handed_in import ending_soon
from builder.workflows.session import Session, now


def tell_hours(session: Session) -> None:
    """A note on standard error for each selected host that should not be changed now. Nothing is refused."""
    for machine in session.machines:
        clause = left_alone(session.site, machine.host, now())
        if clause is not None:
            typer.echo(f"note: {machine.host.name} is in production, and {clause}", err=True)


def tell_ends(session: Session) -> None:
    """A note on standard error for each certificate of the hospital's own CA that ends soon: nothing renews it."""
    for told in ending_soon(session):
        typer.echo(f"note: {told}", err=True)
