"""`pacsmith plan`: what a build would change, and what nobody can say before it runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.notes import tell_at_work, tell_ends, tell_hours, tell_waves
from builder.cli.options import (
    ClassOption,
    HostOption,
    JsonOption,
    SiteArgument,
    SiteOption,
    one_site,
    refuse_without_folder,
)
from builder.cli.progress import watching
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE
from builder.workflows.plan import Plan, by_host, write, written
from builder.workflows.plan import plan as carry_out
from builder.workflows.session import open_session

_OTHERS = "mend what stands above, or name the other hosts with --host"


def plan(  # noqa: PLR0917 - one option each
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the plan as data as well, for: pacsmith build --plan FILE."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a build would change on each host, with the differences of every file, and who loses what meanwhile.
    Nothing on a host is changed.

    Some steps can only be judged when they run: they are named, and the coverage says how many steps could be seen.

    Example: pacsmith plan --host archive01 --out tonight.json
    """
    if out is not None:
        refuse_without_folder("--out", out, out.parent)
    session = open_session("plan", one_site(site_name, site), hosts=host, host_class=host_class, ask=asker())
    tell_hours(session)
    tell_at_work(session)
    tell_ends(session)
    tell_waves(session)
    with watching(session.machines, quiet=as_json) as watcher:
        result = carry_out(session, watcher.event)
    if as_json:
        typer.echo(json.dumps(_as_data(result), indent=2))
    else:
        _tell(result)
    if out is not None and result.job.ok:
        write(written(session, result), out)
        typer.echo(f"plan written: {out}; carry it out with: pacsmith build --plan {out}", err=as_json)
    elif out is not None:
        typer.echo(
            f"pacsmith: {out} is not written: a plan to carry out has seen every host wholly; {_OTHERS}", err=True
        )
    if not result.job.ok:
        raise typer.Exit(EXIT_UNREACHABLE if result.job.unreachable else EXIT_FAILED)


def _as_data(result: Plan) -> dict[str, object]:
    return {
        "steps": [step.model_dump(mode="json", exclude={"run", "at"}) for step in result.steps],
        "changes": len(result.changes),
        "coverage": round(result.job.coverage, 4),
        "unreachable": list(result.job.unreachable),
        "failed": list(result.job.failed),
        "unseen": [f"{step.host}: {step.role}: {step.step}" for step in result.unseen],
        "reasons": list(result.job.reasons),
        "outages": [outage.model_dump(mode="json") for outage in result.outages],
        "new": list(result.new),
        "reboots": [reboot.model_dump(mode="json") for reboot in result.reboots],
    }


def _tell(result: Plan) -> None:
    for step in result.changes:
        typer.echo(f"{step.host}: {step.role}: would change: {step.step}")
        for line in (step.diff or "").splitlines():
            typer.echo(f"    {line}")
    for host, steps in by_host(list(result.steps)).items():
        if not all(step.exact for step in steps):
            typer.echo(f"{host}: packages come first: what follows is shown against what is there before they are")
    for step in result.unseen:
        typer.echo(
            f"{step.host}: {step.role}: cannot be previewed: {step.step}" + (f" ({step.error})" if step.error else "")
        )
    for reason in result.job.reasons:
        typer.echo(f"pacsmith: {reason}", err=True)
    _tell_outages(result)
    apart = len(result.job.unreachable) + len(result.job.failed)
    if result.job.steps:
        typer.echo(
            f"{len(result.changes)} of {result.job.steps} steps would change something; {len(result.unseen)} cannot be "
            f"previewed (coverage {result.job.coverage:.0%})"
        )
    if apart:
        typer.echo(f"not or not wholly seen: {apart} of {len(result.job.changed)} hosts, for the reasons above")


def _tell_outages(result: Plan) -> None:
    for outage in result.outages:
        typer.echo(f"outage: {outage.sentence} ({outage.source})")
    for reboot in result.reboots:
        typer.echo(f"reboot: {reboot.sentence}")
    for name in result.new:
        typer.echo(f"outage: {name} has never been accepted, so nobody knows what it serves now and who would lose it")
