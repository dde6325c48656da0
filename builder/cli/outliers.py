"""The option --outliers of survey and report: which of the machines that should be alike differs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import typer
from rich.console import Console

from builder.assess.outliers import Group
from builder.report.outliers import outlier_tables

_PLAIN_WIDTH = 200


def tell_when(when: Mapping[str, datetime | None]) -> None:
    """On standard error, when each host was read."""
    for host, moment in when.items():
        read = f"as read {moment:%Y-%m-%d %H:%M} UTC" if moment else "never read"
        typer.echo(f"note: {host}: {read}", err=True)


def show_outliers(groups: Sequence[Group], as_json: bool, unread: str) -> None:
    """Tables on the terminal, or all of it as JSON. `unread`: what to do about a host of which nothing was read."""
    if as_json:
        typer.echo(json.dumps([group.model_dump(mode="json") for group in groups], indent=2))
        return
    console = Console()
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    console.print(outlier_tables(groups, unread))
