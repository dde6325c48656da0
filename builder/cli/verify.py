"""`pacsmith verify`: acceptance only."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from builder.cli.ask import asker
from builder.cli.burn_in import BurnInOption, order
from builder.cli.notes import tell_ends, tell_hours
from builder.cli.options import ClassOption, HostOption, JsonOption, SiteArgument, SiteOption, one_site
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE, BadInput
from builder.models.evidence import Evidence
from builder.report import junit_xml
from builder.report.terminal import evidence_table
from builder.workflows.acceptance import Acceptance, accept
from builder.workflows.session import Session, open_session
from builder.workflows.verify import failures

_PLAIN_WIDTH = 200


def verify(  # noqa: PLR0917 - typer names every option
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the evidence as JUnit XML to this file.")] = None,
    burn_in: BurnInOption = None,
    everything: Annotated[bool, typer.Option("--all", help="List what is met, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove every route, requirement and role check, that everything else is refused, and what the screens show.

    Nothing is configured anew. On reading stations and thin clients the viewer is taken over for about a minute and
    begun anew afterwards; a station that somebody touched in the last five minutes is left alone and counts as unknown.

    Exit code 0 when nothing is short and nothing unknown but what a person must attest; 1 otherwise; 3 when a machine
    could not be reached; 4 when one is in use by somebody else. Test studies are synthetic and are removed again.

    Example: pacsmith verify --host archive01 --junit verify.xml

    With a burn-in, which asks for quiet hours: pacsmith verify --host read02 --burn-in 60
    """
    session = open_session("verify", one_site(site_name, site), hosts=host, host_class=host_class, ask=asker())
    tell_ends(session)
    tell_hours(session)
    console = Console(stderr=True, quiet=as_json)
    with console.status("verify") as status:
        told: list[Evidence] = []

        def show(item: Evidence) -> None:
            told.append(item)
            status.update(f"verify: {len(told)} answers, last {item.subject}")

        done = accept(session, show, order(burn_in, console, status))
    if junit is not None:
        _write(junit, junit_xml(done.verified.evidence))
    if as_json:
        typer.echo(json.dumps(_as_data(session, done), indent=2))
    else:
        _tell(session, done, everything)
    if done.verified.unreachable:
        raise typer.Exit(EXIT_UNREACHABLE)
    if done.outcome != "accepted":
        raise typer.Exit(EXIT_FAILED)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise BadInput(f"--junit {file}: cannot be written ({fault.strerror}); choose another file") from None


def _as_data(session: Session, done: Acceptance) -> dict[str, object]:
    evidence = done.verified.evidence
    return {
        "run": session.run.id,
        "outcome": done.outcome,
        "unreachable": done.verified.unreachable,
        "verdicts": dict(sorted(Counter(item.verdict for item in evidence).items())),
        "evidence": [item.model_dump(mode="json") for item in evidence],
    }


def _tell(session: Session, done: Acceptance, everything: bool) -> None:
    evidence = done.verified.evidence
    console = Console()
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    listed = evidence if everything else [item for item in evidence if item.verdict != "met"]
    if listed:
        console.print(evidence_table(listed))
    counts = Counter(item.verdict for item in evidence)
    typer.echo(f"run {session.run.id}: {done.outcome}: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    wrong, open_ones = failures(evidence), [item for item in evidence if item.verdict == "unknown" and item.attest]
    if wrong:
        typer.echo(f"{len(wrong)} stand against acceptance")
    if open_ones:
        people = sorted({str(one.attest) for one in open_ones})
        typer.echo(f"{len(open_ones)} must be attested by a person: {'; '.join(people)}")
