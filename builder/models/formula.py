"""A formula as a sheet writes it: amounts, facts and + - * / ^ ( ) min max. Read and checked for units when the sheet
is loaded, computed exactly in decimals when the facts are there.

Everything is computed in bits, seconds, millimetres, cd/m2, cores and plain numbers; 5 % is 0.05, 1 MP is 1,000,000.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException, Overflow, localcontext
from functools import lru_cache

from builder.models.catalogue import fact_kind
from builder.models.dimension import MEASURES, PLAIN, Dimension, told
from builder.models.quantity import UNIT_NAMES, Kind, measured

_DIGITS = 60  # of a result: more than any sheet's figures and a table of growth over ten years need
_LONGEST = 500
_DEEPEST = 20
_GREATEST_POWER = 100

_UNITS = "|".join(re.escape(unit) for unit in sorted(UNIT_NAMES, key=len, reverse=True))
_TOKEN = re.compile(
    rf"""\s*(?:(?P<amount>[0-9]{{1,18}}(?:\.[0-9]{{1,9}})?(?:\ ?(?:{_UNITS})(?![A-Za-z0-9]))?)
    |(?P<fact>[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)+)
    |(?P<function>min|max)(?=\s*\()
    |(?P<sign>[-+*/^(),]))""",
    re.VERBOSE,
)
_COMPUTED = re.compile(r"[a-z][a-z0-9_]*\.[A-Za-z]|[*^()]| [-+/] |^(min|max)\b")

Inputs = Mapping[str, Decimal]


class ComputingError(ValueError):
    """A formula comes to no number with these inputs; the text says why, as the end of "cannot be told, since ..."."""


@dataclass(frozen=True)
class Formula:
    """`facts` in the order in which they are named. `compute` wants each of them in the base unit of its kind."""

    text: str
    facts: tuple[str, ...]
    dimension: Dimension
    _value: Callable[[Inputs], Decimal]

    def compute(self, inputs: Inputs) -> Decimal:
        """The value in computing units. Raises ComputingError."""
        try:
            with localcontext(prec=_DIGITS):
                return self._value(inputs)
        except ZeroDivisionError as wrong:  # decimal.DivisionByZero is one, and so is 0/0
            raise ComputingError(f"{self.text} divides by nothing") from wrong
        except (Overflow, DecimalException) as wrong:
            raise ComputingError(f"{self.text} comes to no number") from wrong

    def in_kind(self, inputs: Inputs, kind: Kind) -> Decimal:
        """The value in the base unit of `kind`, which has the formula's dimension. Raises ComputingError."""
        with localcontext(prec=_DIGITS):
            return self.compute(inputs) / MEASURES[kind][1]

    @property
    def told(self) -> str:
        """The formula as people read it: facts by their meaning, and the multiplication sign."""
        text = self.text
        for name in sorted(self.facts, key=len, reverse=True):
            text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", fact_kind(name).meaning, text)
        return text.replace("*", "\u00d7")


def is_formula(text: str) -> bool:
    """Whether the text can only be meant as a formula."""
    return _COMPUTED.search(text) is not None


@lru_cache(maxsize=4096)
def formula(text: str) -> Formula:
    """Read a formula. Raises ValueError with a sentence: no formula, an unknown fact, units that do not fit."""
    if len(text) > _LONGEST:
        raise ValueError(f"the formula has {len(text)} characters; write at most {_LONGEST}")
    return _Reader(text.strip()).read()


@lru_cache(maxsize=4096)
def bound(text: str, kind: Kind, fact: str) -> Formula:
    """The formula of a bound on `fact`, checked to come to an amount of its kind. Raises ValueError with a sentence."""
    read = formula(text)
    wanted = MEASURES.get(kind, (None, None))[0]
    if read.dimension != wanted:
        raise ValueError(f'"{text}" comes to {told(read.dimension)}, but {fact} is '
                         f"{'in ' + kind if wanted not in (None, PLAIN) else told(PLAIN) if wanted else kind}; "
                         "multiply or divide by an amount with the unit that is missing")  # fmt: skip
    return read


@dataclass(frozen=True)
class _Term:
    """`share`: a percentage, `counted`: it counts things, so that adding the one to the other is a slip."""

    value: Callable[[Inputs], Decimal]
    dimension: Dimension
    share: bool = False
    counted: bool = False


class _Reader:
    """A formula's text, read from left to right: sums of products of powers."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._facts: dict[str, None] = {}

    def read(self) -> Formula:
        term = self._sum()
        if self._at < len(self._text):
            raise self._refusal()
        return Formula(self._text, tuple(self._facts), term.dimension, term.value)

    def _refusal(self) -> ValueError:
        rest = self._text[self._at :].strip()
        near = f'cannot be read from "{rest[:30]}" on' if rest else "breaks off"
        return ValueError(f'the formula "{self._text}" {near}; write amounts with their units, names of facts and '
                          '+ - * / ^ ( ), as "10 * workload.largest_data_set"')  # fmt: skip

    def _take(self, *signs: str) -> str | None:
        token = _TOKEN.match(self._text, self._at)
        if token is None or token["sign"] not in signs:
            return None
        self._at = token.end()
        return token["sign"]

    def _demand(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._refusal()

    def _sum(self) -> _Term:
        term = self._product()
        while sign := self._take("+", "-"):
            term = self._alike(term, self._product(), operator.add if sign == "+" else operator.sub)
        return term

    def _product(self) -> _Term:
        term = self._power()
        while sign := self._take("*", "/"):
            other = self._power()
            if sign == "/" and _is_nothing(other):
                raise ValueError(f'"{self._text}" divides by nothing; write by what it is divided')
            way = 1 if sign == "*" else -1
            term = _Term(_both(term, other, operator.mul if sign == "*" else operator.truediv),
                         term.dimension.times(other.dimension, way),
                         counted=term.counted or other.counted)  # fmt: skip
        return term

    def _power(self) -> _Term:
        term = self._single()
        if self._take("^") is None:
            return term
        exponent = self._single()
        for one, word in ((term, "raised to a power"), (exponent, "a power")):
            if one.dimension != PLAIN:
                raise ValueError(f'in "{self._text}" {told(one.dimension)} cannot be {word}; only a plain number can')
        return _Term(_both(term, exponent, _raised), PLAIN)

    def _single(self) -> _Term:
        token = _TOKEN.match(self._text, self._at)
        if token is None:
            raise self._refusal()
        if token["sign"] == "(":
            self._at = token.end()
            return self._inside()
        if token["sign"]:
            raise self._refusal()
        self._at = token.end()
        if token["function"]:
            return self._chosen(min if token["function"] == "min" else max)
        return _constant(token["amount"]) if token["amount"] else self._named(token["fact"])

    def _inside(self) -> _Term:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"the formula is nested deeper than {_DEEPEST} brackets; write it flatter")
        term = self._sum()
        self._demand(")")
        self._depth -= 1
        return term

    def _chosen(self, choose: Callable[[Decimal, Decimal], Decimal]) -> _Term:
        self._demand("(")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"the formula is nested deeper than {_DEEPEST} brackets; write it flatter")
        term = self._sum()
        while self._take(","):
            term = self._alike(term, self._sum(), choose)
        self._demand(")")
        self._depth -= 1
        return term

    def _alike(self, one: _Term, other: _Term, operate: Callable[[Decimal, Decimal], Decimal]) -> _Term:
        if one.dimension != other.dimension:
            raise ValueError(f'"{self._text}" brings together {told(one.dimension)} and {told(other.dimension)}; give '
                             "both the same unit")  # fmt: skip
        if (one.share and other.counted) or (one.counted and other.share):
            raise ValueError(f'"{self._text}" adds a percentage to a number of things; write it as a factor, as '
                             '"workload.concurrent_users * (1 + 10 %)"')  # fmt: skip
        return _Term(_both(one, other, operate), one.dimension, counted=one.counted or other.counted)

    def _named(self, name: str) -> _Term:
        kind = fact_kind(name).kind
        if kind not in MEASURES:
            said = {"truth": "true or false", "text": "text"}.get(kind, f"a {kind}")
            raise ValueError(f"{name} is {said} and nothing can be computed with it; name an amount")
        dimension, factor = MEASURES[kind]
        self._facts[name] = None
        counted = kind in ("count", "megapixels")
        return _Term(lambda inputs: inputs[name] * factor, dimension, kind == "per cent", counted)


def _constant(text: str) -> _Term:
    number, kind = measured(text)
    if kind is not None and kind not in MEASURES:
        raise ValueError(f'"{text}" is of {kind} and nothing is computed with that; write the bound out')
    dimension, factor = (PLAIN, Decimal(1)) if kind is None else MEASURES[kind]
    value = number * factor
    return _Term(lambda _: value, dimension, share=kind == "per cent")


def _is_nothing(term: _Term) -> bool:
    """Whether the term is 0 whatever the facts say."""
    try:
        return term.value({}) == 0
    except (KeyError, ArithmeticError, ComputingError):  # it wants facts, or fails in a way of its own
        return False


def _both(one: _Term, other: _Term, operate: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Inputs], Decimal]:
    return lambda inputs: operate(one.value(inputs), other.value(inputs))


def _raised(base: Decimal, exponent: Decimal) -> Decimal:
    if exponent != exponent.to_integral_value() or not 0 <= exponent <= _GREATEST_POWER:
        raise ComputingError(f"{exponent.normalize():f} is no power from 0 to {_GREATEST_POWER} in whole numbers")
    power = Decimal(1)
    for _ in range(int(exponent)):
        power *= base
    return power
