"""Names of what the lab makes on this machine, from the site alone; whoever renders them and whoever makes them agree.

Standard library only (the keeper of each host imports it).
"""

import hashlib


def bridge_name(site: str, network: str) -> str:
    """Interface that joins a network of the lab: a short hash, because an interface's name has at most 15 characters
    and names of sites and networks are longer."""
    return "ps-" + hashlib.sha256(f"{site}/{network}".encode()).hexdigest()[:8]


def container_prefix(site: str) -> str:
    """How the name of each LXC container of the lab begins; names of sites and hosts have no dot."""
    return f"pacsmith.{site}."
