"""Network adapters and addresses of a Linux host, as sysfs and `ip -j addr` show them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.survey.network import addresses, links, names_of
from builder.survey.question import ABSENT, Reply, Said, UnreadableError
from builder.survey.stating import parsed
from builder.survey.tools import TOOLS
from tests.unit.test_recorded_tools import RECORDED

CARD = """\
{name}/address:a4:bb:6d:01:02:0{number}
{name}/carrier:{carrier}
{name}/device/uevent:DRIVER={driver}
{name}/device/uevent:PCI_CLASS=20000
{name}/device/uevent:PCI_ID=8086:15BB
{name}/device/uevent:PCI_SLOT_NAME=0000:00:1f.{number}
{name}/duplex:{duplex}
{name}/mtu:1500
{name}/speed:{speed}
"""
LO = "lo/address:00:00:00:00:00:00\nlo/carrier:1\nlo/mtu:65536\n"


def card(name: str = "eno1", number: int = 6, driver: str = "e1000e", **said: object) -> str:
    return CARD.format(
        name=name, number=number, driver=driver, **{"carrier": 1, "duplex": "full", "speed": 1000, **said}
    )


def read(text: str, code: int = 2) -> dict[str, Said]:
    return links(Reply(code, text, ""))


def why(said: Said) -> str:
    assert isinstance(said, UnreadableError)
    return str(said)


def test_one_card() -> None:
    assert read(LO + card()) == {
        "network.adapters": "1 x e1000e (8086:15bb)", "network.duplex": "full", "network.mtu": 1500,
        "network.speed": 10**9, "network.eno1.adapter": "e1000e (8086:15bb)",
        "network.eno1.address": "a4:bb:6d:01:02:06", "network.eno1.duplex": "full", "network.eno1.link": True,
        "network.eno1.mtu": 1500, "network.eno1.speed": 10**9,
    }  # fmt: skip


def test_a_slow_link_is_told_as_it_is() -> None:
    said = read(card(speed=100, duplex="half"))
    assert (said["network.speed"], said["network.duplex"]) == (100_000_000, "half")


def test_a_link_that_is_down_has_no_speed() -> None:
    lines = card("eno2", 7).splitlines(keepends=True)
    down = "".join(line for line in lines if "/speed" not in line and "/duplex" not in line)
    said = read(card() + down.replace("carrier:1", "carrier:0"))
    assert (said["network.eno2.link"], said["network.eno2.speed"], said["network.speed"]) == (False, ABSENT, 10**9)
    assert said["network.adapters"] == "2 x e1000e (8086:15bb)"
    gone = "".join(line + "\n" for line in down.splitlines() if "/carrier" not in line)
    assert why(read(gone)["network.speed"]) == "no network link is up"


def test_two_links_that_are_up() -> None:
    said = read(card() + card("eno2", 7, speed=100))
    assert why(said["network.speed"]) == "2 network links are up, and nobody says which one counts"
    assert (said["network.eno1.speed"], said["network.eno2.speed"]) == (10**9, 10**8)


@pytest.mark.parametrize("speed", ["-1", "4294967295", "", "0", "unknown", "1000 Mb/s"])
def test_a_speed_that_is_none(speed: str) -> None:
    said = read(card(driver="virtio_net", speed=speed, duplex="unknown"))
    assert why(said["network.speed"]) == "the adapter does not state the speed of its link"
    assert why(said["network.duplex"]) == "the adapter does not state the duplex of its link"


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        (LO, 0, "no network card is shown; lo is made by software"),
        (LO + "br0/mtu:1500\nbr0/speed:10000\n", 2, "no network card is shown; br0 is made by software"),
        ("", 1, "exit code 1"),
        ("", 0, "the kernel shows no network"),
        ("grep: nothing here\n", 0, "the kernel's files of the network are not understood"),
    ],
)
def test_without_a_card(text: str, code: int, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(text, code)
    assert str(caught.value) == reason


def test_lspci_names_the_card() -> None:
    bus = (
        "Slot:\t0000:00:1f.6\nClass:\tEthernet controller [0200]\nVendor:\tIntel Corporation [8086]\n"
        "Device:\tI219-LM [15bb]\n\n"
    )
    names = names_of(Reply(0, bus, ""))
    assert names == {"0000:00:1f.6": "Intel Corporation I219-LM"}
    said = links(Reply(2, card() + card("usb0", 3, "r8152").replace("PCI_ID", "X"), ""), names)
    assert (said["network.eno1.adapter"], said["network.usb0.adapter"]) == ("Intel Corporation I219-LM", "r8152")
    assert names_of(Reply(127, "", "sh: 1: lspci: not found")) == names_of(None) == {}


@given(st.text(max_size=300))
def test_no_text_is_a_fault_of_ours(text: str) -> None:
    for tool in ("ip", "lsblk", "smartctl"):
        parsed(TOOLS[tool], Reply(0, text, ""))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["addr_info", "ifname", "blockdevices", "name", "type", "size", "smartctl", "device", "messages", "children",
         "smart_status", "ata_smart_attributes", "table", "raw"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(ANYTHING)
def test_no_document_is_a_fault_of_ours(document: Any) -> None:
    for tool in ("ip", "lsblk", "smartctl"):
        facts = parsed(TOOLS[tool], Reply(0, json.dumps(document), ""))
        assert set(TOOLS[tool].promises) <= set(facts)


def test_an_address_of_the_link_alone_is_none() -> None:
    every = json.loads((RECORDED / "ip" / "station.json").read_text())
    every[1]["addr_info"] = every[1]["addr_info"][2:]
    del every[3]
    assert addresses(Reply(0, json.dumps(every), "")) == {"network.addresses": ABSENT}
    assert addresses(Reply(0, json.dumps([{}, *every]), "")) == {"network.addresses": ABSENT}
    with pytest.raises(UnreadableError, match=r"^ip lists no interface, not even lo$"):
        addresses(Reply(0, "[]\n", ""))
