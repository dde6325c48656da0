"""One file as one model, with the place of each of its values."""

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from builder.load.faults import problems_of
from builder.load.marks import Place
from builder.load.problem import FieldPath, LoadErrors, Problem, path_text
from builder.load.scalars import settle
from builder.load.text import read_text
from builder.load.tree import Tree
from builder.models.base import Model

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A model, the file that it came from and the SHA-256 of that file's bytes (hex)."""

    value: M
    file: Path
    sha256: str
    place: Place

    def position(self, path: FieldPath) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path`; of the nearest parent when the file does not write it."""
        return self.place.position(path)

    def problem(self, path: FieldPath, what: str, remedy: str) -> Problem:
        """A fault of the value at `path`."""
        line, column = self.position(path)
        return Problem(self.file, line, column, path_text(path), what, remedy)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing of what a load makes is garbage; looking for some takes half the time of a site of 10,000 hosts."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_no_collection()
def load(file: Path, model: type[M], text: str | None = None) -> Loaded[M]:
    """Read `file`, or `text` as if it stood there, as a `model`. Raises LoadErrors with everything that is wrong."""
    if text is None:
        text, digest = read_text(file)
    else:
        digest = hashlib.sha256(text.encode()).hexdigest()
    tree = Tree(file, text)
    if tree.value is None or tree.place is None:
        raise LoadErrors(tree.problems)
    try:
        # by_name=False: a file says `class` and `from`, never the Python names of those fields.
        value = model.model_validate(settle(tree.value, tree.place, model), by_alias=True, by_name=False)
    except ValidationError as refusal:
        raise LoadErrors([*tree.problems, *problems_of(refusal, tree, tree.place, model)]) from None
    if tree.problems:
        raise LoadErrors(tree.problems)
    return Loaded(value, file, digest, tree.place)
