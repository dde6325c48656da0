"""Site -> hosts and typed role variables (pure), the AE registry, and the site's rules."""

from builder.inventory.build import (
    Inventory,
    Machine,
    RoleVariables,
    StandIn,
    build_inventory,
    connection_to,
    fqdn_of,
    state_folder,
)

__all__ = [
    "Inventory",
    "Machine",
    "RoleVariables",
    "StandIn",
    "build_inventory",
    "connection_to",
    "fqdn_of",
    "state_folder",
]
