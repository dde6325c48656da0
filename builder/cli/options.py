"""Options that every verb shares, and what they select."""

from pathlib import Path
from typing import Annotated

import typer

from builder.errors import BadInput

SiteOption = Annotated[
    str | None,
    typer.Option(
        "--site",
        "-s",
        help="Site: a folder name below inventory/, or a path to a site file. Not needed when there is one.",
    ),
]
SiteArgument = Annotated[str | None, typer.Argument(metavar="SITE", help="The site, as with --site.")]
HostOption = Annotated[list[str] | None, typer.Option("--host", help="Only this host; may be given several times.")]
ClassOption = Annotated[
    str | None, typer.Option("--class", help="Only hosts of this class: archive, workstation or thin_client.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
RecordedOption = Annotated[
    Path | None,
    typer.Option(
        "--recorded",
        metavar="FOLDER",
        help=(
            "Take recorded answers and touch no machine: FOLDER/HOST.txt, or FOLDER/HOST/ with one file a question or "
            "a tool."
        ),
    ),
]


def one_site(argument: str | None, option: str | None) -> str | None:
    """The site that was named either way. Raises BadInput when both ways name different ones."""
    if argument and option and argument != option:
        raise BadInput(f"two sites are named, {argument} and {option}; name one")
    return argument or option


def refuse_without_folder(option: str, named: Path, folder: Path) -> None:
    """Raise BadInput unless the `folder` that `named` is to be written to is there: one that is misspelt would be made,
    and what lies in it looked for elsewhere."""
    if not folder.is_dir():
        raise BadInput(f"{option} {named}: there is no folder {folder}; make it, or correct the name")


OutliersOption = Annotated[
    bool,
    typer.Option(
        "--outliers",
        help=(
            "Compare machines that should be alike (one class, product and model) and name the one that differs from "
            "most: BIOS, memory slots, drives, graphics card and driver, displays, kernel, packages, settings."
        ),
    ),
]
