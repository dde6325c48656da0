"""`pacsmith build`: make it so, verify, record."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.notes import tell_closing, tell_ends, tell_resumed
from builder.cli.options import ClassOption, HostOption, JsonOption, SiteArgument, SiteOption, one_site
from builder.cli.progress import watching
from builder.cli.waves import AtOnceOption, CanaryOption, NowOption, ResumeOption, WaveOption
from builder.errors import EXIT_FAILED, EXIT_LOCKED, EXIT_UNREACHABLE, BadInput, Interrupted
from builder.lab.lab import Driver, Lab
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.evidence import Evidence
from builder.models.plan import WrittenPlan
from builder.models.run import Terms
from builder.workflows.build import BuildResult, Show
from builder.workflows.build import build as carry_out
from builder.workflows.course import course_of
from builder.workflows.planned import goes_on, held_to, read_plan
from builder.workflows.selection import selected
from builder.workflows.session import Session, now, open_session
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
    now: NowOption = None,
    canary: CanaryOption = False,
    at_once: AtOnceOption = None,
    wave: WaveOption = None,
    resume: ResumeOption = False,
    planned: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Carry out exactly this plan (of pacsmith plan --out), on its hosts, or change nothing and say why.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the hosts what the site file says, read them again, prove every route and requirement, write the dossier.

    Hosts that serve together (the site file's `together`) are changed in waves, each begun once what it hangs on is
    accepted. A second build of an unchanged site changes nothing. A build that was interrupted or failed is finished by
    the next one; with --resume that one verifies what was accepted, leaves it as it is, and does the rest.

    Example: pacsmith build --host archive01

    What was looked at, and nothing else: pacsmith build --plan tonight.json. When that is cut off, the rest of it, and
    nothing else: pacsmith build --resume --plan tonight.json
    """
    terms = Terms(canary=canary, at_once=at_once, wave=wave, now=now)
    if resume and (host or host_class or lab or terms != Terms(now=now)):
        raise BadInput("--resume goes on with the hosts and waves of the build that it resumes; leave the others out")
    name = one_site(site_name, site)
    plan = _planned(planned, bool(host or host_class or wave), name)
    if plan is not None:
        name, host = name or plan.site_file, list(plan.names)
    if lab is not None:
        rehearsed = load_site(find_site(name)).value
        selected(rehearsed, host, host_class)  # a slip in a name is told before hosts are booted
        Lab(rehearsed).up(lambda line: typer.echo(line, err=as_json), lab)
    session = open_session("build", name, hosts=host, host_class=host_class, ask=asker())
    session = session if plan is None else held_to(session, plan)
    course = course_of(session, terms, resume=resume)
    session = course.session
    tell_resumed(course)
    tell_ends(session)
    tell_closing(session)
    with watching(session.machines, quiet=as_json) as watcher, _resumable(planned):
        result = carry_out(course, Show(phase=watcher.phase, event=watcher.event), plan, planned)
    if as_json:
        typer.echo(json.dumps(_as_data(session, result), indent=2))
    else:
        _tell(session, result, "pacsmith build --resume" if plan is None else goes_on(plan, planned))
    if result.job.unreachable or result.proven.unreachable:
        raise typer.Exit(EXIT_UNREACHABLE)
    if result.stopped and not result.job.failed:
        raise typer.Exit(EXIT_LOCKED)
    if result.outcome != "accepted":
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def _resumable(planned: Path | None) -> Iterator[None]:
    """A plan that was cut off is not begun anew by the same command: hosts are no longer as it found them."""
    try:
        yield
    except KeyboardInterrupt:
        if planned is None:
            raise
        raise Interrupted(
            f"interrupted; the state is saved, and once a step has run, this goes on: pacsmith build --resume --plan "
            f"{planned}"
        ) from None


def _planned(file: Path | None, chosen: bool, site: str | None) -> WrittenPlan | None:
    """The plan to carry out. Raises BadInput where hosts are chosen beside it, and as `read_plan` does."""
    if file is None:
        return None
    if chosen:
        raise BadInput(f"--plan {file}: the plan says which hosts; leave out --host, --class and --wave")
    return read_plan(file, site, now())


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
        "not_begun": dict(result.held),
        "resumes": session.run.terms.resumes if session.run.terms else None,
    }


def _tell(session: Session, result: BuildResult, rest: str) -> None:
    for name, count in sorted(result.job.changed.items()):
        typer.echo(f"{name}: {count} changed")
    for reason in result.job.reasons:
        typer.echo(f"pacsmith: {reason}", err=True)
    for name, why in sorted(result.held.items()):
        typer.echo(f"{name}: not begun: {why}")
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
    if result.held:
        typer.echo(f"the rest is done by: {rest}")
    typer.echo(f"run {session.run.id}: {result.outcome}")
