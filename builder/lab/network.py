"""Bridges, NAT and kernel settings of one lab; and the refusal of networks that this machine already uses."""

import json
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from builder.lab import kernel_settings, nft
from builder.lab.errors import LabConflict
from builder.lab.execute import ask, run
from builder.lab.layout import RUN_FOLDER, Layout
from builder.lab.lock import locked
from builder.models.site import Network, Site

_LOCK = RUN_FOLDER / "network.lock"


def used_networks(site: Site) -> tuple[Network, ...]:
    """The networks in which the lab has a host, in the site's order. Pure."""
    names = {host.network for host in site.hosts} | {peer.network for peer in site.peers if peer.stand_in}
    return tuple(network for network in site.networks if network.name in names)


def overlaps(links: Iterable[Mapping[str, Any]], networks: Iterable[Network], own: frozenset[str]) -> list[str]:
    """Sentences about networks of the site that this machine already has on an interface not in `own`. Pure.

    `links` is what `ip -json address` prints, with the aliases of `ip -json link`.
    """
    found = []
    for link in links:
        if link["ifname"] in own:
            continue
        for address in link.get("addr_info", ()):
            if address.get("family") != "inet":
                continue
            taken = IPv4Interface(f"{address['local']}/{address['prefixlen']}").network
            whose = link.get("ifalias") or "this machine's own"
            found += [
                f"network {network.name} ({network.address}) overlaps {taken} on {link['ifname']} ({whose})"
                for network in networks
                if network.address.overlaps(taken)
            ]
    return found


def half_made(link: Mapping[str, Any]) -> bool:
    """Whether nobody has marked or used this interface yet: an `up` that was killed leaves its bridge so. Pure."""
    return not link.get("ifalias") and not link.get("addr_info") and "UP" not in link["flags"]


def bridge_commands(name: str, alias: str, gateway: str, prefix: int) -> list[list[str]]:
    """What makes one bridge. Pure."""
    return [
        ["ip", "link", "add", "name", name, "type", "bridge", "stp_state", "0", "forward_delay", "0"],
        ["ip", "link", "set", "dev", name, "alias", alias],
        ["ip", "address", "replace", f"{gateway}/{prefix}", "dev", name],
        ["ip", "link", "set", "dev", name, "up"],
    ]


class LabNetwork:
    """The network side of one lab."""

    def __init__(self, layout: Layout, networks: tuple[Network, ...]) -> None:
        self.layout = layout
        self.networks = networks

    @property
    def bridges(self) -> dict[str, IPv4Network]:
        """Bridge -> network."""
        return {self.layout.bridge(network.name): network.address for network in self.networks}

    def check(self) -> None:
        """Refuse when the site's networks are taken on this machine. Raises LabConflict."""
        links = _addresses()
        problems = overlaps(links, self.networks, frozenset(link["ifname"] for link in links if self._is_ours(link)))
        if problems:
            raise LabConflict(
                f"lab {self.layout.site}: {'; '.join(problems)}; "
                "take the other lab down, or give the site another network"
            )
        for link in links:
            if link["ifname"] in self.bridges and not self._is_ours(link):
                whose = link.get("ifalias") or "something else"
                raise LabConflict(
                    f"lab {self.layout.site}: interface {link['ifname']} belongs to {whose}; take that lab down first"
                )

    def _is_ours(self, link: Mapping[str, Any]) -> bool:
        if link["ifname"] in self.bridges and half_made(link):
            return True
        return str(link.get("ifalias", "")) == self.layout.bridge_alias

    def is_up(self) -> bool:
        """Whether bridges, addresses, NAT and forwarding are as they should be."""
        links = {link["ifname"]: link for link in _addresses() if self._is_ours(link)}
        for network in self.networks:
            link = links.get(self.layout.bridge(network.name))
            if link is None or "UP" not in link["flags"]:
                return False
            if not any(a.get("local") == str(network.gateway) for a in link.get("addr_info", ())):
                return False
        ruleset = _ruleset()
        marked = {rule[:3] for rule in nft.marked_rules(ruleset, self.layout.mark)}
        return (
            nft.has_table(ruleset, self.layout.table)
            and marked >= set(nft.closed_forward_chains(ruleset))
            and kernel_settings.all_hold()
        )

    def up(self) -> None:
        """Make what is missing. Raises LabConflict, LabError."""
        self.check()
        existing = {link["ifname"] for link in _addresses()}
        for network in self.networks:
            name = self.layout.bridge(network.name)
            commands = bridge_commands(name, self.layout.bridge_alias, str(network.gateway), network.address.prefixlen)
            for command in commands[1:] if name in existing else commands:
                run(command)
        with locked(_LOCK, "this machine's network settings", lambda _: None, seconds=30):
            run(["nft", "-f", "-"], stdin=self._rules())
            kernel_settings.apply()

    def _rules(self) -> str:
        ruleset = _ruleset()
        text = nft.delete_rules_text(nft.marked_rules(ruleset, self.layout.mark))
        text += nft.table_text(self.layout.table, self.bridges)
        for chain in nft.closed_forward_chains(ruleset):
            text += nft.accept_text(chain, tuple(sorted(self.bridges)), self.layout.mark)
        return text

    def attach(self, interface: int, network: str) -> None:
        """Put the interface with this index on the network's bridge, if it is not there. Raises LabError."""
        bridge = self.layout.bridge(network)
        for link in _links():
            if link["ifindex"] == interface and link.get("master") != bridge:
                run(["ip", "link", "set", "dev", link["ifname"], "master", bridge, "up"])

    def down(self) -> None:
        """Remove every bridge, table and rule of this lab, also of networks that the site no longer has."""
        start = self.layout.bridge_alias_start
        for link in _addresses():
            if self._is_ours(link) or str(link.get("ifalias", "")).startswith(start):
                ask(["ip", "link", "delete", "dev", link["ifname"]])
        with locked(_LOCK, "this machine's network settings", lambda _: None, seconds=30):
            ruleset = _ruleset()
            text = nft.delete_rules_text(nft.marked_rules(ruleset, self.layout.mark))
            if nft.has_table(ruleset, self.layout.table):
                text += nft.delete_text(self.layout.table)
            if text:
                run(["nft", "-f", "-"], stdin=text)
            if not nft.lab_tables(_ruleset()):
                kernel_settings.put_back()


def _addresses() -> list[dict[str, Any]]:
    """Interfaces with their addresses and aliases (`ip address` prints no alias)."""
    aliases = {link["ifname"]: link.get("ifalias", "") for link in _links()}
    found = [link for link in json.loads(run(["ip", "-json", "address"])) if link]
    return [{**link, "ifalias": aliases.get(link["ifname"], "")} for link in found]


def _links() -> list[dict[str, Any]]:
    return [link for link in json.loads(run(["ip", "-json", "link"])) if link]


def _ruleset() -> str:
    return run(["nft", "--json", "list", "ruleset"])
