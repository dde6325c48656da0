"""`ssh -F ssh_config archive01`: the machines and stand-ins as OpenSSH's client reads them."""

from builder.inventory import Inventory
from builder.models.connection import Connection
from builder.render.mark import heading


def _value(text: str) -> str:
    """A path as an argument: `%` begins a token and `$` a variable there, quotes hold spaces together."""
    return '"' + text.replace("%", "%%") + '"' if any(char in text for char in ' "#%') else text


def _block(connection: Connection, fqdn: str) -> str:
    options = {
        "HostName": connection.address,
        "User": connection.user,
        "Port": str(connection.port),
        "IdentityFile": _value(connection.key),
        "UserKnownHostsFile": _value(connection.known_hosts),
    }
    lines = "".join(f"    {key} {value}\n" for key, value in options.items())
    return f"Host {connection.host} {fqdn}\n{lines}"


def ssh_config(inventory: Inventory) -> str:
    """One block a machine and stand-in, sorted by name; paths are relative to the project folder."""
    ends = sorted(
        [(machine.connection, machine.fqdn) for machine in inventory.machines]
        + [(stand_in.connection, stand_in.fqdn) for stand_in in inventory.stand_ins],
        key=lambda end: end[0].host,
    )
    strict = "Host *\n    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n    IdentitiesOnly yes\n"
    return heading(inventory.site) + "\n".join([*(_block(*end) for end in ends), strict])
