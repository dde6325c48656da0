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
from builder.inventory.rules import check_site
from builder.inventory.rules_case import Fault

__all__ = [
    "Fault",
    "Inventory",
    "Machine",
    "RoleVariables",
    "StandIn",
    "build_inventory",
    "check_site",
    "connection_to",
    "fqdn_of",
    "state_folder",
]
