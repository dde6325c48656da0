"""`pacsmith schema`: JSON Schema for editors."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.errors import BadInput
from builder.load.schema import KINDS, schema_text


class Kind(StrEnum):
    """The files that a person writes."""

    SITE = "site"
    SHEET = "sheet"
    DEPOT = "depot"


def _write(kinds: list[str], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            (out / f"{kind}.json").write_text(schema_text(kind), encoding="utf-8")
            typer.echo(f"written  {out / kind}.json")
    except OSError as fault:
        raise BadInput(f"{out} cannot be written ({fault.strerror}); choose another folder with --out") from None


def schema(
    kind: Annotated[Kind | None, typer.Argument(help="Which schema; without it all, which needs --out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write KIND.json to.")] = None,
) -> None:
    """Print the JSON Schema of site, sheet or depot files, or write all to a folder."""
    kinds = [kind.value] if kind is not None else list(KINDS)
    if out is not None:
        _write(kinds, out)
    elif kind is None:
        raise BadInput(
            "one schema can be printed at a time; say `schema site`, `schema sheet` or `schema depot`, "
            "or give --out FOLDER"
        )
    else:
        typer.echo(schema_text(kind.value), nl=False)
