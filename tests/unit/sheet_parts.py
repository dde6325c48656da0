"""Small sheets and facts for tests of the requirement language."""

from datetime import date
from typing import Any

import yaml

from builder.assess.assessment import assess
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.quantity import BASE_UNITS, Kind, amount
from builder.models.sheet import Sheet

TODAY = date(2026, 11, 22)
Value = bool | int | float | str
LEVELS = """
- {name: not supported, grade: refused}
- {name: not tested, grade: untested}
- {name: in a pinch, grade: degraded}
- {name: desirable, grade: recommended}
- {name: optimal, grade: optimal}
"""


def sheet_of(*lines: str, levels: str = LEVELS, **source: str) -> Sheet:
    """A sheet with these lines, each in YAML, placed in section 1, and five levels of its own."""
    return Sheet.model_validate({
        "product": {"id": "thing", "name": "Thing", "versions": ">=1"},
        "machine": "workstation",
        "source": {"title": "Guide", "address": "book", "revision": "3", "read": "2026-11-21", "trust": "A", **source},
        "levels": yaml.safe_load(levels),
        "requirements": [{"place": "section 1", "id": f"line{n}", **yaml.safe_load(line)}
                         for n, line in enumerate(lines)],
    })  # fmt: skip


def stated(name: str, value: Value, **more: Any) -> Fact:
    """A fact as a survey states it; an amount may be written with its unit, as "4 GiB"."""
    kind = fact_kind(name).kind
    known: Value = value
    if isinstance(value, str) and kind in BASE_UNITS and kind != "version":
        known = float(amount(value, kind))
    return Fact(name=name, value=known, unit=_unit(kind), command=f"ask {name}", **more)


def _unit(kind: Kind) -> str | None:
    return BASE_UNITS.get(kind)


def facts_of(values: dict[str, Value]) -> dict[str, Fact]:
    """Facts by name; None is one that could not be read, and "absent" one that is not there."""
    return {name: _fact(name, value) for name, value in values.items()}


def _fact(name: str, value: Value) -> Fact:
    if value == "absent":
        return Fact(name=name, absent=True, command=f"ask {name}")
    if value == "unread":
        return Fact(name=name, error="permission denied", command=f"ask {name}")
    return stated(name, value)


def finding_of(line: str, values: dict[str, Value], use: set[str] | None = None, **source: str) -> Finding:
    """The finding of a sheet with this one line."""
    (found,) = assess(sheet_of(line, **source), facts_of(values), use=frozenset(use or ()), today=TODAY)
    return found
