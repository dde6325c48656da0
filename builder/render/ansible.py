"""The Ansible inventory (YAML): machines with connection and role variables, groups by class, place, network, …"""

import shlex

from builder.inventory import Inventory, Machine
from builder.inventory.roles import role_folder
from builder.models.connection import Connection
from builder.render.flow import block, untemplated
from builder.render.groups import groups
from builder.render.mark import heading


def _ssh_arguments(connection: Connection) -> str:
    """Pinned host keys and no settings of the person who runs Ansible."""
    options = {
        "UserKnownHostsFile": connection.known_hosts,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
    }
    return shlex.join(["-F", "none", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))])


def host_variables(machine: Machine) -> dict[str, object]:
    """What Ansible is told of a machine. Secrets are references ({vault: name}) here, never values."""
    connection, host = machine.connection, machine.host
    variables: dict[str, object] = {
        "ansible_become": connection.sudo,
        "ansible_host": connection.address,
        "ansible_port": connection.port,
        "ansible_ssh_common_args": _ssh_arguments(connection),
        "ansible_ssh_private_key_file": connection.key,
        "ansible_user": connection.user,
        "pacsmith_fqdn": machine.fqdn,
        "pacsmith_location": host.location,
        "pacsmith_product": {"id": host.product.id, "version": host.product.version},
    }
    for role in machine.roles:
        name, fields = role.role.replace("-", "_"), role.variables.model_dump(mode="json")
        if (role_folder(role.role) / "tasks").is_dir():  # Ansible's own: as it reads them, for any playbook to name it
            variables |= {f"{name}_{field}": value for field, value in fields.items()}
        else:
            variables[f"pacsmith_role_{name}"] = fields
    return variables


def ansible_inventory(inventory: Inventory) -> str:
    """The whole inventory as YAML that `ansible-inventory --list` reads."""
    lines = [heading(inventory.site), "all:\n", "  hosts:\n"]
    for machine in inventory.machines:
        lines += [f"    {machine.host.name}:\n", block(host_variables(machine), "      ", untemplated)]
    lines.append("  children:\n")
    for group, names in groups(inventory).items():
        lines += [f"    {group}:\n      hosts:\n", *(f"        {name}: {{}}\n" for name in names)]
    return "".join(lines)
