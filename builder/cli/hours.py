"""Say when a production host is about to be touched at an hour in which the site wants it left alone."""

import typer

from builder.inventory.quiet import left_alone
from builder.workflows.session import Session, now


def tell_hours(session: Session) -> None:
    """A note on standard error for each selected host that should not be changed now. Nothing is refused."""
    for machine in session.machines:
        clause = left_alone(session.site, machine.host, now())
        if clause is not None:
            typer.echo(f"note: {machine.host.name} is in production, and {clause}", err=True)
