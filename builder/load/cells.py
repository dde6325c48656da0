"""The text of a CSV file -> rows of cells with their columns.

Written here and not left to Python's csv module, which forgets where a cell stood and joins lines at an open quote.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from builder.load.marks import Mark, packed
from builder.load.problem import Problem

_MOST_LINES = 10_000
_NOTHING = re.compile(r'[\s,;]*("?#|$)')  # a comment, or nothing
_QUOTED = re.compile(r'[ ]*"((?:[^"]|"")*)"[ ]*')


class Where(NamedTuple):
    """A place in the file; line and column count from 0, as a YAML parser's marks do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, without quotes and surrounding spaces, and where it stands. Nobody knows what a `broken` one
    says: its fault is told already."""

    text: str
    at: Where
    broken: bool = False

    @property
    def mark(self) -> Mark:
        """The place as one number."""
        return packed(self.at)


class Cells:
    """The rows of a file without its comments, which begin with #. An empty row is an empty tuple; cells at a row's
    end that hold nothing, as spreadsheets write them, are dropped. A file that is no table has no rows.

    Numbers are written with a decimal point where commas part the cells, with a comma where semicolons do.
    """

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        lines = re.split("\r\n|\n|\r", text)
        if len(lines) > _MOST_LINES:
            self._say(Where(_MOST_LINES, 0), f"the file has more than {_MOST_LINES} lines",
                      "name a calibration report, which has some dozens")  # fmt: skip
            lines = []
        self.separator = self._separator(lines)
        wanted = [] if self.problems else list(enumerate(lines))
        self.rows = [self._row(number, line) for number, line in wanted if not line.lstrip(' "').startswith("#")]

    @property
    def decimal(self) -> str:
        """The decimal sign of the file."""
        return "." if self.separator == "," else ","

    def _say(self, at: Where, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, at.line + 1, at.column + 1, "", what, remedy))

    def _separator(self, lines: list[str]) -> str:
        number, first = next(((n, line) for n, line in enumerate(lines) if not _NOTHING.match(line)), (0, ""))
        bare = re.sub(r'"[^"]*"', "", first)
        if "\t" in bare and "," not in bare and ";" not in bare:
            self._say(Where(number, bare.index("\t")), "the cells are parted by tabs", "save it as CSV, with commas")
        return ";" if ";" in bare and "," not in bare else ","

    def _row(self, number: int, line: str) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        column = 0
        while column <= len(line):
            cell, column = self._cell(Where(number, column), line)
            cells.append(cell)
        while cells and not cells[-1].text and not cells[-1].broken:
            cells.pop()
        return tuple(cells)

    def _cell(self, at: Where, line: str) -> tuple[Cell, int]:
        """The cell at a place, and the column at which the next one begins."""
        rest = line[at.column :]
        begin = at._replace(column=at.column + len(rest) - len(rest.lstrip(" ")))
        if not rest.lstrip(" ").startswith('"'):
            plain = rest.partition(self.separator)[0]
            text = plain.strip()
            return Cell(text, begin if text else at), at.column + len(plain) + 1
        quoted = _QUOTED.match(rest)
        if quoted is None:
            self._say(begin, "this quoted text is not closed in its line", 'end it with "')
            return Cell("", begin, broken=True), len(line) + 1
        end = at.column + quoted.end()
        if end < len(line) and line[end] != self.separator:
            self._say(at._replace(column=end), "text follows a quoted cell", 'a quote inside is written twice: ""')
            return Cell("", begin, broken=True), len(line) + 1
        return Cell(quoted[1].replace('""', '"').strip(), begin), end + 1
