"""Amounts with units, and versions: text in, exact numbers out. A unit is written or it is an error, never guessed."""

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

from packaging.version import InvalidVersion, Version

Kind = Literal[
    "bytes", "seconds", "bits a second", "per cent", "megapixels", "millimetres", "hertz", "cores", "count",
    "luminance", "bits", "ratio", "temperature", "transfers a second", "version", "day", "text", "truth", "setting",
    "resolution",
]  # fmt: skip

BASE_UNITS: Mapping[Kind, str] = {
    "bytes": "B",
    "seconds": "s",
    "bits a second": "bit/s",
    "per cent": "%",
    "megapixels": "MP",
    "millimetres": "mm",
    "hertz": "Hz",
    "cores": "cores",
    "luminance": "cd/m2",
    "bits": "bit",
    "temperature": "°C",
    "transfers a second": "MT/s",
    "version": "version",
}
"""The unit in which a fact of each kind states its value; kinds that are not named here have none."""

_DECIMAL = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5}
_UNITS: dict[str, tuple[Kind, Decimal]] = {
    **{f"{prefix}B": ("bytes", Decimal(1000) ** power) for prefix, power in _DECIMAL.items()},
    **{f"{prefix}B": ("bytes", Decimal(1024) ** power) for prefix, power in _BINARY.items()},
    **{f"{prefix}bit/s": ("bits a second", Decimal(1000) ** _DECIMAL[prefix]) for prefix in ("", "k", "M", "G")},
    **{f"{prefix}Hz": ("hertz", Decimal(1000) ** _DECIMAL[prefix]) for prefix in ("", "k", "M", "G")},
    "us": ("seconds", Decimal("0.000001")),
    "ms": ("seconds", Decimal("0.001")),
    "s": ("seconds", Decimal(1)),
    "min": ("seconds", Decimal(60)),
    "h": ("seconds", Decimal(3600)),
    "%": ("per cent", Decimal(1)),
    "MP": ("megapixels", Decimal(1)),
    "mm": ("millimetres", Decimal(1)),
    "cd/m2": ("luminance", Decimal(1)),
    "bit": ("bits", Decimal(1)),
    "°C": ("temperature", Decimal(1)),
    "MT/s": ("transfers a second", Decimal(1)),
    "core": ("cores", Decimal(1)),
    "cores": ("cores", Decimal(1)),
}
UNIT_NAMES = tuple(_UNITS)
_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(?: ?([A-Za-z%/°]+2?))?")
_VERSION = re.compile(r"(?:[0-9]+:)?([0-9]+(?:\.[0-9]+)*)(?:~?(a|alpha|b|beta|rc)\.?([0-9]+)|p([0-9]+))?(?:[-+~ (].*)?")


def amount(text: str, kind: Kind) -> Decimal:
    """The amount that `text` states ("4 GiB", "1.5 ms", "50"), in the base unit of `kind`; a count has no unit.

    KB, MB, GB are powers of 1000, KiB, MiB, GiB of 1024, as IEC 80000-13 has them. Raises ValueError with a sentence.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is no amount; write a number and its unit, as "{_example(kind)}"')
    number, unit = match.groups()
    if unit is None:
        if kind in ("count", "ratio", "setting"):
            return Decimal(number)
        raise ValueError(f'"{text}" has no unit; write one, as "{number} {_example(kind).split()[-1]}"')
    if unit not in _UNITS:
        fitting = [known for known, (its_kind, _) in _UNITS.items() if its_kind == kind]
        alike = [known for known in fitting if known.lower() == unit.lower()]
        near = alike or get_close_matches(unit, fitting, n=1)
        raise ValueError(f'"{unit}" is no unit; ' + (f'did you mean "{near[0]}"?' if near else f"write {_known(kind)}"))
    its_kind, factor = _UNITS[unit]
    if its_kind != kind:
        wanted = f"is in {kind}: write {_known(kind)}" if kind in BASE_UNITS else "has no unit: write the number alone"
        raise ValueError(f'"{unit}" is a unit of {its_kind}, but the fact {wanted}')
    return Decimal(number) * factor


def measured(text: str) -> tuple[Decimal, Kind | None]:
    """The amount that `text` states, in the base unit of the kind that its unit tells; kind None without a unit.

    Raises ValueError with a sentence when it states none.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None or (match[2] is not None and match[2] not in _UNITS):
        raise ValueError(f'"{text}" is no amount; write a number and its unit, as "4 GiB"')
    if match[2] is None:
        return Decimal(match[1]), None
    kind, factor = _UNITS[match[2]]
    return Decimal(match[1]) * factor, kind


def version(text: str) -> Version | None:
    """The upstream version in `text`: of "1.12.7+dfsg-4" 1.12.7, of "1:10.0p1-7" 10.0.post1, of "2.0~rc1-1" 2.0rc1.

    Debian's epoch, repacking mark and revision are not part of it. None when the text begins with no version.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        return None
    release, stage, number, patch = match.groups()
    suffix = f"{stage}{number}" if stage else f".post{patch}" if patch else ""
    try:
        return Version(release + suffix)
    except (InvalidVersion, ValueError):
        return None


def shown(value: Decimal | float, kind: Kind) -> str:
    """An amount in the base unit of `kind` as people write it: "15.5 GiB", "0.21 ms", "50"."""
    number = Decimal(str(value))
    if kind == "bytes":
        return _scaled(number, [(unit, _UNITS[unit][1]) for unit in ("TiB", "GiB", "MiB", "KiB", "B")])
    if kind == "seconds":
        return _scaled(number, [(unit, _UNITS[unit][1]) for unit in ("s", "ms")])
    if kind in ("hertz", "bits a second"):
        base = BASE_UNITS[kind]
        return _scaled(number, [(f"{prefix}{base}", _UNITS[f"{prefix}{base}"][1]) for prefix in ("G", "M", "k", "")])
    if kind in ("luminance", "per cent", "ratio", "millimetres", "megapixels"):  # measured: no meter tells more
        number = Decimal(f"{number:.2f}") if kind != "millimetres" else Decimal(f"{number:.4f}")
    else:  # computed: thirds have no end
        number = Decimal(f"{number:.4f}")
    unit = BASE_UNITS.get(kind, "")
    return f"{_plain(number)} {unit}".rstrip()


def _scaled(number: Decimal, units: list[tuple[str, Decimal]]) -> str:
    unit, factor = next(((u, f) for u, f in units if abs(number) >= f), units[-1])
    scaled = number / factor
    places = 0 if scaled >= 100 else 1 if scaled >= 10 else 2
    return f"{_plain(Decimal(f'{scaled:.{places}f}'))} {unit}"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _known(kind: Kind) -> str:
    return "one of " + ", ".join(unit for unit, (its_kind, _) in _UNITS.items() if its_kind == kind)


def _example(kind: Kind) -> str:
    examples: dict[Kind, str] = {
        "bytes": "4 GiB", "seconds": "4 ms", "bits a second": "100 Mbit/s", "per cent": "3 %", "megapixels": "5 MP",
        "millimetres": "0.2 mm", "hertz": "3 GHz", "cores": "4 cores", "luminance": "350 cd/m2", "bits": "8 bit",
        "temperature": "80 °C", "transfers a second": "2666 MT/s",
    }  # fmt: skip
    return examples.get(kind, "50")
