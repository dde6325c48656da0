"""Give plain scalars a type where the model leaves it open (a sheet's `is: true`); everywhere else the text stays."""

import re
from functools import cache
from typing import Any

from pydantic import BaseModel

from builder.load.marks import Place
from builder.load.shape import Expected, below, members_of

# The YAML 1.2 core schema: no sexagesimal numbers, no yes/no/on/off, no dates.
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LONGEST = 300  # digits; Python refuses to read much longer whole numbers


def plain_value(text: str) -> str | int | float | bool:
    """What an unquoted scalar means where text, numbers and truth values are all possible."""
    if text in _TRUTH:
        return _TRUTH[text]
    if len(text) <= _LONGEST:
        if _WHOLE.fullmatch(text):
            return int(text)
        if _NUMBER.fullmatch(text):
            return float(text)
    return text


def _open(found: list[Expected]) -> bool:
    kinds = {one.annotation for one in found}
    return str in kinds and bool(kinds & {bool, int, float})


@cache
def _has_open(model: type[BaseModel]) -> bool:
    """Whether any place of the model leaves the type open; most models do not, and a large file is then not walked."""
    seen: set[Any] = set()
    waiting = [[Expected(model)]]
    while waiting:
        found = waiting.pop()
        if _open(found):
            return True
        for one in found:
            if str(one.annotation) not in seen:
                seen.add(str(one.annotation))
                waiting += members_of(one)
    return False


def _typed(value: Any, place: Place, found: list[Expected]) -> Any:
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    for step, inner in items:
        expected = below(found, step)
        if isinstance(inner, dict | list):
            _typed(inner, place.children[step], expected)
        elif isinstance(inner, str) and _open(expected) and step not in (place.quoted or ()):
            value[step] = plain_value(inner)
    return value


def settle(value: dict[str, Any], place: Place, model: type[BaseModel]) -> dict[str, Any]:
    """`value` with its open scalars typed (changed in place)."""
    return _typed(value, place, [Expected(model)]) if _has_open(model) else value
