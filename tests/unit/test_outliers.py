"""The one of many machines that differs: what is compared, who is named, and what is only unknown."""

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from rich.console import Console

from builder.assess.outliers import Group, compare, facts_recorded
from builder.errors import BadInput
from builder.ledger import open_ledger
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS
from builder.models.site import Host, Site
from builder.report.outliers import last_read, outlier_tables
from tests.unit.site_parts import hospital_data

GIB = 1 << 30
STATION = next(host for host in hospital_data()["hosts"] if host["class"] == "workstation")
Value = bool | int | float | str | None


def station(name: str, **changes: object) -> Host:
    asset = {"maker": "Dell", "model": "OptiPlex 7090", "serial": f"S-{name}"}
    return Host.model_validate({**STATION, "name": name, "asset": asset, **changes})


def fact(name: str, value: Value) -> Fact:
    """None: it could not be read."""
    if value is None:
        return Fact(name=name, error="dmidecode: not found", command="c")
    if value == "absent":
        return Fact(name=name, absent=True, command="c")
    return Fact(name=name, value=value, unit=BASE_UNITS.get(fact_kind(name).kind), command="c")


def ward(facts: Mapping[str, Mapping[str, Value]]) -> tuple[Group, ...]:
    """Groups of stations, from the values of their facts."""
    return compare(
        (station(name), {key: fact(key, value) for key, value in values.items()}) for name, values in facts.items()
    )


def one(facts: Mapping[str, Mapping[str, Value]]) -> Group:
    (group,) = ward(facts)
    return group


def plain(groups: tuple[Group, ...]) -> str:
    out = io.StringIO()
    Console(file=out, width=160, color_system=None).print(outlier_tables(groups, "plug it in"))
    return out.getvalue()


def test_the_one_with_another_bios_and_an_empty_slot_is_named() -> None:
    alike: dict[str, Value] = {"bios.version": "1.22.0", "memory.slots_used": 4, "memory.total": 32 * GIB}
    group = one({
        "read1": alike,
        "read2": alike,
        "read3": {**alike, "bios.version": "1.9.1", "memory.slots_used": 3},
        "read4": alike,
    })  # fmt: skip
    assert [
        (found.host, found.fact, found.value, found.usual, found.sharing, found.known) for found in group.outliers
    ] == [
        ("read3", "bios.version", "1.9.1", "1.22.0", 3, 4),
        ("read3", "memory.slots_used", "3", "4", 3, 4),
    ]
    assert (group.splits, group.unread, group.same) == ((), (), False)
    said = plain((group,))
    assert "workstation aeskulap, Dell OptiPlex 7090: 4 hosts, 3 facts compared, 2 differ" in said
    assert "read3  version of the firmware (bios.version)" in said
    assert "3 of 4" in said


@pytest.mark.parametrize(
    "values",
    [("1.2", "1.3"), ("1.2", "1.3", "1.2", "1.3"), ("1.1", "1.2", "1.3")],
)
def test_without_a_majority_nobody_is_called_the_outlier(values: tuple[str, ...]) -> None:
    group = one({f"read{number}": {"bios.version": value} for number, value in enumerate(values)})
    assert group.outliers == ()
    assert [split.fact for split in group.splits] == ["bios.version"]
    assert set(group.splits[0].values) == set(values)
    assert "differs, no majority" in plain((group,))


def test_what_is_unknown_on_one_is_unknown_there_and_not_different() -> None:
    group = one({"read1": {"bios.version": "1"}, "read2": {"bios.version": "1"}, "read3": {"bios.version": None}})
    assert (group.outliers, group.splits) == ((), ())
    assert [(item.host, item.fact, item.why) for item in group.unread] == [
        ("read3", "bios.version", "dmidecode: not found")
    ]
    assert "1 facts unknown on one or more" in plain((group,))


def test_absent_is_a_value() -> None:
    group = one({name: {"package.dcmtk": value} for name, value in (("a", "3.6.7"), ("b", "3.6.7"), ("c", "absent"))})
    assert [(found.host, found.value) for found in group.outliers] == [("c", "absent")]


@pytest.mark.parametrize(
    "name", ["asset.serial", "displays.serials", "clock.offset", "disk.system.free", "orthanc.config.DicomAet"]
)
def test_what_is_each_machines_own_is_not_compared(name: str) -> None:
    value: Value = 1.5 if fact_kind(name).kind == "seconds" else 7 if fact_kind(name).kind == "bytes" else "x"
    other: Value = 2.5 if isinstance(value, float) else 9 if isinstance(value, int) else "y"
    group = one({"a": {name: value}, "b": {name: value}, "c": {name: other}})
    assert (group.compared, group.outliers, group.splits) == (0, (), ())


def test_amounts_that_look_the_same_are_told_in_full() -> None:
    group = one(
        {"a": {"memory.total": 16 * GIB}, "b": {"memory.total": 16 * GIB}, "c": {"memory.total": 16 * GIB + 4096}}
    )
    assert group.outliers[0].value != group.outliers[0].usual


def test_only_alike_machines_are_compared() -> None:
    facts = {"bios.version": fact("bios.version", "1")}
    others = {"bios.version": fact("bios.version", "2")}
    optiplex, precision = station("a"), station("b", asset={"maker": "Dell", "model": "Precision", "serial": "1"})
    groups = compare([(optiplex, facts), (precision, others)])
    assert [group.model for group in groups] == ["Dell OptiPlex 7090", "Dell Precision"]
    assert all(group.same for group in groups)
    assert "the only one" in plain(groups)


def test_without_a_record_in_the_site_the_firmware_names_the_model() -> None:
    read = {"asset.maker": fact("asset.maker", "Dell Inc."), "asset.model": fact("asset.model", "OptiPlex 7090")}
    host = station("a", asset=None)
    assert [group.model for group in compare([(host, read)])] == ["Dell Inc. OptiPlex 7090"]
    assert [group.model for group in compare([(host, {})])] == ["model not stated"]


def test_a_host_that_was_never_read_takes_no_part() -> None:
    group = one({"a": {"bios.version": "1"}, "b": {"bios.version": "1"}, "c": {}})
    assert (group.hosts, group.same, group.unread) == (("a", "b", "c"), True, ())
    assert group.silent == ("c",)
    assert "3 hosts, alike in 1 facts; c was not read: plug it in" in plain((group,))
    two = plain(ward({"a": {"bios.version": "1"}, "b": {}}))
    assert "2 hosts, and it takes two that were read to compare; b was not read: plug it in" in two
    assert "a, b were not read: plug it in" in plain(ward({"a": {}, "b": {}}))
    assert "nothing is known of two of them" in plain(ward({"a": {"bios.version": "1"}, "b": {"bios.version": None}}))


def test_one_that_was_not_read_is_not_called_the_only_one() -> None:
    said = plain(compare([(station("a", asset=None), {})]))
    assert "model not stated: a was not read: plug it in" in said
    assert "only one" not in said


def test_facts_of_the_ledger_and_of_an_older_pacsmith() -> None:
    kept: dict[str, JsonValue] = {"gone.with.time": {"name": "gone.with.time", "value": "x", "command": "c"}}
    facts = facts_recorded(kept)
    other = {"gone.with.time": facts["gone.with.time"].model_copy(update={"value": "y"})}
    (group,) = compare([(station("a"), facts), (station("b"), facts), (station("c"), other)])
    assert [found.host for found in group.outliers] == ["c"]


VALUES = st.sampled_from(["1", "2", "3", "absent", None])


@given(st.dictionaries(st.sampled_from([f"read{n}" for n in range(9)]), VALUES, min_size=2))
def test_who_is_named_and_why(values: dict[str, Value]) -> None:
    group = one({name: {"bios.version": value} for name, value in values.items()})
    known = Counter(value for value in values.values() if value is not None)
    named = {found.host for found in group.outliers}
    usual = [value for value, count in known.items() if count * 2 > known.total()]
    assert {item.host for item in group.unread} == {name for name, value in values.items() if value is None and known}
    if usual:
        assert named == {name for name, value in values.items() if value not in (None, usual[0])}
        assert group.splits == ()
    else:
        assert named == set()
        assert len(group.splits) == (len(known) > 1)
    backwards = one({name: {"bios.version": values[name]} for name in sorted(values, reverse=True)})
    assert backwards == group


def test_the_ledgers_facts_are_compared_and_a_host_that_was_never_read_is_told(tmp_path: Path) -> None:
    site = Site.model_validate(hospital_data())
    names = [host.name for host in site.hosts]
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        kept = {"bios.version": fact("bios.version", "1").model_dump(mode="json", exclude_none=True)}
        ledger.set_host_state(site.name, names[0], facts=kept)
        groups, when = last_read(site, ledger)
        assert {name for name, moment in when.items() if moment is not None} == {names[0]}
        assert sorted(name for group in groups for name in group.hosts) == sorted(names)
        ledger.set_host_state(site.name, names[0], facts={"bios.version": {"value": []}})
        with pytest.raises(BadInput, match="run pacsmith verify again"):
            last_read(site, ledger)


def test_which_connector_or_name_a_thing_has_sets_no_machine_apart() -> None:
    """Two equal displays that are plugged the other way round, two drives that the kernel found in another order."""
    for name in ("displays.DP-1.product", "displays.DP-1.mode", "drives.sda.model", "drives.sda.size"):
        assert fact_kind(name).own, name
    for name in ("displays.panels", "drives.models", "network.speed", "drives.health"):
        assert not fact_kind(name).own, name
