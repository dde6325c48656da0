"""Waves: whatever the site, no group is changed all at once, and nothing is lost or begun before what it needs."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.inventory.waves import Wave, crowded, groups_of, held_back, needed_by, waves_of
from builder.models.site import Site
from tests.unit.site_parts import hospital, host, site_of

PRODUCTION = {"stage": "production"}


def archive(number: int, **changes: Any) -> dict[str, Any]:
    return host(number, **(PRODUCTION | changes))


def station(number: int, room: str = "Reading room 1", **changes: Any) -> dict[str, Any]:
    return host(number, **({"class": "workstation", "archive": None, "location": room} | PRODUCTION | changes))


def fetches(station: int, archive: int) -> list[dict[str, Any]]:
    return [{"from": f"arc{station}", "to": f"arc{archive}", "may": ["find", "move"]},
            {"from": f"arc{archive}", "to": f"arc{station}", "may": ["store"]}]  # fmt: skip


def shape(site: Site, **options: Any) -> list[list[str]]:
    waves = waves_of(site, [one.name for one in site.hosts], **options)
    assert [wave.number for wave in waves] == list(range(1, len(waves) + 1))
    return [list(wave.hosts) for wave in waves]


def test_the_example_is_one_wave() -> None:
    assert shape(hospital()) == [["archive01", "read02", "ward01"]]


def test_both_archives_are_never_changed_at_once() -> None:
    assert shape(site_of([archive(1), archive(2)])) == [["arc1"], ["arc2"]]


def test_hosts_in_stage_test_serve_nobody() -> None:
    assert shape(site_of([host(1), host(2), station(3, stage="test"), station(4, stage="test")])) == [
        ["arc1", "arc2", "arc3", "arc4"]
    ]
    assert groups_of(site_of([host(1), host(2)])) == ()


def test_half_of_a_room_goes_on_reading() -> None:
    rooms = [station(number, "Reading room 1, desk " + str(number)) for number in range(1, 6)]
    site = site_of([*rooms, station(6, "reading  ROOM 1"), station(7, "Reading room 2")])
    assert shape(site) == [["arc1", "arc2", "arc3", "arc7"], ["arc4", "arc5", "arc6"]]


def test_what_the_site_file_says_comes_before_what_is_derived() -> None:
    hosts = [station(number) for number in range(1, 5)]
    together = [{"name": "pair", "hosts": ["arc1", "arc2"]}]
    # arc3 and arc4 alone are still a room
    assert shape(site_of(hosts, together=together)) == [["arc1", "arc3"], ["arc2", "arc4"]]
    more = [{"name": "room", "hosts": ["arc1", "arc2", "arc3", "arc4"], "at_once": 3}]
    assert shape(site_of(hosts, together=more)) == [["arc1", "arc2", "arc3"], ["arc4"]]


def test_a_group_of_the_site_file_may_be_called_as_a_derived_one() -> None:
    together = [{"name": "room-1", "hosts": ["arc1", "arc2", "arc3"], "at_once": 2}]
    site = site_of([station(number, f"Room {number // 4}") for number in range(1, 6)], together=together)
    assert shape(site) == [["arc1", "arc2", "arc4"], ["arc3", "arc5"]]


def test_stations_wait_for_the_archives_that_they_need() -> None:
    site = site_of([archive(1), archive(2), station(3), station(4, "Ward 1")], routes=[*fetches(3, 2), *fetches(4, 1)])
    assert needed_by(site, site.hosts[2]) == {"arc2"}
    assert shape(site) == [["arc1", "arc4"], ["arc2", "arc3"]]


def test_a_canary_of_each_class_comes_first_and_is_a_test_host_where_there_is_one() -> None:
    stations = [
        station(number, f"Room {number}", stage="test" if number == 5 else "production") for number in (3, 4, 5)
    ]
    site = site_of([archive(1), archive(2), *stations], routes=fetches(3, 1) + fetches(5, 1))
    assert shape(site, canary=True) == [["arc1", "arc5"], ["arc2", "arc3", "arc4"]]


def test_a_wave_is_no_larger_than_asked_for() -> None:
    site = site_of([station(number, f"Room {number}") for number in range(1, 8)])
    assert shape(site, at_once=3) == [["arc1", "arc2", "arc3"], ["arc4", "arc5", "arc6"], ["arc7"]]
    assert shape(site, at_once=3, canary=True)[0] == ["arc1"]


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Up to 12 hosts in three rooms, with routes and groups drawn."""
    archives, total = draw(st.integers(0, 4)), draw(st.integers(1, 12))
    hosts, routes = [], []
    for number in range(1, total + 1):
        stage = draw(st.sampled_from(("test", "production")))
        if number <= archives:
            hosts.append(archive(number, stage=stage))
            continue
        kind = draw(st.sampled_from(("workstation", "thin_client")))
        hosts.append(station(number, draw(st.sampled_from(("Room A", "Room B, left", "Room B, right"))), stage=stage)
                     | {"class": kind})  # fmt: skip
        for needed in draw(st.sets(st.integers(1, archives), max_size=2)) if archives else ():
            routes += fetches(number, needed)
    names = [one["name"] for one in hosts]
    groups = []
    for number in range(draw(st.integers(0, 2)) if total > 2 else 0):
        members = draw(st.lists(st.sampled_from(names), min_size=2, max_size=5, unique=True))
        groups.append({"name": f"g{number}", "hosts": members, "at_once": draw(st.integers(1, len(members) - 1))})
    return site_of(hosts, routes=routes, together=groups)


@settings(max_examples=150, deadline=None)
@given(sites(), st.booleans(), st.one_of(st.none(), st.integers(1, 4)))
def test_waves_keep_their_word(site: Site, canary: bool, at_once: int | None) -> None:
    waves = shape(site, canary=canary, at_once=at_once)
    place = {name: number for number, wave in enumerate(waves) for name in wave}
    assert sorted(place) == sorted(one.name for one in site.hosts)
    assert all(waves), "no wave is empty"
    for wave in waves:
        assert at_once is None or len(wave) <= at_once
        for group in groups_of(site):
            assert len(set(wave) & set(group.hosts)) <= group.at_once < len(group.hosts)
    for one in site.hosts:
        assert all(place[name] <= place[one.name] for name in needed_by(site, one))
    if canary:
        for kind in {one.host_class for one in site.hosts}:
            first = Counter(place[one.name] for one in site.hosts if one.host_class == kind)
            assert first[min(first)] == 1


@pytest.mark.parametrize(
    ("lost", "held"),
    [
        ("arc1", {"arc2": "arc1, which serves together with it, was not accepted",
                  "arc3": "arc1, from which it shows images, was not accepted"}),
        ("arc2", {"arc1": "arc2, which serves together with it, was not accepted"}),
        ("arc3", {"arc4": "arc3, which has the same roles, was not accepted",
                  "arc5": "arc3, which serves together with it, was not accepted"}),
        ("arc5", {"arc3": "arc5, which serves together with it, was not accepted"}),
    ],
)  # fmt: skip
def test_a_host_that_fails_holds_back_what_hangs_on_it_and_nothing_else(lost: str, held: dict[str, str]) -> None:
    site = site_of(
        [archive(1), archive(2), station(3), station(4, "Room 9"), station(5, **{"class": "thin_client"})],
        routes=fetches(3, 1),
    )
    names = [one.name for one in site.hosts if one.name != lost]
    assert held_back(site, names, [lost]) == held


@pytest.mark.parametrize(
    ("waves", "others", "full"),
    [
        ([["arc1"]], ["arc2"], {"arc2": "archives"}),
        ([["arc1"]], ["arc3"], {}),  # another group
        ([["arc3"], ["arc4"]], ["arc5"], {}),  # half of the room is two
        ([["arc3", "arc4"]], ["arc5"], {"arc5": "room-1"}),
        ([["arc3"]], ["arc5", "arc6"], {"arc5": "room-1"}),
        ([["arc1"]], ["somebody-else"], {}),
    ],
)
def test_two_people_do_not_change_together_what_one_may_not(
    waves: list[list[str]], others: list[str], full: dict[str, str]
) -> None:
    site = site_of([archive(1), archive(2), *(station(number) for number in range(3, 7))])
    assert crowded(site, [Wave(1, tuple(wave)) for wave in waves], others) == full


def test_ten_thousand_hosts_are_divided_in_seconds() -> None:
    site = site_of([station(number, f"Room {number // 4}") for number in range(1, 10_001)])
    assert len(waves_of(site, [one.name for one in site.hosts], at_once=20)) in range(500, 520)


def test_a_host_that_was_switched_off_says_nothing_of_its_roles() -> None:
    station = {"class": "workstation", "archive": None, "stage": "production"}
    rooms = [host(number, **station, location=f"Room {number}") for number in (3, 4)]
    site = site_of([host(1, stage="production"), *rooms])
    assert held_back(site, ["arc4"], ["arc3"]) == {"arc4": "arc3, which has the same roles, was not accepted"}
    assert held_back(site, ["arc4"], ["arc3"], away={"arc3"}) == {}
    together = site_of([host(number, stage="production") for number in (1, 2)])
    assert list(held_back(together, ["arc2"], ["arc1"], away={"arc1"})) == ["arc2"], "the other archive must go on"
