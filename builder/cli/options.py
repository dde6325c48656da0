"""Options that every verb shares, and what they select."""

from typing import Annotated

import typer

SiteOption = Annotated[
    str | None,
    typer.Option(
        "--site",
        "-s",
        help="Site: a folder name below inventory/, or a path to a site file. Not needed when there is one.",
    ),
]
HostOption = Annotated[list[str] | None, typer.Option("--host", help="Only this host; may be given several times.")]
ClassOption = Annotated[
    str | None, typer.Option("--class", help="Only hosts of this class: archive, workstation or thin_client.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
