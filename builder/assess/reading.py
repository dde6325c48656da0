"""A fact as its kind wants it: an exact amount, a version, text or truth; and how people are told of it."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from packaging.version import Version

from builder.models.days import last_day
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS, Kind, shown, version
from builder.models.resolution import Resolution, resolution

Value = bool | int | float | str
Reading = Decimal | Version | Resolution | date | str | bool


class UnclearError(ValueError):
    """A fact states no value that can be compared; the text says why, as the end of "cannot be told: ..."."""


def reading(fact: Fact, kind: Kind) -> Reading:
    """The fact's value, ready to compare. Raises UnclearError when it states none or not one of this kind."""
    value = fact.value
    if value is None:
        raise UnclearError(fact.error or "it is absent")
    if fact.unit != BASE_UNITS.get(kind):
        raise UnclearError(f"it is stated in {fact.unit or 'no unit'}, not in {BASE_UNITS.get(kind, 'no unit')}")
    if kind in _READERS:
        return _READERS[kind](value)
    if kind == "setting" and isinstance(value, bool | str):
        return value
    return _number(value)


def readings(fact: Fact, kind: Kind) -> tuple[Reading, ...]:
    """The value; of a measured one the least and the greatest that it may be in truth. Raises as `reading` does."""
    value = reading(fact, kind)
    if fact.at_least and isinstance(value, Decimal):
        return value, Decimal("Infinity")
    if fact.uncertainty is None or not isinstance(value, Decimal):
        return (value,)
    doubt = Decimal(str(fact.uncertainty))
    return max(value - doubt, Decimal(0)), value + doubt


def _truth(value: Value) -> bool:
    if not isinstance(value, bool):
        raise UnclearError(f'"{value}" is neither true nor false')
    return value


def _version(value: Value) -> Version:
    read = version(value) if isinstance(value, str) else None
    if read is None:
        raise UnclearError(f'"{value}" is no version that can be compared')
    return read


def _day(value: Value) -> date:
    day = last_day(value) if isinstance(value, str) else None
    if day is None:
        raise UnclearError(f'"{value}" is no day')
    return day


def _resolution(value: Value) -> Resolution:
    read = resolution(value) if isinstance(value, str) else None
    if read is None:
        raise UnclearError(f'"{value}" is no resolution')
    return read


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise UnclearError(f'"{value}" is no text')
    return value


_READERS: Mapping[Kind, Callable[[Value], Reading]] = {
    "truth": _truth,
    "version": _version,
    "day": _day,
    "resolution": _resolution,
    "text": _text,
}


def _number(value: Value) -> Decimal:
    if isinstance(value, bool | str):
        raise UnclearError(f'"{value}" is no number')
    try:
        number = Decimal(str(value))
    except InvalidOperation as wrong:
        raise UnclearError(f'"{value}" is no number') from wrong
    if not number.is_finite() or number < 0:
        raise UnclearError(f"{value} is no amount")
    return number


def told(fact: Fact, kind: Kind) -> str:
    """What the fact says, for people, with its note."""
    if fact.absent:
        text = "absent"
    elif fact.value is None:
        text = "not read"
    elif isinstance(fact.value, bool):
        text = yes_no(fact.value, kind)
    elif isinstance(fact.value, str):
        text = fact.value
    else:
        text = shown(fact.value, kind) if _is_amount(fact.value) else str(fact.value)
        text = f"at least {text}" if fact.at_least else text
        text += f" \u00b1 {shown(fact.uncertainty, kind)}" if fact.uncertainty is not None else ""
    return f"{text} ({fact.note})" if fact.note else text


def yes_no(value: bool, kind: Kind) -> str:
    """A truth is told as yes or no, a setting as its file writes it."""
    if kind == "truth":
        return "yes" if value else "no"
    return "true" if value else "false"


def _is_amount(value: int | float) -> bool:
    return Decimal(str(value)).is_finite()
