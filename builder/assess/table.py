"""The row of a sizing table that a figure chooses, and what that row asks."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from builder.assess.inputs import amounts, worlds
from builder.assess.outcome import Case, Outcome
from builder.assess.reading import UnclearError
from builder.models.dimension import MEASURES, kind_of
from builder.models.formula import ComputingError
from builder.models.part import Part, Table
from builder.models.quantity import shown


def look_up(table: Table, case: Case, evaluate: Callable[[Part, Case], Outcome]) -> Outcome:
    """What the chosen row comes to, with the row told. Unknown when the figure is, and above the last row."""
    figure = table.figure
    used = tuple(case.facts[name] for name in figure.facts if name in case.facts)
    expected = f"as in the sheet's table by {figure.told}"
    try:
        values = [figure.compute(amounts(world)) for world in worlds(figure.facts, case.facts)]
        number = _the_one_row(table, values)
    except (UnclearError, ComputingError) as why:
        reason = f"{figure.told}: cannot be told, since {why}"
        return Outcome("unknown", None, expected, f"{figure.told}: not known", reason, facts=used)
    here = f"{figure.told}: {_told(values[0], table)}"
    if number is None:
        last = _told(table.greatest(table.rows[-1]) or Decimal(0), table)
        reason = f"{here}, above the last row of the sheet's table ({last}), which does not say what is asked then"
        return Outcome("unknown", None, expected, here, reason, facts=used)
    outcome = evaluate(table.rows[number], case)
    span = _span(table, number)
    by = f"{span} of the table by {figure.told}"
    return replace(outcome, expected=f"{outcome.expected} ({by})", observed=f"{outcome.observed}; {here}",
                   reason=f"{outcome.reason} ({by}, here {_told(values[0], table)})",
                   facts=(*outcome.facts, *used))  # fmt: skip


def _the_one_row(table: Table, values: list[Decimal]) -> int | None:
    rows = {_row(table, value) for value in values}
    if len(rows) > 1:
        raise UnclearError("the figure is too coarse to choose a row of the sheet's table")
    return rows.pop()


def _row(table: Table, value: Decimal) -> int | None:
    for number, row in enumerate(table.rows):
        greatest = table.greatest(row)
        if greatest is None or value <= greatest:
            return number
    return None


def _span(table: Table, number: int) -> str:
    greatest = table.greatest(table.rows[number])
    if greatest is not None:
        return f"row up to {_told(greatest, table)}"
    before = table.greatest(table.rows[number - 1]) if number else None
    return "only row" if before is None else f"row above {_told(before, table)}"


def _told(value: Decimal, table: Table) -> str:
    kind = kind_of(table.figure.dimension)
    return f"{value:f}" if kind is None else shown(value / MEASURES[kind][1], kind)
