"""A part of a requirement: what is asked of one fact, of several, or of a person. Parts stand in parts."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from builder.models.base import Line, Model, PlacedError
from builder.models.catalogue import asked_fact, fact_kind
from builder.models.criterion import ComparisonText, Scalar, Specifier, Tolerance, Value, check_bound, check_value
from builder.models.days import Day, End, Period
from builder.models.dimension import told
from builder.models.formula import Formula, formula, is_formula
from builder.models.quantity import Kind
from builder.models.sense import check_figure, check_sense

FORMS = ("fact", "judged", "any_of", "all_of", "none_of", "equal", "table")
_CRITERIA = ("minimum", "recommended", "maximum", "is_", "one_of", "not_one_of", "versions", "within")
_BESIDE_A_FACT = ("tolerance", "since", "until", "or_equivalent")
_NO_AMOUNT = ("version", "day", "text", "truth", "resolution")

Precision = Literal["major", "minor"]


class Part(Model):
    """Exactly one of: a fact with its comparisons; `judged` (only a person can tell); `any_of`, `all_of`, `none_of`;
    `equal` (facts that must agree, amounts within a `tolerance` of the greatest); `table` (a row chosen by a figure).

    A bound may be a formula of other facts, as ">= 10 * workload.largest_data_set". A fact with a * in its name is each
    fact of that pattern: all of them must fit, or `at_least` so many.
    """

    fact: Line | None = None
    judged: Line | None = None
    any_of: tuple["Part", ...] = ()
    all_of: tuple["Part", ...] = ()
    none_of: tuple["Part", ...] = Field((), description="what must not be: none of these parts may be met")
    equal: tuple[Line, ...] = Field((), description="facts that must agree, or one pattern with a *")
    table: "Table | None" = Field(None, description="rows of what is asked, chosen by a declared or surveyed figure")
    minimum: ComparisonText | None = Field(None, description='lower bound that must be reached, as "> 4 GiB"')
    recommended: ComparisonText | None = Field(None, description='bound that should be reached, as ">= 8 GiB"')
    maximum: ComparisonText | None = Field(None, description='upper bound, as "<= 4 ms"')
    is_: Scalar | None = Field(None, alias="is", description="the one value that is right")
    one_of: tuple[Scalar, ...] = Field((), description="the values that are right")
    not_one_of: tuple[Scalar, ...] = Field((), description="the values that are wrong")
    versions: Specifier | None = Field(None, description='versions that are right, as ">=7,<8,!=7.3.*"')
    within: Period | None = Field(None, description="how long ago a day may lie at most, as 5 years")
    tolerance: Tolerance | None = None
    since: Day | None = Field(None, description="first day on which the source supports it, YYYY-MM-DD")
    until: End | None = Field(None, description="last day on which the source supports it, YYYY-MM-DD or YYYY-MM")
    or_equivalent: Annotated[bool, Field(description="whether a person may judge another value to be as good")] = False
    at_least: Annotated[int, Field(ge=1, le=99, description="how many facts of a pattern must fit")] | None = None
    precision: Precision | None = Field(None, description="how much of versions must be equal: 5.35 is a minor one")

    @property
    def kind(self) -> Kind:
        """The kind of the fact; "text" for a part without one."""
        return fact_kind(self.fact).kind if self.fact is not None else "text"

    @property
    def right(self) -> tuple[Value, ...]:
        """The values that are right, of `is` and `one_of`."""
        return (*self.one_of, *(() if self.is_ is None else (self.is_,)))

    def inner(self) -> Iterator["Part"]:
        """The parts that stand directly in this one."""
        yield from (*self.any_of, *self.all_of, *self.none_of)
        if self.table is not None:
            yield from self.table.rows

    @model_validator(mode="after")
    def _shape(self) -> "Part":
        forms = [form for form in self._forms() if getattr(self, form)]
        if len(forms) != 1:
            raise ValueError(f"write exactly one of {', '.join(self._forms())}" +
                             (f"; here are {' and '.join(forms)}" if forms else ""))  # fmt: skip
        criteria = [name.rstrip("_") for name in _CRITERIA if getattr(self, name) not in (None, ())]
        beside = [name for name in _BESIDE_A_FACT if getattr(self, name) and not (name == "tolerance" and self.equal)]
        if self.fact is None and (criteria or beside):
            raise ValueError(f"{(criteria or beside)[0]} compares a fact: write which, as fact: memory.total")
        if self.precision and not self.equal:
            raise ValueError("precision belongs to equal; name there the versions that must agree")
        if self.fact is not None:
            asked_fact(self.fact)
            if not criteria:
                raise ValueError(
                    "a fact wants a comparison: minimum, recommended, maximum, is, one_of, not_one_of, "
                    "versions or within"
                )
            self._check_criteria(self.fact)
        if self.at_least and not self.equal and "*" not in (self.fact or ""):
            raise ValueError("at_least counts the facts of a pattern; write a fact with a *, as gpus.*.model")
        if self.equal:
            self._check_equal()
        for number, part in enumerate(self.none_of):
            refuse_wishes(part, "none_of", number)
        return self

    def _forms(self) -> tuple[str, ...]:
        return FORMS

    def _check_criteria(self, fact: str) -> None:
        for name in ("minimum", "maximum", "recommended"):
            text = getattr(self, name)
            if text is not None:
                check_bound(name, text, self.kind, fact)
        for value in (*self.right, *self.not_one_of):
            check_value(value, self.kind)
        if self.tolerance and self.kind in _NO_AMOUNT:
            raise ValueError(f"a tolerance means nothing for {fact}, which is no amount")
        if self.versions and self.kind != "version":
            raise ValueError(f"{fact} is no version; write minimum, maximum, is or one_of")
        if self.within and self.kind != "day":
            raise ValueError(f"{fact} is no day; within is said of a day, as asset.installed")
        if self.or_equivalent and not self.right:
            raise ValueError("or_equivalent is said of a named thing; write is or one_of")
        check_sense(self, fact)

    def _check_equal(self) -> None:
        kinds = {asked_fact(name).kind for name in self.equal}
        if len(kinds) > 1:
            listed = " and ".join(sorted(kinds))
            raise ValueError(f"facts of different kinds are never equal ({listed}); name facts of one kind")
        if self.precision and kinds != {"version"}:
            raise ValueError(f"precision is said of versions, and {self.equal[0]} is none; leave it out")
        if self.tolerance and not kinds.isdisjoint(_NO_AMOUNT):
            raise ValueError(f"a tolerance means nothing for {self.equal[0]}, which is no amount")
        if self.tolerance and self.at_least:
            raise ValueError("of facts that are equal within a tolerance all must be; leave at_least or tolerance out")
        if self.at_least == 1:
            raise ValueError("one fact always equals itself; write at_least: 2 or more")
        if len(self.equal) == 1 and "*" not in self.equal[0]:
            raise ValueError("one fact always equals itself; name two facts, or a pattern with a *")


def refuse_wishes(part: Part, *path: str | int) -> None:
    """Raise PlacedError where a part that must hold or not (a condition, an exclusion, a level) only recommends."""
    if part.recommended is not None:
        raise PlacedError("here a thing holds or it does not; write minimum instead of recommended", *path)
    for inner in part.inner():
        refuse_wishes(inner, *path)


class Row(Part):
    """One row of a table: what is asked up to a figure; without `up_to`, the last one, for everything above."""

    up_to: Scalar | None = Field(None, description="greatest figure of this row, as 50000 or 2 TiB")


class Table(Model):
    """A stepped sizing table. A figure above the last `up_to` is in no row, and what is asked then is unknown."""

    by: Line = Field(description="the figure: a fact or a formula, as workload.studies_per_year")
    rows: tuple[Row, ...] = Field(min_length=1)

    @property
    def figure(self) -> Formula:
        """The figure that chooses the row."""
        return formula(self.by)

    def greatest(self, row: Row) -> Decimal | None:
        """The greatest figure of a row, in computing units; None for a row without end."""
        return None if row.up_to is None else formula(str(row.up_to)).compute({})

    @model_validator(mode="after")
    def _ascending(self) -> "Table":
        figure = self.figure
        check_figure(self.by, figure)
        before: Decimal | None = None
        for number, row in enumerate(self.rows):
            path = ("rows", number, "up_to")
            if row.up_to is None:
                if number != len(self.rows) - 1:
                    raise PlacedError("only the last row may be without up_to; write how far this one goes", *path)
                continue
            if isinstance(row.up_to, bool) or is_formula(str(row.up_to)):
                raise PlacedError(f'"{row.up_to}" is no amount; write a number, with its unit if it has one', *path)
            try:
                written = formula(str(row.up_to))
            except ValueError as wrong:
                raise PlacedError(f'"{row.up_to}" is no amount; write a number with its unit', *path) from wrong
            if written.dimension != figure.dimension or written.facts:
                raise PlacedError(f"up_to is {told(written.dimension)}, but {self.by} comes to "
                                  f"{told(figure.dimension)}; write the same unit", *path)  # fmt: skip
            value = written.compute({})
            if before is not None and value <= before:
                raise PlacedError("the rows do not ascend; write them from the least up_to to the greatest", *path)
            before = value
        return self


Part.model_rebuild()  # it speaks of Table, which speaks of it
