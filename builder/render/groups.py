"""Which groups a machine belongs to, in names that Ansible and Python both take."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from builder.inventory import Inventory
from builder.models.site import Host

_OTHER = re.compile(r"[^a-z0-9]+")


def _plain(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("_", ascii_only).strip("_")


def _location_names(locations: Iterable[str]) -> dict[str, str]:
    """Location -> group name. Two locations with one plain form, or with none, get six digits of their hash as well."""
    plain: defaultdict[str, list[str]] = defaultdict(list)
    for location in sorted(set(locations)):
        plain[_plain(location)].append(location)
    names = {}
    for form, whole in plain.items():
        for location in whole:
            digits = hashlib.sha256(location.encode()).hexdigest()[:6]
            parts = ["location", form, digits] if len(whole) > 1 or not form else ["location", form]
            names[location] = "_".join(part for part in parts if part)
    return names


def _groups_of(host: Host, location: str) -> tuple[str, ...]:
    return (
        f"class_{host.host_class}",
        location,
        f"network_{_plain(host.network)}",
        f"os_{_plain(host.os)}",
        f"stage_{host.stage}",
    )


def groups(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """Group -> names of its machines, both sorted."""
    locations = _location_names(machine.host.location for machine in inventory.machines)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for machine in inventory.machines:
        for group in _groups_of(machine.host, locations[machine.host.location]):
            members[group].append(machine.host.name)
    return {group: tuple(names) for group, names in sorted(members.items())}
