"""Network adapters and addresses of a Linux host: what the kernel shows in sysfs, and `ip -j addr` (pure)."""

import re
from collections import Counter
from collections.abc import Mapping

from builder.survey import lspci
from builder.survey.answers import word
from builder.survey.json_text import document, shaped
from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

ADDRESSES = ("network.addresses",)
LINKS = ("network.adapters", "network.duplex", "network.mtu", "network.speed")
IP = "ip -j addr"
_FILES = ("address", "carrier", "device/uevent", "duplex", "mtu", "speed")
_SHOWN = re.compile(rf"([^/:\s]+)/({'|'.join(_FILES)}):(.*)")
_MEGA = 1_000_000  # the kernel states speed in Mbit/s (sysfs-class-net)
_FASTEST = 10_000_000  # Mbit/s; a link that has no speed states -1, some drivers as an unsigned number


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its network."""
    files = " ".join(f"*/{file}" for file in _FILES)
    return (
        Question("links", f"cd /sys/class/net && grep -s '' {files}", LINKS, links),
        Question("ip", IP, ADDRESSES, addresses),
    )


def links(reply: Reply, names: Mapping[str, str] | None = None) -> dict[str, Said]:
    """`grep -s ''` over files of /sys/class/net: `network.eth0.speed` and the like of each real adapter, which is one
    with a device below it, and the same of the link when one alone is up. Files of a link that is down cannot be read,
    so exit code 2 is no fault. `names`: of PCI devices by their address, as lspci has them.
    """
    if reply.code not in (0, 2) or not reply.text.strip():
        raise UnreadableError(reply.reason() if reply.errors or reply.code else "the kernel shows no network")
    found: dict[str, dict[str, list[str]]] = {}
    for line in reply.text.splitlines():
        match = _SHOWN.fullmatch(line)
        if match is None:
            raise UnreadableError("the kernel's files of the network are not understood")
        found.setdefault(match[1], {}).setdefault(match[2], []).append(match[3])
    real = {name: files for name, files in found.items() if "device/uevent" in files}
    if not real:
        made = " and ".join(sorted(name for name in found if name != "lo"))
        raise UnreadableError(f"no network card is shown; {made or 'lo'} is made by software")
    each = {name: _link(files, names or {}) for name, files in sorted(real.items())}
    adapters = Counter(str(facts["adapter"]) for facts in each.values())
    said: dict[str, Said] = {
        "network.adapters": ", ".join(f"{count} x {adapter}" for adapter, count in sorted(adapters.items())),
        **_the_link(list(each.values())),
    }
    for name, facts in each.items():
        said |= {f"network.{word(name)}.{what}": value for what, value in facts.items()}
    return said


def _the_link(every: list[dict[str, Said]]) -> dict[str, Said]:
    up = [facts for facts in every if facts["link"] is True]
    names = ("duplex", "mtu", "speed")
    if len(up) == 1:
        return {f"network.{name}": up[0][name] for name in names}
    why = f"{len(up)} network links are up, and nobody says which one counts" if up else "no network link is up"
    return dict.fromkeys((f"network.{name}" for name in names), UnreadableError(why))


def _link(files: Mapping[str, list[str]], names: Mapping[str, str]) -> dict[str, Said]:
    first = {name: lines[0].strip() for name, lines in files.items()}
    device = dict(line.split("=", 1) for line in files["device/uevent"] if "=" in line)
    up = first.get("carrier") == "1"
    mtu, address = first.get("mtu", ""), first.get("address", "")
    return {
        "adapter": _adapter(device, names),
        "address": address if re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", address) else _silent("hardware address"),
        "duplex": _duplex(first.get("duplex", "")) if up else ABSENT,
        "link": up,
        "mtu": int(mtu) if re.fullmatch(r"[1-9][0-9]{1,5}", mtu) else _silent("largest packet"),
        "speed": _speed(first.get("speed", "")) if up else ABSENT,
    }


def _adapter(device: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Its name by lspci, else the kernel's driver and the numbers of its maker and product."""
    if device.get("PCI_SLOT_NAME") in names:
        return names[device["PCI_SLOT_NAME"]]
    driver, numbers = device.get("DRIVER", "a driver without a name"), device.get("PCI_ID", "").lower()
    return f"{driver} ({numbers})" if numbers else driver


def _silent(what: str) -> UnreadableError:
    return UnreadableError(f"the kernel states no {what}")


def _duplex(text: str) -> Said:
    return text if text in ("full", "half") else UnreadableError("the adapter does not state the duplex of its link")


def _speed(text: str) -> Said:
    sure = re.fullmatch(r"[1-9][0-9]{0,9}", text) and int(text) <= _FASTEST
    return int(text) * _MEGA if sure else UnreadableError("the adapter does not state the speed of its link")


@shaped("ip")
def addresses(reply: Reply) -> dict[str, Said]:
    """`ip -j addr`: the addresses that others can reach it by, of each interface and all together."""
    every = document("ip", reply.checked())
    if not every:
        raise UnreadableError("ip lists no interface, not even lo")
    said: dict[str, Said] = {}
    for one in filter(None, every):  # an older ip leaves an empty object where it filtered
        told = [f"{each['local']}/{each['prefixlen']}" for each in one["addr_info"] if each["scope"] == "global"]
        if told and one["ifname"] != "lo":
            said[f"network.{word(one['ifname'])}.addresses"] = " ".join(told)
    return {**said, "network.addresses": " ".join(str(value) for value in said.values()) or ABSENT}


def names_of(reply: Reply | None) -> dict[str, str]:
    """What lspci calls each device, by its address as the kernel has it; empty where it does not say."""
    try:
        return lspci.names(reply.checked()) if reply is not None else {}
    except UnreadableError:
        return {}
