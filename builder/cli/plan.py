"""`pacsmith plan`: what a build would change, and what nobody can say before it runs."""

import json

import typer

from builder.cli.ask import asker
from builder.cli.notes import tell_ends, tell_hours, tell_waves
from builder.cli.options import ClassOption, HostOption, JsonOption, SiteArgument, SiteOption, one_site
from builder.cli.progress import watching
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE
from builder.workflows.plan import Plan
from builder.workflows.plan import plan as carry_out
from builder.workflows.session import open_session


def plan(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a build would change on each host, with the differences of every file. Nothing on a host is changed.

    Some steps can only be judged when they run: they are named, and the coverage says how many steps could be seen.

    Example: pacsmith plan --host archive01
    """
    session = open_session("plan", one_site(site_name, site), hosts=host, host_class=host_class, ask=asker())
    tell_hours(session)
    tell_ends(session)
    tell_waves(session)
    with watching(session.machines, quiet=as_json) as watcher:
        result = carry_out(session, watcher.event)
    if as_json:
        typer.echo(json.dumps(_as_data(result), indent=2))
    else:
        _tell(result)
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
    }


def _tell(result: Plan) -> None:
    for step in result.changes:
        typer.echo(f"{step.host}: {step.role}: would change: {step.step}")
        for line in (step.diff or "").splitlines():
            typer.echo(f"    {line}")
    for step in result.unseen:
        typer.echo(f"{step.host}: {step.role}: cannot be previewed: {step.step}")
    for reason in result.job.reasons:
        typer.echo(f"pacsmith: {reason}", err=True)
    apart = len(result.job.unreachable) + len(result.job.failed)
    if result.job.steps:
        typer.echo(
            f"{len(result.changes)} of {result.job.steps} steps would change something; {len(result.unseen)} cannot be "
            f"previewed (coverage {result.job.coverage:.0%})"
        )
    if apart:
        typer.echo(f"not or not wholly seen: {apart} of {len(result.job.changed)} hosts, for the reasons above")
