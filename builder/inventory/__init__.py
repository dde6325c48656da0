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

if not TYPE_CHECKING:
    __getattr__ = door(
        __name__,
        {
            "Inventory": "build",
            "Machine": "build",
            "RoleVariables": "build",
            "StandIn": "build",
            "build_inventory": "build",
            "connection_to": "build",
            "fqdn_of": "build",
            "state_folder": "build",
        },
    )
