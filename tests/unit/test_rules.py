"""The rules of a whole site: each is broken by a file of tests/unit/bad/site; here are their limits and their cost."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.inventory.rules import RULES, check_site
from builder.inventory.rules_calendar import spans
from builder.inventory.rules_case import Fault
from builder.load import LoadErrors, load_site
from builder.load.sheets import load_sheet, sheet_files
from builder.models.site import Site
from tests.unit.bad_files import FOLDER, SHEETS, TODAY, absent, sheet
from tests.unit.site_parts import example_data

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = CHECKOUT / "inventory" / "example" / "site.yml"
Change = Callable[[dict[str, Any]], None]


def document() -> dict[str, Any]:
    """The example site without its stations, to be changed."""
    loaded: dict[str, Any] = yaml.load(yaml.safe_dump(example_data()), Loader=yaml.BaseLoader)
    return loaded


def faults(change: Change | None = None, *, today: date = TODAY) -> list[Fault]:
    site = document()
    if change is not None:
        change(site)
    return list(check_site(Site.model_validate(site), SHEETS, today=today, secret_problem=absent))


def rules(change: Change, *, today: date = TODAY) -> set[str]:
    """Names of the rules that the changed example breaks."""
    return {fault.rule for fault in faults(change, today=today)}


def test_the_example_and_the_lab_sites_break_no_rule() -> None:
    files = [EXAMPLE, *(CHECKOUT / "tests" / "lab" / "sites").glob("*.yml")]
    shipped = [load_sheet(file).value for file in sheet_files()]
    assert len(files) > 1
    for file in files:
        assert check_site(load_site(file).value, shipped, today=TODAY, secret_problem=absent) == (), file


def test_every_rule_is_broken_by_a_file() -> None:
    broken: set[str] = set()
    for file in (FOLDER / "site").glob("*.yml"):
        try:
            site = load_site(file).value
        except LoadErrors:
            continue
        broken |= {fault.rule for fault in check_site(site, SHEETS, today=TODAY, secret_problem=absent)}
    assert broken == {rule.__name__ for rule in RULES}


def test_every_fault_has_a_place_that_the_file_writes() -> None:
    for file in (FOLDER / "site").glob("*.yml"):
        try:
            site = load_site(file)
        except LoadErrors:
            continue
        for fault in check_site(site.value, SHEETS, today=TODAY, secret_problem=absent):
            parent = site.position(fault.path[:1]) if len(fault.path) > 1 else (0, 0)
            assert site.position(fault.path) >= parent
            assert not fault.what.endswith((".", ";"))
            assert fault.remedy


def test_every_rule_says_what_it_keeps() -> None:
    assert all(rule.__doc__ for rule in RULES)
    assert len({rule.__name__ for rule in RULES}) == len(RULES)


def test_an_ae_title_differs_by_case() -> None:
    def change(site: dict[str, Any]) -> None:
        site["peers"][0]["ae"]["title"] = "brigid_arc"

    assert faults(change) == []


def test_networks_may_touch_and_any_two_may_not_overlap() -> None:
    def touching(site: dict[str, Any]) -> None:
        site["networks"].append({"name": "next", "address": "10.78.1.0/24", "gateway": "10.78.1.1"})

    def around(site: dict[str, Any]) -> None:
        site["networks"] += [
            {"name": "wide", "address": "10.0.0.0/8", "gateway": "10.0.0.1"},
            {"name": "late", "address": "10.200.0.0/16", "gateway": "10.200.0.1"},
        ]

    assert faults(touching) == []
    assert [fault.path for fault in faults(around)] == [("networks", 0, "address"), ("networks", 2, "address")]


def test_a_waiver_holds_to_the_end_of_its_last_day() -> None:
    def change(site: dict[str, Any]) -> None:
        waiver = {"requirement": "memory", "reason": "r", "owner": "o", "until": TODAY.isoformat()}
        site["hosts"][0]["waivers"] = [waiver]

    assert rules(change) == set()
    assert rules(change, today=TODAY + timedelta(days=1)) == {"waivers_have_not_expired"}


def test_a_line_of_a_host_s_class_is_waived_like_one_of_its_product() -> None:
    """A build refuses a host for such a line, and says that a waiver is the way out."""
    sheets = [load_sheet(file).value for file in sheet_files()]

    def broken(requirement: str) -> list[str]:
        site = document()
        waiver = {"requirement": requirement, "reason": "r", "owner": "o", "until": TODAY.isoformat()}
        site["hosts"][0]["waivers"] = [waiver]
        found = check_site(Site.model_validate(site), sheets, today=TODAY, secret_problem=absent)
        return [fault.what for fault in found if fault.rule == "waivers_name_a_requirement"]

    assert broken("host-memory") == []
    assert broken("host-memroy") == ["the sheet of orthanc has no requirement host-memroy"]


@pytest.mark.parametrize(("day", "wrong"), [("2026-11-21", False), ("20261121", True), ("2026-1-2", True), ("", True)])
def test_days_are_written_in_one_way(day: str, *, wrong: bool) -> None:
    def change(site: dict[str, Any]) -> None:
        site["hosts"][0]["asset"]["installed"] = day or "soon"

    assert (rules(change) == {"dates_are_dates"}) is wrong


def test_a_window_may_end_when_peak_hours_begin_and_begin_when_they_end() -> None:
    def change(site: dict[str, Any]) -> None:
        site["windows"] = [{"name": "evening", "days": ["mon"], "start": "18:00", "end": "07:30"}]

    assert faults(change) == []


def test_a_window_past_sundays_midnight_reaches_into_monday() -> None:
    def change(site: dict[str, Any]) -> None:
        site["windows"][0]["end"] = "07:31"

    assert rules(change) == {"windows_avoid_peak_hours"}


@pytest.mark.parametrize(("at", "wrong"), [("07:29", False), ("07:30", True), ("17:59", True), ("18:00", False)])
def test_a_backup_keeps_out_of_peak_hours_to_the_minute(at: str, *, wrong: bool) -> None:
    def change(site: dict[str, Any]) -> None:
        site["hosts"][0]["archive"]["backup"]["at"] = at

    assert (rules(change) == {"backups_avoid_peak_hours"}) is wrong


def test_spans_of_a_week() -> None:
    assert spans(["mon"], "00:00", "00:01") == [(0, 1)]
    assert spans(["sun"], "23:00", "01:00") == [(6 * 1440 + 1380, 7 * 1440), (0, 60)]
    assert spans(["tue"], "10:00", "10:00") == [(1440 + 600, 1440 + 600)]


def test_two_sheets_that_cover_one_version_are_too_many() -> None:
    site = Site.model_validate(document())
    both = (*SHEETS, sheet("orthanc", ">=1.12", "archive"))
    found = check_site(site, both, today=TODAY)
    assert [fault.rule for fault in found] == ["products_have_a_sheet"]
    assert "several sheets" in found[0].what


def test_a_vault_that_does_not_open_is_said_once() -> None:
    site = Site.model_validate(document())
    found = check_site(site, SHEETS, today=TODAY, secret_problem=lambda _: "the vault does not open; give the password")
    assert [(fault.what, fault.remedy) for fault in found] == [("the vault does not open", "give the password")]


def test_each_secret_is_asked_for_once() -> None:
    def change(site: dict[str, Any]) -> None:
        site["hosts"][0]["archive"]["backup"]["password"] = {"vault": "archive_database"}

    site = document()
    change(site)
    asked: list[str] = []
    check_site(Site.model_validate(site), SHEETS, today=TODAY, secret_problem=lambda one: asked.append(one.key))
    assert len(asked) == len(set(asked)) == 5


def test_the_host_s_own_ssh_port_counts() -> None:
    def clash(site: dict[str, Any]) -> None:
        site["hosts"][0]["ssh"] = {"port": "443"}

    def apart(site: dict[str, Any]) -> None:
        site["hosts"][0]["ssh"] = {"port": "2222"}
        site["hosts"][0]["ae"]["port"] = "22"

    assert rules(clash) == {"ports_do_not_clash"}
    assert rules(apart) == set()


def test_routes_between_two_machines_may_be_written_apart() -> None:
    def change(site: dict[str, Any]) -> None:
        site["routes"].append({"from": "ct01", "to": "archive01", "may": ["find"]})

    assert faults(change) == []


def test_the_way_back_of_a_move_may_be_in_another_route() -> None:
    def change(site: dict[str, Any]) -> None:
        back = next(route for route in site["routes"] if route["to"] == "read01")
        back["may"] = ["echo"]
        site["routes"].append({"from": "archive01", "to": "read01", "may": ["store"]})

    assert faults(change) == []


def large_site(hosts: int) -> Site:
    """The example with many archives, each of them with a modality and its routes."""
    site = Site.model_validate(document())
    archive, modality = site.hosts[0], site.peers[0]
    network = site.networks[0].model_copy(update={"address": "10.0.0.0/8", "gateway": "10.0.0.1"})
    network = type(network).model_validate(network.model_dump())
    base, ae = network.address.network_address, archive.ae
    assert ae is not None
    archives, peers, routes = [], [], []
    for number in range(hosts):
        names = {"name": f"arc{number}", "address": base + 1000 + number}
        title = ae.model_copy(update={"title": f"A{number}"})
        archives.append(archive.model_copy(update={**names, "ae": title}))
        peer = {"name": f"ct{number}", "address": base + 1_000_000 + number}
        peers.append(modality.model_copy(update={**peer, "ae": ae.model_copy(update={"title": f"C{number}"})}))
        there = site.routes[0].model_copy(update={"from_": f"ct{number}", "to": f"arc{number}"})
        routes += [there, there.model_copy(update={"from_": there.to, "to": there.from_, "may": ("commit",)})]
    changes = {"networks": (network,), "hosts": tuple(archives), "peers": tuple(peers), "routes": tuple(routes)}
    return site.model_copy(update=changes)


def _seconds(hosts: int) -> float:
    """Processor seconds of the fastest of three judgements."""
    taken = []
    for _ in range(3):
        site = large_site(hosts)
        began = time.process_time()
        assert check_site(site, SHEETS, today=TODAY, secret_problem=absent) == ()
        taken.append(time.process_time() - began)
    return min(taken)


def test_the_rules_cost_no_more_a_host_on_a_large_site() -> None:
    """Eight times the hosts: linear rules take 8 times as long, a quadratic one 64 times."""
    assert _seconds(2400) / _seconds(300) < 24
