"""What is wrong in a file, where, and what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import BadInput

FieldPath = tuple[str | int, ...]


def path_text(path: FieldPath) -> str:
    """A path as a person reads it: `hosts[0].ae.title`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _harmless(character: str) -> str:
    """A character that a terminal does not obey: names and values come from a file that may hold anything."""
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one file. Line and column count from 1; `path` is empty when the fault is the whole file's."""

    file: Path
    line: int
    column: int
    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        line = f"{self.file}:{self.line}:{self.column}: {path}{self.what}; {self.remedy}"
        return line if line.isprintable() else "".join(map(_harmless, line))


def _order(one: Problem) -> tuple[str, int, int, str, str]:
    return str(one.file), one.line, one.column, one.path, one.what


class LoadErrors(BadInput):
    """Everything that is wrong with the files that were read, in the files' order. `unchecked`: a sentence on what
    could not be checked because of that; empty when everything was."""

    def __init__(self, problems: Sequence[Problem], unchecked: str = "") -> None:
        self.problems = tuple(sorted(problems, key=_order))
        self.unchecked = unchecked
        super().__init__(self.problems)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        head = [f"{len(lines)} problems:"] if len(lines) > 1 else []
        return "\n".join([*head, *lines, *([self.unchecked] if self.unchecked else [])])
