"""The lines that make every host and peer of the site known by name, as in /etc/hosts."""

from builder.inventory import Inventory, fqdn_of
from builder.inventory.index import all_ends
from builder.render.mark import heading


def hosts_file(inventory: Inventory) -> str:
    """Address, full name, short name; sorted by address."""
    site = inventory.site
    ends = sorted(all_ends(site), key=lambda end: (end.address, end.name))
    return heading(site) + "".join(f"{end.address}\t{fqdn_of(site, end)} {end.name}\n" for end in ends)
