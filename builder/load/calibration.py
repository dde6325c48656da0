"""Read calibration reports: CSV files as docs/calibration.md describes them, one a display and day.

The rows become the same tree that a YAML file would give, so that its faults are found and told in the same way.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from builder.load.cells import Cell, Cells
from builder.load.faults import problems_of
from builder.load.loaded import Loaded
from builder.load.marks import Place
from builder.load.problem import FieldPath, LoadErrors, Problem, path_text
from builder.load.shape import fields_of
from builder.load.text import read_text
from builder.models.calibration import Calibration, GreyStep, Spot

FOLDER = "calibration"
"""Where the reports of a site lie: in this folder beside its site file."""

# The head of each table -> the field that it fills.
_TABLES: Mapping[tuple[str, ...], str] = {
    tuple(fields_of(GreyStep)): "grey steps",
    tuple(fields_of(Spot)): "uniformity",
}
_LISTS = frozenset(_TABLES.values())
_NUMBERS = frozenset(("luminance cd/m2", "ambient luminance cd/m2"))
_UNIT = re.compile(r"^(ambient luminance|luminance)\b")


class _Sections:
    """Fields and tables of a report; `problems` are those of its form."""

    def __init__(self, cells: Cells) -> None:
        self.file: Path = cells.file
        self.value: dict[str, Any] | None = {}
        self.blind: set[FieldPath] = set()
        self.place = Place(0)
        self.problems: list[Problem] = list(cells.problems)
        self._decimal = cells.decimal
        self._found: dict[str, Any] = self.value if self.value is not None else {}
        self._table: tuple[str, ...] | None = None  # its columns; none of them where its rows say nothing
        self._pointed = False
        for row in cells.rows:
            self._row(row)

    def _say(self, cell: Cell, what: str, remedy: str, path: FieldPath = ()) -> None:
        line, column = cell.at.line + 1, cell.at.column + 1
        self.problems.append(Problem(self.file, line, column, path_text(path), what, remedy))

    def _row(self, row: tuple[Cell, ...]) -> None:
        if not row:
            self._table = None
        elif _word(row[0]) in (head[0] for head in _TABLES):
            self._head(row)
        elif self._table is None and row[0].text[:1].isdigit():
            heads = " or ".join(",".join(head) for head in _TABLES)
            self._say(row[0], "these rows stand below no head of a table", f"write above them {heads}")
            self._table = ()
        elif self._table is None:
            self._field(row)
        elif self._table:
            self._entry(row, self._table)

    def _head(self, row: tuple[Cell, ...]) -> None:
        """A table's columns. The rows below a wrong head say nothing, since nobody knows what they are."""
        wanted = next(head for head in _TABLES if head[0] == _word(row[0]))
        self._table = ()
        for cell, name in zip(row, wanted, strict=False):
            if _word(cell) != name:
                self._wrong_word(cell, f"the column {name}", name)
                self.blind.add((_TABLES[wanted],))
                return
        if len(row) != len(wanted):
            self._say(
                row[-1], f"this table wants {len(wanted)} columns and has {len(row)}", f"write {','.join(wanted)}"
            )
            self.blind.add((_TABLES[wanted],))
        elif _TABLES[wanted] in self._found:
            self._say(row[0], "this table begins a second time", "write all its rows below each other, without a gap")
        else:
            self._table = wanted
            self._open(_TABLES[wanted], row[0])

    def _open(self, name: str, cell: Cell) -> None:
        self._found[name] = []
        self.place.keys[name] = self.place.values[name] = cell.mark
        self.place.children[name] = Place(cell.mark)

    def _entry(self, row: tuple[Cell, ...], head: tuple[str, ...]) -> None:
        rows, place = self._found[_TABLES[head]], self.place.children[_TABLES[head]]
        number = len(rows)
        if len(row) != len(head):
            self._say(row[-1], f"this row wants {len(head)} cells and has {len(row)}", f"write {', '.join(head)}")
        entry: dict[str, Any] = {}
        inner = Place(row[0].mark)
        for name, cell in zip(head, row, strict=False):
            self._put(entry, inner, name, cell, (_TABLES[head], number, name))
        rows.append(entry)
        self.blind.update((_TABLES[head], number, name) for name in head[len(row) :])
        place.values[number] = row[0].mark
        place.children[number] = inner

    def _field(self, row: tuple[Cell, ...]) -> None:
        name = _word(row[0])
        known = [one for one in fields_of(Calibration) if one not in _LISTS]
        if name not in known:
            self._wrong_word(row[0], "a field of a calibration report", *known)
            near = get_close_matches(name, known, n=1)
            self.blind.update((one,) for one in near)
        elif name in self._found:
            first = self.place.position((name,), key=True)[0]
            self._say(row[0], f"is written twice (first in line {first})", "keep one of the two", (name,))
        elif len(row) > 2:
            self._say(row[2], "more than one value stands here", "put a value that holds a comma into quotes", (name,))
            self.blind.add((name,))
        else:
            self.place.keys[name] = row[0].mark
            self._put(self._found, self.place, name, row[1] if len(row) > 1 else row[0], (name,), empty=len(row) == 1)

    def _put(
        self, where: dict[str, Any], place: Place, name: str, cell: Cell, path: FieldPath, *, empty: bool = False
    ) -> None:
        text: str | None = None if empty or not cell.text else cell.text
        if name in _NUMBERS and text is not None and self._decimal == ",":
            self._refuse_point(cell, text, path)
            text = text.replace(",", ".")
        if cell.broken:
            self.blind.add(path)
        where[name] = text
        place.values[name] = cell.mark

    def _refuse_point(self, cell: Cell, text: str, path: FieldPath) -> None:
        """Told once: where semicolons part the cells, 1.234 may be either of two numbers."""
        if "." in text and not self._pointed:
            self._pointed = True
            self._say(cell, f'"{text}" has a point, and where semicolons part the cells decimals want a comma',
                      f'write {text.replace(".", ",")} here and in the other rows, or part the cells by commas',
                      path)  # fmt: skip

    def _wrong_word(self, cell: Cell, wanted: str, *known: str) -> None:
        near = get_close_matches(_word(cell), known, n=1)
        unit = "luminances are measured in cd/m2: " if _UNIT.match(_word(cell)) else ""
        remedy = f"{unit}write {near[0]}" if near else f"known here: {', '.join(known)}"
        self._say(cell, f'"{cell.text}" is not {wanted}', remedy)


def _word(cell: Cell) -> str:
    """A field's or column's name without regard to capitals, double spaces and a raised two."""
    return " ".join(cell.text.lower().replace("\u00b2", "2").split())


def load_calibration(path: Path) -> Loaded[Calibration]:
    """The calibration report of `path`. Raises LoadErrors with everything that is wrong with the file."""
    text, digest = read_text(path, "a calibration report (CSV)")
    cells = Cells(path, text)
    if cells.problems and not cells.rows:
        raise LoadErrors(cells.problems)
    sections = _Sections(cells)
    if not sections.value:
        what = "no field of a calibration report stands here" if any(cells.rows) else "the file is empty"
        raise LoadErrors([Problem(path, 1, 1, "", what, "write a report as docs/calibration.md shows")])
    try:
        value = Calibration.model_validate(sections.value, by_alias=True, by_name=False)
    except ValidationError as refusal:
        found = problems_of(refusal, sections, sections.place, Calibration)
        raise LoadErrors([*sections.problems, *found]) from None
    if sections.problems:
        raise LoadErrors(sections.problems)
    return Loaded(value, path, digest, sections.place)


def load_calibrations(site_file: Path) -> tuple[Loaded[Calibration], ...]:
    """Every report of a site, by file name: none when its folder is not there. Raises LoadErrors with the faults of all
    files."""
    reports, problems = [], list[Problem]()
    for file in sorted((site_file.parent / FOLDER).glob("*.csv")):
        try:
            reports.append(load_calibration(file))
        except LoadErrors as fault:
            problems += fault.problems
    if problems:
        raise LoadErrors(problems)
    return tuple(reports)
