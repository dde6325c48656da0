"""Read sheets: one file, or all that apply."""

from pathlib import Path

from builder.load.depot import MANIFEST
from builder.load.loaded import Loaded, load
from builder.load.problem import LoadErrors, Problem
from builder.load.shipped import specs_folders
from builder.models.sheet import Sheet


def load_sheet(path: Path) -> Loaded[Sheet]:
    """The sheet of `path`. Raises LoadErrors with everything that is wrong with the file."""
    return load(path, Sheet)


def sheet_files() -> tuple[Path, ...]:
    """Every sheet file, the user's folder first, sorted by name within a folder. The depot's manifest is none."""
    return tuple(
        file
        for folder in specs_folders()
        for file in sorted(folder.rglob("*"))
        if file.suffix in (".yml", ".yaml") and file != folder / MANIFEST
    )


def load_sheets() -> tuple[Loaded[Sheet], ...]:
    """Every sheet; of two with one product and one version range the user's own wins over the shipped one.

    Raises LoadErrors with the faults of all files.
    """
    chosen: dict[tuple[str, str], Loaded[Sheet]] = {}
    problems: list[Problem] = []
    for file in sheet_files():
        try:
            sheet = load_sheet(file)
        except LoadErrors as fault:
            problems += fault.problems
            continue
        first = chosen.setdefault((sheet.value.product.id, sheet.value.product.versions), sheet)
        if first is not sheet and first.file.parent == file.parent:
            what = f"{first.file.name} beside it speaks of the same product and versions, and only one can count"
            problems.append(sheet.problem(("product",), what, "remove one of the two files, or correct its versions"))
    if problems:
        raise LoadErrors(problems)
    return tuple(chosen.values())
