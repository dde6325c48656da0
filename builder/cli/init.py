"""`pacsmith init`: begin a site of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from builder.workflows.begin import begin_site


def init(
    name: Annotated[str, typer.Argument(help="Short name of the site: lower-case letters, digits and hyphens.")],
    folder: Annotated[Path, typer.Option("--folder", help="Project folder.")] = Path(),
) -> None:
    """Write a commented site file, inventory/NAME/site.yml, that validates; nothing is overwritten."""
    for file in begin_site(name, folder):
        typer.echo(f"written  {file}")
    where = "" if folder == Path() else f"cd {folder} && "
    typer.echo("Change it to your site, then:")
    typer.echo(f"  {where}pacsmith validate {name}")
    typer.echo(f"  {where}pacsmith secrets generate --site {name}   # makes the secrets that it names")
