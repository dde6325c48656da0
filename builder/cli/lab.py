"""`pacsmith lab`: real hosts on this machine."""

import os
import sys
from typing import Annotated

import typer

from builder.cli.options import JsonOption, SiteOption
from builder.lab.lab import HostStatus, Lab
from builder.load.place import find_site
from builder.load.site import load_site

app = typer.Typer(help="Real hosts on this machine: boot a site's hosts and the stand-ins of its peers.", no_args_is_help=True)
SiteArgument = Annotated[
    str | None, typer.Argument(help="A folder name below inventory/, or a path to a site file. Not needed when there is one.")
]


def _lab(site: str | None) -> Lab:
    return Lab(load_site(find_site(site)).value)


@app.command()
def up(site: SiteArgument = None) -> None:
    """Boot what is not running, and mend what a crash left."""
    _lab(site).up(lambda line: typer.echo(line))


@app.command()
def down(
    site: SiteArgument = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the hosts' disks and the snapshots for the next `up`.")] = False,
) -> None:
    """Stop and remove everything of the lab: hosts, their disks and snapshots, bridges and rules."""
    _lab(site).down(lambda line: typer.echo(line), keep_disks=keep)


@app.command(context_settings={"ignore_unknown_options": True})
def ssh(
    name: Annotated[str, typer.Argument(help="Host or stand-in.")],
    command: Annotated[list[str] | None, typer.Argument(help="Command to run there, after `--`.")] = None,
    site: SiteOption = None,
) -> None:
    """Log in to a host of the lab, or run one command there."""
    argv = _lab(site).ssh_argv(name, command or [])
    sys.stdout.flush()
    os.execvp(argv[0], argv)
