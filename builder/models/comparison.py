"""A comparison as a sheet writes it ("> 4 GiB", ">= 3.2", "<= 4 ms") and whether a value satisfies it."""

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from packaging.version import Version

from builder.models.quantity import Kind, amount, version
from builder.models.resolution import Resolution, resolution

Bound = Decimal | Version | Resolution

_TEXT = re.compile(r"(>=|<=|>|<|=) ?([^\s<>=].*)")
_VERSION = re.compile(r"[^\s()]+")  # what follows a version in a tool's output is no part of one that a sheet asks for
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}


class Comparison(NamedTuple):
    """`bound` is in the base unit of the fact's kind, a version or a resolution."""

    operator: str
    bound: Bound

    def holds(self, value: Bound, tolerance: Decimal = Decimal(0)) -> bool:
        """Whether `value` satisfies the comparison. `tolerance` is a share of the bound, in the machine's favour."""
        bound = self.bound
        if isinstance(bound, Decimal):
            if self.operator == "=":
                return isinstance(value, Decimal) and abs(value - bound) <= bound * tolerance
            bound *= 1 - tolerance if self.operator.startswith(">") else 1 + tolerance
        return _OPERATORS[self.operator](value, bound)


def split(text: str) -> tuple[str, str]:
    """The operator and the bound of a comparison. Raises ValueError with a sentence."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text}" is no comparison; write >, >=, <, <= or = and the bound, as ">= 4 GiB"')
    return match[1], match[2]


@lru_cache(maxsize=4096)
def comparison(text: str, kind: Kind) -> Comparison:
    """Read a comparison for a fact of `kind`. Raises ValueError with a sentence."""
    sign, bound = split(text)
    if kind == "version":
        read = version(bound) if _VERSION.fullmatch(bound) else None
        if read is None:
            raise ValueError(f'"{bound}" is no version; write numbers and dots, as ">= 1.12.7"')
        return Comparison(sign, read)
    if kind == "resolution":
        pixels = resolution(bound)
        if pixels is None or sign in ("<", ">"):
            raise ValueError(f'"{text}" is no resolution; write >= or <= and both sides in pixels, as ">= 1024x768"')
        return Comparison(sign, pixels)
    if kind == "day":
        raise ValueError("a day is not more or less; write how long ago it may be, as within: 5 years")
    if kind in ("text", "truth"):
        raise ValueError(f'a fact that is {"text" if kind == "text" else "true or false"} is not more or less than '
                         f'"{bound}"; write is: or one_of:')  # fmt: skip
    return Comparison(sign, amount(bound, kind))


@lru_cache(maxsize=256)
def share(text: str) -> Decimal:
    """The tolerance "3 %" as 0.03. Raises ValueError with a sentence."""
    percent = amount(text, "per cent")
    if percent >= 100:
        raise ValueError(f'a tolerance of "{text}" would accept anything; write less than 100 %')
    return percent / 100
