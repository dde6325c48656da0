"""`pacsmith depot`: what comes from outside (viewers, drivers, installers), kept by checksum, so that builds need no
network."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from builder.cli.options import JsonOption, SiteOption
from builder.depot import Depot, DepotFault, Need, needs_of, npm_package
from builder.depot.faults import remedy
from builder.errors import EXIT_FAILED, BadInput
from builder.inventory import build_inventory
from builder.load import load_site
from builder.load.depot import load_artefacts
from builder.load.place import find_site
from builder.models.depot import Artefact

app = typer.Typer(
    help="Keep files that come from outside (web viewer, drivers, installers) by checksum; builds run from them "
    "without a network. Which files there are stands in specs/depot.yml.",
    no_args_is_help=True,
)


@dataclass(frozen=True)
class _Row:
    """One artefact as it is shown."""

    name: str
    version: str
    title: str
    file: str
    sha256: str
    state: str
    source: str
    wanted_by: tuple[str, ...] = ()
    remedy: str = ""


def _row(artefact: Artefact, state: str, hosts: tuple[str, ...] = ()) -> _Row:
    source = f"npm {artefact.npm}" if artefact.npm else "handed in"
    return _Row(
        artefact.name, artefact.version, artefact.title, artefact.file, artefact.sha256, state, source, hosts,
        "" if state == "there" else remedy(artefact),
    )  # fmt: skip


def _show(rows: Sequence[_Row], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table("artefact", "version", "state", "from", "wanted by", "remedy", box=None)
    for row in rows:
        table.add_row(row.name, row.version, row.state, row.source, ", ".join(row.wanted_by), row.remedy)
    # A pipe has no width: lines that a script reads are not folded.
    Console(width=None if sys.stdout.isatty() else 500, markup=False, highlight=False).print(table)


def _needs(site: str | None, artefacts: Sequence[Artefact]) -> tuple[Need, ...]:
    return needs_of(build_inventory(load_site(find_site(site)).value).machines, artefacts)


def _sites_needs(site: str | None, artefacts: Sequence[Artefact]) -> tuple[Need, ...]:
    """As above; nothing where no site is named and none can be found."""
    try:
        return _needs(site, artefacts)
    except BadInput:
        if site is not None:
            raise
        return ()


@app.command("list")
def list_artefacts(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Show what is there and what is missing, how each artefact is got, and which hosts of the site want it."""
    artefacts, depot = load_artefacts(), Depot()
    hosts = {str(need.artefact): need.hosts for need in _sites_needs(site, artefacts)}
    states = [(one, "there" if depot.has(one) else "missing") for one in artefacts]
    _show([_row(one, state, hosts.get(str(one), ())) for one, state in states], as_json=as_json)


def _chosen(names: Sequence[str], site: str | None, artefacts: Sequence[Artefact]) -> list[Artefact]:
    """What is to be fetched: by name (every version) or `name@version`, or what the site's hosts want."""
    if not names:
        return [need.artefact for need in _needs(site, artefacts)]
    chosen: list[Artefact] = []
    for name in names:
        found = [one for one in artefacts if name in (one.name, f"{one.name}@{one.version}")]
        if not found:
            known = ", ".join(f"{one.name}@{one.version}" for one in artefacts)
            raise BadInput(f"{name}: the manifest (specs/depot.yml) has no such artefact; it has {known}")
        chosen += [one for one in found if one not in chosen]
    return chosen


def _fetch(depot: Depot, artefact: Artefact) -> str:
    """One line of what came of it. Raises DepotFault."""
    if artefact.npm is None:
        if depot.state(artefact) == "there":
            return f"there     {artefact}"
        raise DepotFault(f"{artefact} cannot be fetched by machine; {remedy(artefact)}")
    came = depot.fetch(artefact, npm_package)
    return f"{'fetched' if came else 'there':<8}  {artefact}"


@app.command()
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARTEFACT]...", help="As ohif or ohif@3.12.10; without it, what the site's hosts want."
        ),
    ] = None,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Get what is missing, and check it. What is there already is left alone: then no network is
    needed. Exit 1 when something could not be got.

    Example: pacsmith depot fetch ohif
    """
    depot = Depot()
    faults: list[str] = []
    rows: list[_Row] = []
    chosen = _chosen(names or [], site, load_artefacts())
    for artefact in chosen:
        try:
            line = _fetch(depot, artefact)
        except DepotFault as fault:
            faults.append(str(fault))
            rows.append(_row(artefact, "missing"))
            continue
        rows.append(_row(artefact, "there"))
        if not as_json:
            typer.echo(line)
    if as_json:
        _show(rows, as_json=True)
    elif not chosen:
        typer.echo("no host of this site wants anything from the depot")
    if faults:
        raise DepotFault("\npacsmith: ".join(faults))


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="The file that you were given, under whatever name; it is copied.")],
    as_json: JsonOption = False,
) -> None:
    """Take in a file that you were given. Its checksum says which artefact it is, whatever its name; a file that the
    manifest does not know is refused, with exit 2.

    Example: pacsmith depot add /media/stick/ohif-app-3.12.10.tgz
    """
    depot = Depot()
    artefact = depot.add(file, load_artefacts())
    if as_json:
        _show([_row(artefact, "there")], as_json=True)
    else:
        typer.echo(f"added  {artefact} ({artefact.title}), from {file}; you may take the medium away")


@app.command()
def check(as_json: JsonOption = False) -> None:
    """Read every file again and compare checksums. Exit 1 when one is damaged."""
    artefacts, depot = load_artefacts(), Depot()
    rows = [_row(one, depot.state(one)) for one in artefacts]
    _show(rows, as_json=as_json)
    for file in depot.strangers(artefacts):
        typer.echo(f"note: {file} is no artefact of the manifest any more; remove it when nobody needs it", err=True)
    if any(row.state == "damaged" for row in rows):
        raise typer.Exit(EXIT_FAILED)
