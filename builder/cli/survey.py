"""`pacsmith survey`: what each machine is."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from builder.assess.capture import sheet_text
from builder.assess.outliers import compare
from builder.assess.reading import told
from builder.cli.options import ClassOption, HostOption, JsonOption, RecordedOption, SiteArgument, SiteOption, one_site
from builder.cli.outliers import OutliersOption, show_outliers
from builder.errors import EXIT_UNREACHABLE, BadInput
from builder.inventory import build_inventory
from builder.load import load_site
from builder.load.place import find_site
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.workflows.session import select
from builder.workflows.survey import HostFacts, read_recorded, record, survey_hosts


def survey(  # noqa: PLR0917 - typer names every option
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    recorded: RecordedOption = None,
    kept: Annotated[
        Path | None,
        typer.Option("--record", metavar="FOLDER", help="Keep what each machine says in FOLDER/HOST.txt as well."),
    ] = None,
    outliers: OutliersOption = False,
    as_sheet: Annotated[
        bool,
        typer.Option("--as-sheet", help="Print a sheet that asks of other machines what this one has; wants one host."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read each machine in one SSH round trip and without leaving a file there: hardware, disks, packages, services,
    configuration. What cannot be read says why.

    Example: pacsmith survey --host archive01

    Which of many differs: pacsmith survey --class workstation --outliers

    This is our standard: pacsmith survey --host read02 --as-sheet > specs/as-read02.yml
    """
    inventory = build_inventory(load_site(find_site(one_site(site_name, site))).value, roles=False)
    machines = select(inventory, host, host_class)
    if as_sheet:
        _alone(len(machines), other=outliers or as_json)
    read = survey_hosts(machines) if recorded is None else read_recorded(machines, recorded)
    for file in record(read, kept) if kept is not None else ():
        typer.echo(f"kept: {file}", err=True)
    if as_sheet:
        _give_sheet(read[0])
    elif outliers:
        compared = compare((one.machine.host, one.facts) for one in read)
        show_outliers(compared, as_json, "the reason stands below")
    elif as_json:
        typer.echo(json.dumps({one.machine.host.name: _as_data(one) for one in read}, indent=2))
    else:
        for one in read:
            _tell(one)
    for one in read:
        if one.fault:
            typer.echo(f"pacsmith: {one.fault}", err=True)
    if any(one.fault for one in read):
        raise typer.Exit(EXIT_UNREACHABLE)


def _alone(machines: int, *, other: bool) -> None:
    if other:
        raise BadInput("--as-sheet prints a sheet and nothing else; leave out --outliers and --json")
    if machines != 1:
        raise BadInput(f"--as-sheet speaks of one machine, and {machines} are selected; name it with --host")


def _give_sheet(read: HostFacts) -> None:
    """One that was not read has no sheet: the fault is told instead."""
    if read.fault is None:
        typer.echo(sheet_text(read.machine.host, read.facts, date.today()), nl=False)


def _as_data(read: HostFacts) -> dict[str, object]:
    facts = {name: fact.model_dump(mode="json", exclude={"name"}) for name, fact in read.facts.items()}
    return {"fault": read.fault, "facts": facts}


def _tell(read: HostFacts) -> None:
    typer.echo(f"{read.machine.host.name}  {read.machine.host.location}")
    width = max((len(name) for name in read.facts), default=0)
    for name, fact in read.facts.items():
        typer.echo(f"  {name:{width}}  {_said(fact)}")


def _said(fact: Fact) -> str:
    if fact.absent:
        return "- absent"
    if fact.value is None:
        return f"? {fact.error}"
    return told(fact, fact_kind(fact.name).kind)
