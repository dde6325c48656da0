"""`pacsmith report`: the dossier of a run, and the runs that there are."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from builder.assess.display import Report
from builder.assess.held import displays_of
from builder.cli.ask import asker
from builder.cli.options import JsonOption, OutliersOption, SiteArgument, SiteOption, one_site
from builder.cli.outliers import show_outliers, tell_when
from builder.ledger import Ledger
from builder.load.calibration import load_calibrations
from builder.load.place import find_site
from builder.load.sheets import load_sheets
from builder.load.site import load_site
from builder.models.run import Outcome, Run
from builder.models.sheet import Sheet
from builder.models.site import Site
from builder.report.gather import ACCEPTING, choose_run, gather, pictures_of, screens_folder
from builder.report.outliers import last_read
from builder.report.terminal import runs_table, show
from builder.report.write import FORMATS, formats_of, write_dossier
from builder.secrets import open_store
from builder.secrets.certificates import certificates_folder
from builder.workflows.reports import reports_from
from builder.workflows.session import ledger_of


def report(  # noqa: PLR0917 - typer names every option
    site_name: SiteArgument = None,
    site: SiteOption = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            help=(
                "Build or verify to report; without it the last accepted one, else the last that proved something, "
                "else the last that did any work."
            ),
        ),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}, with commas between them.")
    ] = "html,pdf,json",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to; .pacsmith/<site>/dossiers/<run> without it.")
    ] = None,
    list_runs: Annotated[
        bool, typer.Option("--list", help="List the recorded runs, newest first, and write nothing.")
    ] = False,
    outliers: OutliersOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the hand-over dossier of a recorded build or verify: the page to sign, the same as PDF, and all of it as
    JSON. Of one that failed, it says what stands against acceptance; of one that failed before anything was proven, it
    is a record of the work alone, and says so. Plans and refused runs have no dossier (exit code 2).

    With --outliers nothing is written: machines are compared as the last build or verify read them.

    Example: pacsmith report --format html,pdf --out handover
    """
    wanted = formats_of(formats)
    file = find_site(one_site(site_name, site))
    hospital = load_site(file).value
    store = open_store(hospital, ask=asker())
    with ledger_of(hospital, store) as ledger:
        if list_runs:
            _list(ledger.runs(site=hospital.name), as_json)
            return
        if outliers:
            groups, when = last_read(hospital, ledger)
            tell_when(when)
            show_outliers(groups, as_json, "pacsmith verify reads it, or pacsmith survey --outliers now")
            return
        chosen = ledger.run(run) if run else choose_run(hospital, ledger, file)
        if run is None:
            _warn_of_newer(hospital, ledger, chosen)
        folder = out or certificates_folder(hospital).parent / "dossiers" / chosen.id
        dossier = gather(
            hospital, ledger, chosen.id,
            certificates=certificates_folder(hospital), generated=datetime.now(UTC), clean=store.redactor().clean,
            **_of_displays(hospital, file),
        )  # fmt: skip
        written = write_dossier(dossier, folder, wanted, pictures_of(dossier, screens_folder(hospital)))
    if as_json:
        files = {form: str(path) for form, path in written.items()}
        typer.echo(json.dumps({"run": chosen.id, "outcome": chosen.outcome, "dossier": files}, indent=2))
        return
    if not dossier.proofs:
        typer.echo(f"pacsmith: run {chosen.id} proved nothing: this is a record of its work, not a hand-over", err=True)
    typer.echo(f"run {chosen.id}: {dossier.outcome}")
    for form, path in written.items():
        typer.echo(f"dossier ({form}): {path}")


class _OfDisplays(TypedDict):
    sheets: tuple[Sheet, ...]
    reports: tuple[Report, ...]


def _of_displays(site: Site, file: Path) -> _OfDisplays:
    """What the displays' part is made of; nothing is read where no display is held to a standard."""
    if not any(display.standard for host in site.hosts for display in displays_of(host)):
        return {"sheets": (), "reports": ()}
    sheets = tuple(loaded.value for loaded in load_sheets())
    return {"sheets": sheets, "reports": reports_from(load_calibrations(file))}


def _warn_of_newer(site: Site, ledger: Ledger, chosen: Run) -> None:
    # One that was refused did nothing to be told of.
    ended: tuple[Outcome, ...] = ("running", "accepted", "failed", "interrupted")
    newest = ledger.runs(site=site.name, verbs=ACCEPTING, outcomes=ended, limit=1)
    if newest and newest[0].id != chosen.id:
        typer.echo(
            f"pacsmith: run {newest[0].id} is newer ({newest[0].outcome}); report it with --run {newest[0].id}",
            err=True,
        )


def _list(runs: tuple[Run, ...], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([run.model_dump(mode="json") for run in runs], indent=2))
        return
    show(runs_table(runs))
