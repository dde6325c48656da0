"""What may be multiplied by what, and added to what: the dimension of each kind of amount."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from builder.models.quantity import Kind


class Dimension(NamedTuple):
    """Powers of the units in which formulas are computed: bit, s, mm, cd/m2, core."""

    data: int = 0
    time: int = 0
    length: int = 0
    luminance: int = 0
    cores: int = 0

    def times(self, other: "Dimension", sign: int = 1) -> "Dimension":
        """The dimension of a product; of a quotient with sign -1."""
        return Dimension(*(mine + sign * its for mine, its in zip(self, other, strict=True)))


PLAIN = Dimension()

MEASURES: Mapping[Kind, tuple[Dimension, Decimal]] = {
    "bytes": (Dimension(data=1), Decimal(8)),
    "bits": (Dimension(data=1), Decimal(1)),
    "bits a second": (Dimension(data=1, time=-1), Decimal(1)),
    "seconds": (Dimension(time=1), Decimal(1)),
    "hertz": (Dimension(time=-1), Decimal(1)),
    "millimetres": (Dimension(length=1), Decimal(1)),
    "luminance": (Dimension(luminance=1), Decimal(1)),
    "cores": (Dimension(cores=1), Decimal(1)),
    "count": (PLAIN, Decimal(1)),
    "ratio": (PLAIN, Decimal(1)),
    "setting": (PLAIN, Decimal(1)),
    "per cent": (PLAIN, Decimal("0.01")),
    "megapixels": (PLAIN, Decimal(1_000_000)),
}
"""The dimension of each kind that can be computed with, and how many computing units its base unit is."""

_TOLD: Mapping[Dimension, Kind] = {
    Dimension(data=1): "bytes",
    Dimension(data=1, time=-1): "bits a second",
    Dimension(time=1): "seconds",
    Dimension(time=-1): "hertz",
    Dimension(length=1): "millimetres",
    Dimension(luminance=1): "luminance",
    Dimension(cores=1): "cores",
    PLAIN: "count",
}


def kind_of(dimension: Dimension) -> Kind | None:
    """The kind in which an amount of this dimension is told; None for one that no fact has."""
    return _TOLD.get(dimension)


def told(dimension: Dimension) -> str:
    """The dimension in words: "bytes", "a plain number", "a mixture of units"."""
    if dimension == PLAIN:
        return "a plain number"
    return _TOLD.get(dimension) or "a mixture of units"
