"""`pacsmith lab`: real hosts on this machine."""

import json
import os
import shlex
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.table import Table

from builder.cli.options import JsonOption, SiteArgument, SiteOption, one_site
from builder.errors import Locked, PacsmithError, Unreachable
from builder.lab.box import ensure_box
from builder.lab.image import Cache
from builder.lab.lab import Driver, HostStatus, Lab
from builder.lab.layout import cache_folder, lab_folder
from builder.lab.needs import require_programs, require_root
from builder.lab.sources import machine_mirrors
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.site import OperatingSystem
from builder.render.vagrant import box_name
from builder.report.terminal import show
from builder.workflows.at_work import refuse_while_at_work

app = typer.Typer(
    help="Real hosts on this machine: boot a site's hosts, and stand-ins for its peers. Needs root. "
    f"Disks are kept in {lab_folder()} (PACSMITH_LAB_DIR), base trees in {cache_folder()} (PACSMITH_CACHE_DIR).",
    no_args_is_help=True,
)
_MIB = 2**20


def _lab(site: str | None) -> Lab:
    return Lab(load_site(find_site(site)).value)


def _idle_lab(site: str | None, doing: str) -> Lab:
    """The lab, once it is known that nobody works on its hosts. Raises Locked. A ledger that cannot be asked, on a
    server that is away, must not keep a throw-away lab from being stopped."""
    lab = _lab(site)
    try:
        refuse_while_at_work(lab.site, doing)
    except Locked:
        raise
    except PacsmithError as fault:
        typer.echo(f"pacsmith: whether somebody is at work on the lab's hosts is not known: {fault}", err=True)
    return lab


@app.command()
def up(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    driver: Annotated[
        Driver, typer.Option("--driver", help="Who boots them: systemd-nspawn, or Vagrant with its provider lxc.")
    ] = "nspawn",
) -> None:
    """Boot what is not running, and mend what a crash left."""
    _lab(one_site(site_name, site)).up(typer.echo, driver)


@app.command()
def down(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the hosts' disks and the snapshots for the next `up`.")
    ] = False,
) -> None:
    """Stop and remove everything of the lab: hosts, their disks and snapshots, bridges and rules."""
    _idle_lab(one_site(site_name, site), "lab down").down(typer.echo, keep_disks=keep)


@app.command()
def status(site_name: SiteArgument = None, site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Show every host: whether it runs, for how long, how often it has booted and what memory it uses."""
    lab = _lab(one_site(site_name, site))
    hosts = lab.status()
    if as_json:
        taken = [asdict(snapshot) for snapshot in lab.list_snapshots()]
        typer.echo(
            json.dumps({"site": lab.site.name, "hosts": [asdict(h) for h in hosts], "snapshots": taken}, indent=2)
        )
        return
    show(_table(hosts))
    for snapshot in lab.list_snapshots():
        typer.echo(f"snapshot {snapshot.name}, taken {snapshot.taken}")


def _table(hosts: tuple[HostStatus, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("name", "kind", "system", "address", "state", "up", "boots", "memory"):
        table.add_column(title, justify="right" if title in {"up", "boots", "memory"} else "left", no_wrap=True)
    for host in hosts:
        table.add_row(
            host.name,
            host.kind.replace("_", "-"),
            host.os,
            host.address,
            host.state,
            "" if host.up_seconds is None else _duration(host.up_seconds),
            "" if host.boots is None else str(host.boots),
            "" if host.memory is None else f"{host.memory // _MIB} MiB",
        )
    return table


def _duration(seconds: float) -> str:
    whole = int(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{whole} s"


@app.command()
def ssh(
    name: Annotated[str, typer.Argument(help="Host or stand-in.")],
    command: Annotated[
        list[str] | None,
        typer.Argument(help="After `--`: one text is a shell command, several are a program and its arguments."),
    ] = None,
    site: SiteOption = None,
) -> None:
    """Log in to a host of the lab, or run one command there. One that is not running: exit code 3."""
    lab = _lab(site)
    argv = lab.ssh_argv(name, command or [])
    if lab.is_down(name):
        start = f"pacsmith lab up --site {shlex.quote(site)}" if site else "pacsmith lab up"
        raise Unreachable(f"{name} is not running; start it with: {start}")
    sys.stdout.flush()
    os.execvp(argv[0], argv)


@app.command()
def snapshot(
    name: Annotated[str, typer.Argument(help="Name; an older snapshot of that name is replaced.")],
    site: SiteOption = None,
) -> None:
    """Copy the disks of all hosts; running hosts are stopped for it and started again."""
    _idle_lab(site, "lab snapshot").snapshot(name, typer.echo)


@app.command()
def restore(
    name: Annotated[str, typer.Argument(help="Name of the snapshot; `lab status` lists them.")],
    site: SiteOption = None,
) -> None:
    """Put the disks of all hosts back to a snapshot: what they have written since is lost."""
    _idle_lab(site, "lab restore").restore(name, typer.echo)


@app.command()
def box(
    system: Annotated[
        OperatingSystem | None, typer.Option("--os", help="Only the box of this system; by default of each.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Copy the boxes to this folder.")] = None,
) -> None:
    """Make the boxes for Vagrant's provider lxc from the lab's base trees, and say where they lie."""
    require_root()
    require_programs()
    cache = Cache(cache_folder(), typer.echo)
    for name in (system,) if system else get_args(OperatingSystem):
        made = ensure_box(cache, name, machine_mirrors())
        if folder is not None:
            made = Path(shutil.copy(made, folder / f"{name}.box"))
        typer.echo(f"{box_name(name, stand_in=False)}: {made}")
