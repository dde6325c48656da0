"""Where the keys and values of a file stand."""

from typing import Any

from builder.load.problem import FieldPath

# Line and column (from 0) in one number: a large file has a million of them, and the garbage collector need not look
# at numbers.
Mark = int
_COLUMN_BITS = 28


def packed(mark: Any) -> Mark:
    """A parser's mark as one number."""
    return int(mark.line << _COLUMN_BITS | mark.column)


def line_and_column(mark: Mark) -> tuple[int, int]:
    """Line and column, both from 1."""
    return (mark >> _COLUMN_BITS) + 1, (mark & (1 << _COLUMN_BITS) - 1) + 1


class Place:
    """Where a mapping or list stands, and where its keys and values do. `quoted` are the keys of quoted values."""

    __slots__ = ("children", "keys", "mark", "quoted", "values")

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.keys: dict[str | int, Mark] = {}
        self.values: dict[str | int, Mark] = {}
        self.children: dict[str | int, Place] = {}
        self.quoted: set[str | int] | None = None  # most places have none, and there are very many places

    def position(self, path: FieldPath, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path` (with `key`, of its key), or of the nearest parent."""
        place: Place | None = self
        mark = self.mark
        for number, step in enumerate(path):
            if place is None:
                break
            last = number == len(path) - 1
            mark = (place.keys if key and last else place.values).get(step, mark)
            place = place.children.get(step)
        return line_and_column(mark)
