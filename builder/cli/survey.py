"""`pacsmith survey`: what each machine is."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from builder.assess.reading import told
from builder.cli.options import (
    ClassOption,
    HostOption,
    JsonOption,
    OutliersOption,
    RecordedOption,
    SiteArgument,
    SiteOption,
    one_site,
)
from builder.errors import EXIT_UNREACHABLE, BadInput
from builder.inventory import build_inventory
from builder.load import load_site
from builder.load.place import find_site, recordings_of
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.workflows.selection import select
from builder.workflows.survey import HostFacts, read_recorded, read_tools, record, survey_hosts


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
    tools: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help=(
                "Read a machine that no site knows from what tools printed there: one file a tool in FOLDER, named "
                "after it, as dmidecode.txt, edid-DP-1.bin or read7-Win32_BIOS.wmi; or a folder like that a machine."
            ),
        ),
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

    A machine that nobody can log in to: pacsmith survey --from read7/

    This is our standard: pacsmith survey --host read02 --as-sheet > specs/as-read02.yml
    """
    if tools is not None:
        given = {"a site": site_name or site, "--host": host, "--class": host_class, "--recorded": recorded,
                 "--record": kept, "--outliers": outliers, "--as-sheet": as_sheet}  # fmt: skip
        _tell_tools(tools, [name for name, value in given.items() if value], as_json)
        return
    file = find_site(one_site(site_name, site))
    inventory = build_inventory(load_site(file).value, roles=False)
    machines = select(inventory, host, host_class)
    if as_sheet:
        _alone(len(machines), other=outliers or as_json)
    read = survey_hosts(machines, recordings_of(file)) if recorded is None else read_recorded(machines, recorded)
    for file in record(read, kept) if kept is not None else ():
        typer.echo(f"kept: {file}", err=True)
    if as_sheet:
        _give_sheet(read[0])
    elif outliers:
        _give_outliers(read, as_json)
    else:
        _give_facts(read, as_json)
    for one in read:
        if one.fault:
            typer.echo(f"pacsmith: {one.fault}", err=True)
    if any(one.fault for one in read):
        raise typer.Exit(EXIT_UNREACHABLE)


def _tell_tools(folder: Path, beside: list[str], as_json: bool) -> None:
    """Facts of recorded tools alone. Raises BadInput for what needs a site."""
    if beside:
        raise BadInput(
            f"--from {folder}: it reads machines that no site knows, so leave out {' and '.join(beside)}; "
            "a host of a site is read with --recorded, from the same files in FOLDER/HOST/"
        )
    read = read_tools(folder)
    if as_json:
        typer.echo(json.dumps({name: {"fault": None, "facts": _data(facts)} for name, facts in read.items()}, indent=2))
        return
    for name, facts in read.items():
        typer.echo(name)
        _list(facts)


def _alone(machines: int, *, other: bool) -> None:
    if other:
        raise BadInput("--as-sheet prints a sheet and nothing else; leave out --outliers and --json")
    if machines != 1:
        raise BadInput(f"--as-sheet speaks of one machine, and {machines} are selected; name it with --host")


def _give_facts(read: Sequence[HostFacts], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({one.machine.host.name: _as_data(one) for one in read}, indent=2))
        return
    for one in read:
        _tell(one)


def _give_outliers(read: Sequence[HostFacts], as_json: bool) -> None:
    # Read here alone: the tables of reports bring the ledger with them, which takes longer than the survey.
    from builder.assess.outliers import compare  # noqa: PLC0415
    from builder.cli.outliers import show_outliers  # noqa: PLC0415

    show_outliers(compare((one.machine.host, one.facts) for one in read), as_json, "the reason stands below")


def _give_sheet(read: HostFacts) -> None:
    """One that was not read has no sheet: the fault is told instead."""
    from builder.assess.capture import sheet_text  # noqa: PLC0415 - as above

    if read.fault is None:
        typer.echo(sheet_text(read.machine.host, read.facts, date.today()), nl=False)


def _as_data(read: HostFacts) -> dict[str, object]:
    return {"fault": read.fault, "facts": _data(read.facts)}


def _data(facts: Mapping[str, Fact]) -> dict[str, object]:
    return {name: fact.model_dump(mode="json", exclude={"name"}) for name, fact in facts.items()}


def _tell(read: HostFacts) -> None:
    typer.echo(f"{read.machine.host.name}  {read.machine.host.location}")
    _list(read.facts)


def _list(facts: Mapping[str, Fact]) -> None:
    width = max((len(name) for name in facts), default=0)
    for name, fact in facts.items():
        typer.echo(f"  {name:{width}}  {_said(fact)}")


def _said(fact: Fact) -> str:
    if fact.absent:
        return f"- absent ({fact.note})" if fact.note else "- absent"
    if fact.value is None:
        return f"? {fact.error}"
    return told(fact, fact_kind(fact.name).kind)
