"""`pacsmith render`: inventories and configuration for every consumer."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from builder.cli.options import JsonOption, SiteArgument, SiteOption, one_site
from builder.errors import EXIT_FAILED
from builder.inventory import build_inventory, state_folder
from builder.load.place import find_site
from builder.render import render as render_site
from builder.render.files import Difference, carry_out, differences
from builder.workflows.validate import read_checked_site


def _said(change: Difference) -> str:
    if change.wanted is None:
        return "no longer rendered"
    return "missing" if change.present is None else "differs"


def _show(changes: tuple[Difference, ...], folder: Path, *, check: bool, as_json: bool) -> None:
    if as_json:
        rows = [{"file": str(one.path), "state": _said(one), "diff": one.diff} for one in changes]
        typer.echo(json.dumps({"folder": str(folder), "checked_only": check, "changes": rows}, indent=2))
    elif check:
        for one in changes:
            typer.echo(one.diff, nl=False)
    else:
        for one in changes:
            typer.echo(f"{'removed' if one.wanted is None else 'written'}  {one.path}")
        if not changes:
            typer.echo(f"nothing to change in {folder}")


def render(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; by default .pacsmith/<site>/rendered.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 with a diff when files differ.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write inventories for Ansible and pyinfra, ssh_config, hosts file, hosts of lab and Vagrant, and AE table."""
    model = read_checked_site(find_site(one_site(site_name, site)), today=date.today(), secrets="unasked").site.value
    folder = out or Path(state_folder(model)) / "rendered"
    changes = differences(model, folder, render_site(model, build_inventory(model)))
    if not check:
        carry_out(changes)
    _show(changes, folder, check=check, as_json=as_json)
    if check and changes:
        raise typer.Exit(EXIT_FAILED)
