"""Change single values of a site file and leave every other character of it as people wrote it (pure)."""

from collections.abc import Mapping

import yaml

from builder.load.marks import Place
from builder.load.problem import FieldPath

Spot = tuple[int, int]  # line and column, both from 1


def edited(text: str, place: Place, values: Mapping[FieldPath, str | int]) -> str:
    """`text`, whose marks are in `place`, with other values at these paths. A field that is not written yet is added
    before its mapping's second one. Raises KeyError for a field of a mapping that is not written."""
    lines, ends = text.splitlines(keepends=True), _ends(text)
    for path, value in sorted(values.items(), key=lambda item: _spot(place, item[0]), reverse=True):
        line, column = _spot(place, path)
        there = path[-1] in _parent(place, path).values
        end = ends[line, column] if there else (line, column)
        before, after = lines[line - 1][: column - 1], lines[end[0] - 1][end[1] - 1 :]
        lines[line - 1 : end[0]] = [before + (_plain(value) if there else _added(lines, place, path, value)) + after]
    return "".join(lines)


def _ends(text: str) -> dict[Spot, Spot]:
    """Where each scalar that begins at a spot ends."""
    events = (event for event in yaml.parse(text, Loader=yaml.CSafeLoader) if isinstance(event, yaml.ScalarEvent))
    marks = ((one.start_mark, one.end_mark) for one in events)
    return {
        (start.line + 1, start.column + 1): (end.line + 1, end.column + 1)
        for start, end in marks
        if start is not None and end is not None
    }


def _parent(place: Place, path: FieldPath) -> Place:
    for step in path[:-1]:
        place = place.children[step]
    return place


def _spot(place: Place, path: FieldPath) -> Spot:
    """Where the value at `path` stands, or where its field would be added."""
    parent = _parent(place, path)
    if path[-1] in parent.values:
        return parent.position(path[-1:])
    keys = sorted(parent.keys.values())
    return Place(keys[min(1, len(keys) - 1)]).position(())


def _added(lines: list[str], place: Place, path: FieldPath, value: str | int) -> str:
    """A field, and what parts it from the next one: a comma where the mapping stands in braces, a new line
    elsewhere."""
    line, column = _parent(place, path).position(())
    in_braces = lines[line - 1][column - 1 :].startswith("{")
    spot = _spot(place, path)
    return f"{path[-1]}: {_plain(value)}" + (", " if in_braces else f"\n{' ' * (spot[1] - 1)}")


def _plain(value: str | int) -> str:
    """As YAML reads it back as these characters, in a list or mapping in brackets as elsewhere."""
    return yaml.safe_dump([value], default_flow_style=True, width=10**6).strip().removeprefix("[").removesuffix("]")
