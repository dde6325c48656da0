"""The pyinfra inventory: a Python file of plain lists, for the stock `pyinfra` command."""

from builder.inventory import Inventory, Machine
from builder.render.groups import groups
from builder.render.mark import heading


def _data(machine: Machine) -> dict[str, object]:
    connection = machine.connection
    data: dict[str, object] = {
        "_sudo": connection.sudo,
        "fqdn": machine.fqdn,
        "ssh_hostname": connection.address,
        "ssh_key": connection.key,
        "ssh_known_hosts_file": connection.known_hosts,
        "ssh_port": connection.port,
        "ssh_strict_host_key_checking": "yes",
        "ssh_user": connection.user,
    }
    for role in machine.roles:
        data[f"pacsmith_role_{role.role.replace('-', '_')}"] = role.variables.model_dump(mode="json")
    return data


def pyinfra_inventory(inventory: Inventory) -> str:
    """Every machine with its data in `all`, then one list of names a group. The lists hold literals only."""
    lines = [
        heading(inventory.site),
        "# Use: pyinfra inventory.py DEPLOY.py, run in the project folder.\n",
        "all = [\n",
    ]
    for machine in inventory.machines:
        lines.append(f"    (\n        {machine.host.name!r},\n        {{\n")
        lines += [f"            {name!r}: {value!r},\n" for name, value in _data(machine).items()]
        lines.append("        },\n    ),\n")
    lines.append("]\n")
    for group, names in groups(inventory).items():
        lines += [f"{group} = [\n", *(f"    {name!r},\n" for name in names), "]\n"]
    return "".join(lines)
