"""Site -> hosts and typed role variables (pure), the AE registry, and the site's rules."""

from typing import TYPE_CHECKING

from builder.doors import door

if TYPE_CHECKING:
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

if not TYPE_CHECKING:
    __getattr__ = door(
        __name__,
        {
            "Fault": "rules_case",
            "Inventory": "build",
            "Machine": "build",
            "RoleVariables": "build",
            "StandIn": "build",
            "build_inventory": "build",
            "check_site": "rules",
            "connection_to": "build",
            "fqdn_of": "build",
            "state_folder": "build",
        },
    )
