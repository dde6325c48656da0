"""`pacsmith build`: make it so, verify, record."""

import json
from collections import Counter
from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.notes import tell_ends, tell_hours
from builder.cli.options import ClassOption, HostOption, JsonOption, SiteArgument, SiteOption, one_site
from builder.cli.progress import watching
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE
from builder.lab.lab import Driver, Lab
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.evidence import Evidence
from builder.workflows.build import BuildResult, Show
from builder.workflows.build import build as carry_out
from builder.workflows.selection import selected
from builder.workflows.session import Session, open_session
from builder.workflows.verify import failures


def build(  # noqa: PLR0917 - one option each
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    lab: Annotated[
        Driver | None,
        typer.Option("--lab", help="First boot the site in the lab on this machine: with nspawn, or with vagrant."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the hosts what the site file says, read them again, prove every route and requirement, write the dossier.

    A second build of an unchanged site changes nothing. A build that was interrupted is finished by the next one.

    Example: pacsmith build --host archive01
    """
    name = one_site(site_name, site)
    if lab is not None:
        rehearsed = load_site(find_site(name)).value
        selected(rehearsed, host, host_class)  # a slip in a name is told before hosts are booted
        Lab(rehearsed).up(lambda line: typer.echo(line, err=as_json), lab)
    session = open_session("build", name, hosts=host, host_class=host_class, ask=asker())
    tell_hours(session)
    tell_ends(session)
    with watching(session.machines, quiet=as_json) as watcher:
        result = carry_out(session, Show(phase=watcher.phase, event=watcher.event))
    if as_json:
        typer.echo(json.dumps(_as_data(session, result), indent=2))
    else:
        _tell(session, result)
    if result.job.unreachable or result.proven.unreachable:
        raise typer.Exit(EXIT_UNREACHABLE)
    if result.outcome != "accepted":
        raise typer.Exit(EXIT_FAILED)


def _open_attestations(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    return [item for item in evidence if item.verdict == "unknown" and item.attest]


def _as_data(session: Session, result: BuildResult) -> dict[str, object]:
    return {
        "run": session.run.id,
        "outcome": result.outcome,
        "changed": sum(result.job.changed.values()),
        "changed_by_host": dict(result.job.changed),
        "verdicts": dict(Counter(item.verdict for item in result.proven.evidence)),
        "to_attest": [item.subject for item in _open_attestations(result.proven.evidence)],
        "dossier": {kind: str(path) for kind, path in result.dossier.items()},
        "reasons": list(result.job.reasons),
    }


def _tell(session: Session, result: BuildResult) -> None:
    for name, count in sorted(result.job.changed.items()):
        typer.echo(f"{name}: {count} changed")
    for reason in result.job.reasons:
        typer.echo(f"pacsmith: {reason}", err=True)
    for item in failures(result.proven.evidence):
        typer.echo(f"{item.verdict}: {item.host}: {item.subject}: expected {item.expected}; observed {item.observed}")
    verdicts = Counter(item.verdict for item in result.proven.evidence)
    if verdicts:
        typer.echo("evidence: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    attest = _open_attestations(result.proven.evidence)
    if attest:
        typer.echo(f"to be attested by a person: {len(attest)} (listed in the dossier)")
    for kind, path in sorted(result.dossier.items()):
        typer.echo(f"dossier ({kind}): {path}")
    typer.echo(f"run {session.run.id}: {result.outcome}")
