"""Amounts with units, versions and comparisons: parsed, never guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from builder.models.comparison import comparison, share, split
from builder.models.quantity import BASE_UNITS, Kind, amount, shown, version

FACTORS: dict[tuple[str, Kind], Decimal] = {
    ("B", "bytes"): Decimal(1), ("KB", "bytes"): Decimal(1000), ("MB", "bytes"): Decimal(10**6),
    ("GB", "bytes"): Decimal(10**9), ("TB", "bytes"): Decimal(10**12), ("KiB", "bytes"): Decimal(2**10),
    ("MiB", "bytes"): Decimal(2**20), ("GiB", "bytes"): Decimal(2**30), ("TiB", "bytes"): Decimal(2**40),
    ("ms", "seconds"): Decimal("0.001"), ("s", "seconds"): Decimal(1), ("Mbit/s", "bits a second"): Decimal(10**6),
    ("%", "per cent"): Decimal(1), ("MP", "megapixels"): Decimal(1), ("mm", "millimetres"): Decimal(1),
    ("Hz", "hertz"): Decimal(1), ("GHz", "hertz"): Decimal(10**9), ("cores", "cores"): Decimal(1),
    ("cd/m2", "luminance"): Decimal(1), ("bit", "bits"): Decimal(1),
}  # fmt: skip
numbers = st.decimals(min_value=0, max_value=10**12, places=3, allow_nan=False, allow_infinity=False)


@given(numbers, st.sampled_from(sorted(FACTORS)))
def test_an_amount_is_its_number_times_its_unit(number: Decimal, unit_and_kind: tuple[str, Kind]) -> None:
    unit, kind = unit_and_kind
    assert amount(f"{number:f} {unit}", kind) == number * FACTORS[unit_and_kind]
    assert amount(f"{number:f}{unit}", kind) == number * FACTORS[unit_and_kind]


@given(st.text(max_size=30), st.sampled_from(sorted(BASE_UNITS)))
def test_any_other_text_is_refused_with_a_sentence(text: str, kind: Kind) -> None:
    try:
        value = amount(text, kind)
    except ValueError as wrong:
        assert len(str(wrong)) > 20
    else:
        assert value >= 0
        assert not text.strip().isdigit()


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("4", "bytes", '"4" has no unit; write one, as "4 GiB"'),
        ("4 GIB", "bytes", '"GIB" is no unit; did you mean "GiB"?'),
        ("4 ms", "bytes", '"ms" is a unit of seconds, but the fact is in bytes: write one of B, kB'),
        ("4 GiB", "count", '"GiB" is a unit of bytes, but the fact has no unit: write the number alone'),
        ("four", "seconds", '"four" is no amount; write a number and its unit, as "4 ms"'),
        ("-4 ms", "seconds", '"-4 ms" is no amount'),
        ("1,5 GiB", "bytes", '"1,5 GiB" is no amount'),
        ("1e3 B", "bytes", '"1e3 B" is no amount'),
    ],
)
def test_what_is_wrong_with_an_amount(text: str, kind: Kind, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        amount(text, kind)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("1.12.7+dfsg-4", "1.12.7"),
        ("1.10.1+dfsg-2+deb12u1", "1.10.1"),
        ("5.0+dfsg-3+b3", "5.0"),
        ("1:10.0p1-7+deb13u4", "10.0.post1"),
        ("1.12.7~rc1-1", "1.12.7rc1"),
        ("17+278", "17"),
        ("6.12.48-amd64", "6.12.48"),
        ("4.6.0 NVIDIA 535.309", "4.6.0"),
        ("17.11 (Debian 17.11-0+deb13u1)", "17.11"),
        ("13", "13"),
    ],
)
def test_the_upstream_version_of_a_package(text: str, upstream: str) -> None:
    assert version(text) == Version(upstream)


@pytest.mark.parametrize("text", ["", "unknown", "v1.2", "1.2x", "..", "-1", "deb13", "1.2.", "1,2"])
def test_what_is_no_version(text: str) -> None:
    assert version(text) is None


@given(st.text(max_size=40))
def test_reading_a_version_never_raises(text: str) -> None:
    version(text)


@given(
    st.lists(st.integers(0, 999), min_size=1, max_size=4), st.sampled_from(["", "+dfsg-4", "-1", "~deb12u1", " (x)"])
)
def test_a_debian_revision_changes_no_comparison(release: list[int], rest: str) -> None:
    text = ".".join(map(str, release))
    assert version(text + rest) == Version(text)


@pytest.mark.parametrize(
    ("text", "kind", "value", "holds"),
    [
        ("> 4 GiB", "bytes", Decimal(4 * 2**30), False),
        (">= 4 GiB", "bytes", Decimal(4 * 2**30), True),
        ("<= 4 ms", "seconds", Decimal("0.004"), True),
        ("< 4 ms", "seconds", Decimal("0.004"), False),
        ("= 5", "count", Decimal(5), True),
        (">= 3.2", "version", Version("3.10"), True),
        (">= 1.12.11", "version", Version("1.12.7"), False),
    ],
)
def test_comparisons(text: str, kind: Kind, value: Decimal | Version, holds: bool) -> None:
    assert comparison(text, kind).holds(value) is holds


def test_a_tolerance_favours_the_machine() -> None:
    """A card of 2 GiB that reports 1998 MiB is within 3 %."""
    bound = comparison(">= 2 GiB", "bytes")
    assert not bound.holds(Decimal(1998 * 2**20))
    assert bound.holds(Decimal(1998 * 2**20), share("3 %"))
    assert not bound.holds(Decimal(1900 * 2**20), share("3 %"))
    assert comparison("<= 10 ms", "seconds").holds(Decimal("0.0103"), share("3 %"))


@given(numbers, st.decimals(min_value=0, max_value=50, places=1))
def test_a_tolerance_never_makes_a_met_bound_short(value: Decimal, percent: Decimal) -> None:
    for sign in (">=", "<=", ">", "<"):
        bound = comparison(f"{sign} 1000 B", "bytes")
        assert not bound.holds(value) or bound.holds(value, percent / 100)


@pytest.mark.parametrize("text", ["4 GiB", "~ 4", "=> 4", "", ">"])
def test_what_is_no_comparison(text: str) -> None:
    with pytest.raises(ValueError, match="is no comparison"):
        split(text)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (25276502016, "bytes", "23.5 GiB"), (1023, "bytes", "1023 B"), (0.000038, "seconds", "0.04 ms"),
        (1.5, "seconds", "1.5 s"), (2400000000, "hertz", "2.4 GHz"), (50, "count", "50"), (0, "bytes", "0 B"),
    ],
)  # fmt: skip
def test_how_amounts_are_told(value: float, kind: Kind, said: str) -> None:
    assert shown(value, kind) == said


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(412.27999999999997, "luminance", "412.28 cd/m2"), (9.987654, "per cent", "9.99 %"), (350.0, "ratio", "350"),
     (0.19441, "millimetres", "0.1944 mm"), (3.145728, "megapixels", "3.15 MP"), (10, "bits", "10 bit")],
)  # fmt: skip
def test_what_was_measured_is_told_as_finely_as_a_meter_knows_it(value: float, kind: Kind, text: str) -> None:
    assert shown(value, kind) == text


def test_a_ratio_has_no_unit() -> None:
    assert amount("250", "ratio") == 250
    with pytest.raises(ValueError, match="the fact has no unit: write the number alone"):
        amount("250 cd/m2", "ratio")
