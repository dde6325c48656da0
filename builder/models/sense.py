"""What a line says that no machine could ever meet, that every machine meets, or that says two things at once."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from builder.models.comparison import Comparison, comparison
from builder.models.criterion import Value, computed
from builder.models.days import last_day
from builder.models.formula import Formula
from builder.models.quantity import Kind

_LOWER, _UPPER = (">", ">="), ("<", "<=")
LISTED = "workload.modalities"
"""A fact that lists several words, which no single one is equal to."""


class _Rows(Protocol):
    @property
    def figure(self) -> Formula: ...


class Says(Protocol):
    """What a part says of its fact; `Part` has it all."""

    @property
    def fact(self) -> str | None: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def minimum(self) -> str | None: ...
    @property
    def recommended(self) -> str | None: ...
    @property
    def maximum(self) -> str | None: ...
    @property
    def is_(self) -> Value | None: ...
    @property
    def one_of(self) -> tuple[Value, ...]: ...
    @property
    def not_one_of(self) -> tuple[Value, ...]: ...
    @property
    def right(self) -> tuple[Value, ...]: ...
    @property
    def equal(self) -> tuple[str, ...]: ...
    @property
    def versions(self) -> str | None: ...
    @property
    def since(self) -> str | None: ...
    @property
    def until(self) -> str | None: ...
    @property
    def table(self) -> _Rows | None: ...

    def inner(self) -> "Iterator[Says]":
        """The parts that stand directly in this one."""
        ...


def inputs_of(part: Says) -> tuple[str, ...]:
    """The facts from which the bounds of a part are computed."""
    found: dict[str, None] = {}
    for text in (part.minimum, part.maximum, part.recommended):
        source = None if text is None else computed(text, part.kind, part.fact or "")
        found |= dict.fromkeys((source,) if isinstance(source, str) else source.facts if source else ())
    return tuple(found)


def named(part: Says) -> tuple[str, ...]:
    """Every fact that a part speaks of or computes with, wherever in it."""
    inner = (name for one in part.inner() for name in named(one))
    own = () if part.fact is None else (part.fact,)
    figure = () if part.table is None else part.table.figure.facts
    return tuple(dict.fromkeys((*own, *part.equal, *figure, *inputs_of(part), *inner)))


def check_sense(part: Says, fact: str) -> None:
    """Raise ValueError with a sentence where what a part says of its fact makes no sense."""
    if fact == LISTED:
        raise ValueError(f"{LISTED} lists several; write the condition when: {{modality: MG}} instead")
    _check_words(part)
    _check_computed(part, fact)
    _check_order(part)
    if part.versions is not None and _is_empty(part.versions):
        raise ValueError(f'no version lies in "{part.versions}"; correct one of its ends')
    first, last = (None if text is None else last_day(text) for text in (part.since, part.until))
    if first is not None and last is not None and first > last:
        raise ValueError(f"it is supported from {part.since} and only until {part.until}; correct one of the two")


def _check_words(part: Says) -> None:
    if part.is_ is not None and part.one_of:
        raise ValueError("is and one_of both say which value is right; write them all into one_of")
    for field, values in (("one_of", part.one_of), ("not_one_of", part.not_one_of)):
        twice = next((value for number, value in enumerate(values) if _holds(values[:number], value)), None)
        if twice is not None:
            raise ValueError(f'"{twice}" stands twice in {field}; keep one')
    both = next((value for value in part.right if _holds(part.not_one_of, value)), None)
    if both is not None:
        raise ValueError(f'"{both}" is said to be right and to be wrong; keep one of the two')


def _holds(values: Sequence[Value], wanted: Value) -> bool:
    """Whether the value is among them; true is not 1."""
    return any(type(one) is type(wanted) and one == wanted for one in values)


def _check_computed(part: Says, fact: str) -> None:
    if fact in inputs_of(part):
        raise ValueError(f"the bound is computed from {fact} itself; name another fact")
    for text in (part.minimum, part.maximum, part.recommended):
        source = None if text is None else computed(text, part.kind, fact)
        if isinstance(source, Formula) and not source.facts and source.compute({}) < 0:
            raise ValueError(f'"{source.text}" comes to less than nothing; correct it')


def _bounds(part: Says) -> Iterator[tuple[str, str, Comparison]]:
    """(field, text, comparison) of the bounds that are written out."""
    for field in ("minimum", "recommended", "maximum"):
        text = getattr(part, field)
        if text is not None and computed(text, part.kind, part.fact or "") is None:
            yield field, text, comparison(text, part.kind)


def _check_order(part: Says) -> None:
    """No lower bound above an upper one, and no recommendation that asks for less than the minimum or maximum does."""
    written = {field: (text, wanted) for field, text, wanted in _bounds(part)}
    for low_field, (low, lower) in written.items():
        for high_field, (high, upper) in written.items():
            if lower.operator in _LOWER and upper.operator in _UPPER and _apart(lower, upper):
                raise ValueError(f'{low_field} "{low}" and {high_field} "{high}" can never both hold; correct one of '
                                 "the two")  # fmt: skip
    wish = written.get("recommended")
    for field in ("minimum", "maximum"):
        asked = written.get(field)
        if wish and asked and _asks_less(wish[1], asked[1]):
            raise ValueError(f'recommended "{wish[0]}" asks for less than {field} "{asked[0]}"; correct one of the two')


def _apart(lower: Comparison, upper: Comparison) -> bool:
    """Whether nothing lies between the two."""
    return not (upper.holds(lower.bound) and lower.holds(upper.bound))


def _asks_less(wish: Comparison, asked: Comparison) -> bool:
    """Whether what is asked is more than what is wished, in the same direction."""
    if wish.operator not in (_LOWER if asked.operator in _LOWER else _UPPER):
        return False
    return wish.bound != asked.bound and not asked.holds(wish.bound)


def _is_empty(specifier: str) -> bool:
    """Whether the range's own ends exclude each other, as in ">=8,<7"."""
    clauses = [(one.operator, Version(one.version)) for one in SpecifierSet(specifier) if "*" not in one.version
               and one.operator in (*_LOWER, *_UPPER)]  # fmt: skip
    lows = [Comparison(sign, release) for sign, release in clauses if sign in _LOWER]
    highs = [Comparison(sign, release) for sign, release in clauses if sign in _UPPER]
    return any(_apart(low, high) for low in lows for high in highs)


def check_figure(by: str, figure: Formula) -> None:
    """Raise ValueError when the figure that chooses a table's row is the same for every machine."""
    if not figure.facts:
        raise ValueError(f'"{by}" is the same everywhere; write a figure that differs, as workload.studies_per_year')
