"""The AE registry: titles, grants put together from routes, and the ports that follow."""

from ipaddress import IPv4Address
from typing import Any

from builder.inventory.registry import ae_table, grants, ports_granted
from builder.models.site import Site
from tests.unit.site_parts import example, host, peer, site_of


def _site(routes: list[dict[str, Any]], **changes: Any) -> Site:
    peers = [
        peer("ct1", "10.9.1.1"),
        peer("ct2", "10.9.1.2"),
        peer("pc1", "10.9.1.3", ae=None, kind="viewer", modality=None),
    ]
    return site_of([host(1, **changes)], peers=peers, routes=routes)


def test_the_table_is_sorted_by_title_and_leaves_out_who_has_none() -> None:
    rows = ae_table(_site([]))
    assert [(row.title, row.machine, str(row.address), row.port, row.kind) for row in rows] == [
        ("ARC1", "arc1", "10.9.0.3", 104, "archive"),
        ("CT1", "ct1", "10.9.1.1", 11112, "modality"),
        ("CT2", "ct2", "10.9.1.2", 11112, "modality"),
    ]


def test_routes_between_the_same_two_are_one_grant_in_a_fixed_order() -> None:
    site = _site([
        {"from": "ct1", "to": "arc1", "may": ["stow", "find", "echo"]},
        {"from": "ct1", "to": "arc1", "may": ["store", "echo"]},
        {"from": "arc1", "to": "ct1", "may": ["echo"]},
    ])  # fmt: skip
    (grant,) = grants(site, to="arc1")
    assert (grant.source.name, grant.target.name, grant.may) == ("ct1", "arc1", ("echo", "store", "find", "stow"))
    assert (grant.dicom, grant.web) == (("echo", "store", "find"), ("stow",))
    assert [(one.source.name, one.target.name) for one in grants(site)] == [("arc1", "ct1"), ("ct1", "arc1")]
    assert [one.may for one in grants(site, by="arc1")] == [("echo",)]
    assert grants(site, to="arc1", by="ct2") == ()


def test_a_route_from_nowhere_grants_nothing() -> None:
    assert grants(_site([{"from": "ghost", "to": "arc1", "may": ["echo"]}])) == ()
    assert ports_granted(_site([{"from": "ghost", "to": "arc1", "may": ["echo"]}]), "arc1") == {}


def test_ports_open_to_the_addresses_that_routes_name_and_no_others() -> None:
    site = _site([
        {"from": "ct2", "to": "arc1", "may": ["echo"]},
        {"from": "ct1", "to": "arc1", "may": ["store", "qido"]},
        {"from": "pc1", "to": "arc1", "may": ["wado"]},
    ])  # fmt: skip
    first, second, third = (IPv4Address(f"10.9.1.{number}") for number in (1, 2, 3))
    assert ports_granted(site, "arc1") == {104: (first, second), 443: (first, third)}
    assert ports_granted(site, "ct1") == {}
    assert list(ports_granted(site, "arc1")) == [104, 443]


def test_one_port_for_both_kinds_holds_both_kinds_of_callers() -> None:
    archive = host(1)["archive"] | {"web_port": 104}
    site = _site(
        [{"from": "ct2", "to": "arc1", "may": ["echo"]}, {"from": "ct1", "to": "arc1", "may": ["qido"]}],
        archive=archive,
    )
    assert ports_granted(site, "arc1") == {104: (IPv4Address("10.9.1.1"), IPv4Address("10.9.1.2"))}


def test_the_examples_archive_opens_two_ports() -> None:
    assert ports_granted(example(), "archive01") == {
        104: (IPv4Address("10.78.0.21"), IPv4Address("10.78.0.31")),
        443: (IPv4Address("10.78.0.31"),),
    }
    # The stand-in's own port, for what the archive sends there.
    assert ports_granted(example(), "read01") == {11112: (IPv4Address("10.78.0.11"),)}
