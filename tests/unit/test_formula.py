"""Formulas: read with their units, refused when those do not fit, computed exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.models.dimension import MEASURES, kind_of
from builder.models.formula import ComputingError, bound, formula, is_formula
from builder.models.quantity import UNIT_NAMES, amount, measured


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("2 - 3 - 4", -5),
        ("100 / 10 / 2", 5),
        ("2 * 3 ^ 2", 18),
        ("(1 + 5 %) ^ 2", Decimal("1.1025")),
        ("min(4, 3, 5) + max(1, 2)", 5),
        ("1 KiB / 1 B", 1024),
        ("100 Mbit/s * 8 s / 1 MB", 100),
        ("25.4 mm / 127 / 0.1 mm", 2),
        ("5 MP / 1000", 5000),
    ],
)
def test_the_rules_of_arithmetic(text: str, value: Decimal | int) -> None:
    assert formula(text).compute({}) == value


@given(st.integers(0, 10**15), st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_is_computed_is_exact(size: int, slices: int, years: int) -> None:
    text = "memory.total * workload.slices + 3 B - 0.5 B * workload.years"
    inputs = {"memory.total": Decimal(size), "workload.slices": Decimal(slices), "workload.years": Decimal(years)}
    assert formula(text).in_kind(inputs, "bytes") == size * slices + 3 - Decimal(years) / 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4 GiB + 3 s", '"4 GiB + 3 s" brings together bytes and seconds; give both the same unit'),
        ("max(1, 2 B)", "brings together a plain number and bytes"),
        ("2 ^ 3 GiB", "bytes cannot be a power; only a plain number can"),
        ("(3 GiB) ^ 2", "bytes cannot be raised to a power"),
        ("workload.concurrent_users + 10 %", "adds a percentage to a number of things; write it as a factor"),
        ("1 GiB * (workload.growth + 2 * workload.slices)", "adds a percentage to a number of things"),
        ("10 * memry.total", 'no survey states a fact "memry.total"; did you mean "memory.total"?'),
        ("10 * os.id", "os.id is text and nothing can be computed with it; name an amount"),
        ("10 * disk.apart", "disk.apart is true or false and nothing can be computed with it"),
        ("10 * asset.released", "asset.released is a day and nothing can be computed with it"),
        ("min(3, 4", 'the formula "min(3, 4" breaks off; write amounts with their units'),
        ("2 ** 3", 'cannot be read from "* 3" on'),
        ("3 GIB * 2", 'cannot be read from "GIB * 2" on'),
        ("1,5 * 2", 'cannot be read from ",5 * 2" on'),
        ("-3 * 2", 'cannot be read from "-3 * 2" on'),
        ("", "breaks off"),
        ("(" * 30, "nested deeper than 20 brackets"),
        ("1" + " + 1" * 200, "the formula has 801 characters; write at most 500"),
    ],
)
def test_what_is_wrong_with_a_formula(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        formula(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10 * gpu.count", '"10 * gpu.count" comes to a plain number, but memory.total is in bytes; multiply or '
                           "divide by an amount with the unit that is missing"),
        ("memory.total * memory.total", "comes to a mixture of units, but memory.total is in bytes"),
    ],
)  # fmt: skip
def test_a_bound_has_the_unit_of_its_fact(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        bound(text, "bytes", "memory.total")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "growth", "years", "said"),
    [
        ("1 / workload.years", 0, 0, "1 / workload.years divides by nothing"),
        ("2 ^ workload.growth", Decimal("50"), 0, "0.5 is no power from 0 to 100 in whole numbers"),
        ("2 ^ workload.years", 0, 101, "101 is no power from 0 to 100 in whole numbers"),
    ],
)
def test_what_comes_to_no_number(text: str, growth: Decimal, years: int, said: str) -> None:
    with pytest.raises(ComputingError) as caught:
        formula(text).compute({"workload.growth": Decimal(growth), "workload.years": Decimal(years)})
    assert str(caught.value) == said


@given(st.text(alphabet="0123456789 .+-*/^(),GiBmsmemory.totalworkload.years%", max_size=40))
def test_any_text_is_a_formula_or_a_sentence(text: str) -> None:
    try:
        read = formula(text)
        read.compute(dict.fromkeys(read.facts, Decimal(3)))
    except ComputingError as why:
        assert str(why)
    except ValueError as wrong:
        assert len(str(wrong)) > 20


@pytest.mark.parametrize("text", ["4 GiB", "3.2", "1.12.7", "50", "100 Mbit/s", "350 cd/m2", "2.0~rc1-1", "196.21"])
def test_a_bound_that_is_written_out_is_no_formula(text: str) -> None:
    assert not is_formula(text)


@pytest.mark.parametrize("unit", UNIT_NAMES)
def test_every_unit_is_read_in_a_formula_as_it_is_alone(unit: str) -> None:
    number, kind = measured(f"7 {unit}")
    assert kind is not None
    if kind in MEASURES:
        dimension, factor = MEASURES[kind]
        read = formula(f"7 {unit} * 1")
        assert (read.dimension, read.compute({})) == (dimension, number * factor)
        assert number == amount(f"7 {unit}", kind)
        assert kind_of(dimension) is not None
    else:
        with pytest.raises(ValueError, match="nothing is computed with that"):
            formula(f"7 {unit} * 1")


def test_people_read_the_meaning_of_facts() -> None:
    assert formula("10 * workload.largest_data_set").told == "10 \u00d7 largest data set"
