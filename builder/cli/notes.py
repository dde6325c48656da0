"""Notes before the work: a production host at a bad hour, a certificate of the hospital's own CA that ends soon."""

import typer

from builder.inventory.waves import waves_of
from builder.inventory.windows import told, told_in
from builder.workflows.at_work import changed_now
from builder.workflows.course import Course
from builder.workflows.handed_in import ending_soon
from builder.workflows.hours import closed_now, closing_soon
from builder.workflows.session import Session


def tell_hours(session: Session) -> None:
    """A note on standard error of the selected hosts that a build would not change now. Nothing is refused."""
    for lock in closed_now(session, session.machines):
        typer.echo(f"note: a build would be refused now: {lock.sentence}", err=True)


def tell_waves(session: Session) -> None:
    """A note on standard error of the waves in which a build changes the selected hosts, where there are several."""
    waves = waves_of(session.site, [machine.host.name for machine in session.machines])
    if len(waves) > 1:
        listed = "; ".join(f"{wave.number}: {', '.join(wave.hosts)}" for wave in waves)
        typer.echo(f"note: a build changes these hosts in {len(waves)} waves ({listed})", err=True)


def tell_at_work(session: Session) -> None:
    """A note on standard error of each selected host that a run changes now: what is seen there may be half done."""
    for name, lock in changed_now(session).items():
        typer.echo(
            f"note: {lock.holder} is at work on {name} since {told_in(session.site.time.zone, lock.since)} (run "
            f"{lock.run}): what is seen there may be half done",
            err=True,
        )


def tell_closing(session: Session) -> None:
    """A note on standard error when hosts of the session must be left alone again within the hour."""
    soon = closing_soon(session)
    if soon is not None:
        end, names = soon
        typer.echo(f"note: {', '.join(names)} may be changed until {told(end)}; no wave begins after that", err=True)


def tell_resumed(course: Course) -> None:
    """A note on standard error of the run that a build goes on with, and of what it had done."""
    run = course.resumed
    if run is not None:
        names = [machine.host.name for machine in course.done]
        done = f"{', '.join(names)} verified again first" if names else "no host was accepted by then"
        typer.echo(
            f"note: goes on with run {run.id} of {run.who}, {run.outcome} {run.finished or run.started:%Y-%m-%d %H:%M} "
            f"UTC, of {', '.join(run.hosts)}; {done}",
            err=True,
        )


def tell_ends(session: Session) -> None:
    """A note on standard error for each certificate of the hospital's own CA that ends soon: nothing renews it."""
    for sentence in ending_soon(session):
        typer.echo(f"note: {sentence}", err=True)
