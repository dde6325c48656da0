"""`pacsmith validate`: check every sheet and the site, and say everything that is wrong."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from builder.cli.ask import asker
from builder.cli.options import JsonOption, SiteArgument, SiteOption, one_site
from builder.errors import EXIT_BAD_INPUT
from builder.load import Loaded, LoadErrors, Problem
from builder.load.place import find_site
from builder.load.sheets import load_sheets
from builder.models.sheet import Sheet
from builder.models.site import Site
from builder.workflows.validate import read_checked_site


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _site_row(site: Loaded[Site]) -> dict[str, Any]:
    value = site.value
    counts = {name: len(getattr(value, name)) for name in ("hosts", "peers", "routes", "networks", "windows")}
    return {"file": str(site.file), "kind": "site", "name": value.name, "title": value.title, **counts}


def _sheet_row(sheet: Loaded[Sheet]) -> dict[str, Any]:
    product = sheet.value.product
    return {
        "file": str(sheet.file),
        "kind": "sheet",
        "product": product.id,
        "versions": product.versions,
        "machine": sheet.value.machine,
        "requirements": len(sheet.value.requirements),
    }


def _line(row: dict[str, Any]) -> str:
    if row["kind"] == "site":
        counts = ", ".join(_counted(row[f"{word}s"], word) for word in ("host", "peer", "route", "network", "window"))
        return f"{row['file']}: site {row['name']}, {counts}"
    requirements = _counted(row["requirements"], "requirement")
    return f"{row['file']}: sheet of {row['product']} {row['versions']} ({row['machine']}), {requirements}"


def _show(rows: Sequence[dict[str, Any]], notes: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"problems": [], "unchecked": None, "read": rows, "notes": notes}, indent=2))
        return
    for row in rows:
        typer.echo(_line(row))
    for note in notes:
        typer.echo(f"note: {note}")


def _refuse(problems: Sequence[Problem], unchecked: str, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "file": str(one.file),
                "line": one.line,
                "column": one.column,
                "path": one.path,
                "what": one.what,
                "remedy": one.remedy,
            }
            for one in problems
        ]
        typer.echo(json.dumps({"problems": rows, "unchecked": unchecked or None, "read": [], "notes": []}, indent=2))
        return
    for problem in problems:
        typer.echo(str(problem))
    typer.echo(_counted(len(problems), "problem"), err=True)
    if unchecked:
        typer.echo(f"note: {unchecked}", err=True)


def validate(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    sheets: Annotated[bool, typer.Option("--sheets", help="Check the sheets only.")] = False,
    no_secrets: Annotated[
        bool,
        typer.Option("--no-secrets", help="Do not look whether the site's secrets can be read (vault, commands)."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every sheet and the site; each problem is one line: file:line:column: path: what is wrong; what would be
    right. Exit 2 when there is any."""
    try:
        if sheets:
            _show([_sheet_row(sheet) for sheet in load_sheets()], [], as_json=as_json)
            return
        checked = read_checked_site(
            find_site(one_site(site_name, site)),
            today=date.today(),
            ask=asker(),
            secrets="unasked" if no_secrets else "begun",
            buildable=True,
        )
    except LoadErrors as faults:
        _refuse(faults.problems, faults.unchecked, as_json=as_json)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    rows = [*(_sheet_row(sheet) for sheet in checked.loaded_sheets), _site_row(checked.site)]
    _show(rows, checked.notes, as_json=as_json)
