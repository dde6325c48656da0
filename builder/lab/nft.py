"""nftables of a lab: texts for `nft -f -`, and what is read out of `nft --json list ruleset`. Pure."""

import json
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

_FILTER_FAMILIES = frozenset({"ip", "inet"})


def table_text(table: str, bridges: Mapping[str, IPv4Network]) -> str:
    """Replace the lab's table: hosts reach the outside under this machine's address, each other under their own."""
    networks = ", ".join(sorted(str(network) for network in bridges.values()))
    rules = "\n".join(
        f'    ip saddr {network} ip daddr != {{ {networks} }} oifname != "{bridge}" masquerade'
        for bridge, network in sorted(bridges.items())
    )
    return (
        f"table ip {table}\ndelete table ip {table}\ntable ip {table} {{\n"
        f"  chain postrouting {{\n    type nat hook postrouting priority srcnat; policy accept;\n{rules}\n  }}\n}}\n"
    )


def delete_text(table: str) -> str:
    """Delete the lab's table, whether it exists or not."""
    return f"table ip {table}\ndelete table ip {table}\n"


def _objects(ruleset: str, kind: str) -> Iterator[Mapping[str, Any]]:
    for item in json.loads(ruleset).get("nftables", ()) if ruleset.strip() else ():
        if kind in item:
            yield item[kind]


def has_table(ruleset: str, table: str) -> bool:
    """Whether the lab's table is there."""
    return any(t["family"] == "ip" and t["name"] == table for t in _objects(ruleset, "table"))


def lab_tables(ruleset: str) -> frozenset[str]:
    """The tables of all labs on this machine."""
    return frozenset(
        t["name"] for t in _objects(ruleset, "table") if t["family"] == "ip" and t["name"].startswith("pacsmith-")
    )


def closed_forward_chains(ruleset: str) -> tuple[tuple[str, str, str], ...]:
    """Chains (family, table, name) of others that drop what they do not know, as Docker's FORWARD.

    A rule that accepts in our own table would not help there, since every chain must let a packet pass.
    """
    return tuple(
        (chain["family"], chain["table"], chain["name"])
        for chain in _objects(ruleset, "chain")
        if chain.get("hook") == "forward" and chain.get("policy") == "drop" and chain["family"] in _FILTER_FAMILIES
    )


def marked_rules(ruleset: str, mark: str) -> tuple[tuple[str, str, str, int], ...]:
    """Rules (family, table, chain, handle) that carry our comment."""
    return tuple(
        (rule["family"], rule["table"], rule["chain"], int(rule["handle"]))
        for rule in _objects(ruleset, "rule")
        if rule.get("comment") == mark
    )


def accept_text(chain: tuple[str, str, str], bridges: tuple[str, ...], mark: str) -> str:
    """Insert at the head of somebody else's chain: let our bridges through, under our comment."""
    family, table, name = chain
    lines = [
        f'insert rule {family} {table} {name} {direction} "{bridge}" counter accept comment "{mark}"'
        for bridge in bridges
        for direction in ("iifname", "oifname")
    ]
    return "\n".join(lines) + "\n"


def delete_rules_text(rules: tuple[tuple[str, str, str, int], ...]) -> str:
    """Delete rules by their handles."""
    return "".join(f"delete rule {family} {table} {chain} handle {handle}\n" for family, table, chain, handle in rules)
