"""The Grayscale Standard Display Function: luminance by just noticeable differences, and back (pure).

DICOM PS3.14, section 7.1, defines it for 1023 steps between about 0.05 and 4000 cd/m2 by two published formulas, with
the coefficients below. The second approximates the inverse of the first: it is off by up to 0.092 of a step. Where
steps are compared with each other, the first formula is inverted exactly instead, as note 3 of the section allows.
"""

from math import isfinite, log, log10

FIRST, LAST = 1, 1023
"""The JND indices between which the function is defined (PS3.14, 7.1)."""

# PS3.14, 7.1: of luminance by index, a c e g m over 1 b d f h k, as powers of the natural logarithm of the index.
_ABOVE = (-1.3011877, 8.0242636e-2, 1.3646699e-1, -2.5468404e-2, 1.3635334e-3)
_BELOW = (1.0, -2.5840191e-2, -1.0320229e-1, 2.8745620e-2, -3.1978977e-3, 1.2992634e-4)
# PS3.14, 7.1, note 1: of index by luminance, A to I, as powers of the decimal logarithm of the luminance.
_INVERSE = (
    71.498068, 94.593053, 41.912053, 9.8247004, 0.28175407, -1.1878455, -0.18014349, 0.14710899, -0.017046845,
)  # fmt: skip
_FINE = 1e-9  # of a JND: how closely the inverse is found


class OutsideGsdfError(ValueError):
    """A luminance or an index for which PS3.14 defines nothing; the text says which and what the bounds are."""


def _polynomial(coefficients: tuple[float, ...], at: float) -> float:
    value = 0.0
    for coefficient in reversed(coefficients):
        value = value * at + coefficient
    return value


def luminance(index: float) -> float:
    """Luminance in cd/m2 at a JND index from 1 to 1023, which need not be whole (PS3.14, 7.1).

    L(1) is 0.049982, L(512) 130.0653 and L(1023) 3993.3296. Raises OutsideGsdfError beyond.
    """
    if not (isfinite(index) and FIRST <= index <= LAST):
        raise OutsideGsdfError(f"the GSDF has the JND indices {FIRST} to {LAST}, not {index:g}")
    x = log(index)
    return float(10 ** (_polynomial(_ABOVE, x) / _polynomial(_BELOW, x)))


LEAST, GREATEST = luminance(FIRST), luminance(LAST)
"""The luminances in cd/m2 between which the function is defined."""


def _inside(value: float) -> float:
    if not (isfinite(value) and LEAST <= value <= GREATEST):
        raise OutsideGsdfError(
            f"the GSDF is defined from {LEAST:.3g} to {GREATEST:.6g} cd/m2 (PS3.14, 7.1), not for {value:g} cd/m2"
        )
    return value


def jnd_index(value: float) -> float:
    """JND index at a luminance in cd/m2 by the published formula (PS3.14, 7.1, note 1).

    It differs from the exact inverse by 0.092 at most. Raises OutsideGsdfError below L(1) and above L(1023).
    """
    return _polynomial(_INVERSE, log10(_inside(value)))


def exact_jnd_index(value: float) -> float:
    """JND index whose luminance is `value` in cd/m2, found by halving (PS3.14, 7.1, note 3). Raises as `jnd_index`."""
    low, high, wanted = float(FIRST), float(LAST), _inside(value)
    while high - low > _FINE:
        middle = (low + high) / 2
        low, high = (middle, high) if luminance(middle) < wanted else (low, middle)
    return (low + high) / 2
