"""`pacsmith assess`: each machine against its vendor's sheet and its class, and what to buy."""

from collections import Counter
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.assess.overview import HostRow, Overview, overview
from builder.assess.planned import planned_sheet
from builder.cli.options import ClassOption, HostOption, JsonOption, RecordedOption, SiteArgument, SiteOption, one_site
from builder.durable import write_whole
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE, BadInput
from builder.inventory import build_inventory
from builder.load import load_site
from builder.load.calibration import load_calibrations
from builder.load.place import find_site, recordings_of
from builder.load.sheets import load_sheets
from builder.report.assessment import assessment_html
from builder.report.assessment_data import assessment_csv, assessment_json
from builder.report.assessment_table import assessment_table
from builder.report.terminal import show
from builder.workflows.reports import reports_from
from builder.workflows.selection import select
from builder.workflows.survey import read_recorded, survey_hosts

_MODE = 0o640


class Form(StrEnum):
    """How the assessment is told."""

    terminal = "terminal"
    html = "html"
    csv = "csv"
    json = "json"


def assess(  # noqa: PLR0917 - typer names every option
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    plan_for: Annotated[
        str | None,
        typer.Option(
            "--plan-for", metavar="PRODUCT[@VERSION]", help="Hold hosts against a product that is not installed yet."
        ),
    ] = None,
    recorded: RecordedOption = None,
    form: Annotated[
        Form,
        typer.Option(
            "--format", help="A page for a purchasing officer is html; by default what the name of --out ends in."
        ),
    ] = Form.terminal,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write there; else to standard output.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare each machine with its product's sheet and its class, and each display that names a standard with that and
    its calibration report: met, short, unknown, not applicable or waived; and list what to buy, how much, for which
    hosts, and which line asks for it.

    Exit code 1 when a requirement is short, 3 when a host could not be read; unknown is never met, and says who can
    tell. A waiver in the site file accepts a line until its day.

    Example: pacsmith assess --out assessment.html

    Before a purchase: pacsmith assess --plan-for weasis@4.6 --class workstation

    A station that nobody can log in to: save what nvidia-smi -q -x printed there as answers/read01/graphics.xml, then
    pacsmith assess --host read01 --recorded answers
    """
    wanted = _form(form, out, as_json)
    file = find_site(one_site(site_name, site))
    model = load_site(file).value
    reports = reports_from(load_calibrations(file))
    machines = select(build_inventory(model, roles=False), host, host_class)
    sheets = [loaded.value for loaded in load_sheets()]
    planned = None if plan_for is None else planned_sheet(plan_for, sheets)
    if planned is not None and not any(machine.host.host_class == planned.machine for machine in machines):
        kind = planned.machine.replace("_", " ")
        raise BadInput(f"--plan-for {plan_for}: it is for a {kind}, and none of the hosts that are selected is one")
    read = survey_hosts(machines, recordings_of(file)) if recorded is None else read_recorded(machines, recorded)
    hosts = [(one.machine.host, one.facts, one.fault) for one in read]
    found = overview((model.name, model.title), hosts, sheets, date.today(), planned, reports)
    _give(found, wanted, out)
    for one in read:
        if one.fault:
            typer.echo(f"pacsmith: {one.fault}", err=True)
    if found.short:
        raise typer.Exit(EXIT_FAILED)
    if any(one.fault for one in read):
        raise typer.Exit(EXIT_UNREACHABLE)


def _form(form: Form, out: Path | None, as_json: bool) -> Form:
    if as_json and form not in (Form.terminal, Form.json):
        raise BadInput(f"--json and --format {form}: these are two forms; name one")
    if as_json or out is None or form is not Form.terminal:
        return Form.json if as_json else form
    if out.suffix.removeprefix(".") not in (Form.html, Form.csv, Form.json):
        raise BadInput(f"--out {out}: a file wants --format html, csv or json, or a name that ends in one of them")
    return Form(out.suffix.removeprefix("."))


def _give(found: Overview, form: Form, out: Path | None) -> None:
    if form is Form.terminal:
        if len(found.hosts) == 1:
            _tell(found.hosts[0])
        show(assessment_table(found))
        return
    made = {Form.html: assessment_html, Form.csv: assessment_csv, Form.json: assessment_json}
    text = made[form](found)
    if out is None:
        typer.echo(text, nl=False)
        return
    # Spreadsheets read a file without the mark in the code page of their country.
    encoding = "utf-8-sig" if form is Form.csv else "utf-8"
    try:
        write_whole(out, text.encode(encoding), _MODE)
    except OSError as fault:
        raise BadInput(f"{out}: cannot be written ({fault.strerror}); choose another file with --out") from None
    typer.echo(f"written: {out}", err=True)


def _tell(row: HostRow) -> None:
    """Every line of one host, with where it is written."""
    findings = [finding for held in row.held for finding in held.findings]
    counts = Counter(finding.verdict for finding in findings)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "not assessed"
    typer.echo(f"{row.host}: {told}")
    for one in findings:
        level = f" ({one.qualified or one.level})" if one.level else ""
        typer.echo(f"  {one.verdict + level:18}  {one.requirement}: {one.sentence}")
        typer.echo(f"  {'':18}  {one.source}")
    typer.echo("")
