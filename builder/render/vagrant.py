"""The host list that the Vagrantfile reads: which machines there are, from which box, at which address. Pure."""

from builder.inventory import connection_to, fqdn_of
from builder.models.lab_names import bridge_name, container_prefix
from builder.models.site import OperatingSystem, Site
from builder.render.flow import flow
from builder.render.lab_hosts import LabHost, lab_hosts
from builder.render.mark import heading


def box_name(os: OperatingSystem, *, stand_in: bool) -> str:
    """The box for the provider lxc that `pacsmith lab box` makes of a system, or of one that plays peers.

    Without a slash: Vagrant asks its public catalogue for any other name that it does not know.
    """
    return f"pacsmith-{os}{'-stand-in' if stand_in else ''}"


def vagrant_list(site: Site) -> str:
    """One line a host and stand-in, sorted by name. `container` and `bridge` are for the provider lxc alone."""
    lines = [f"- {flow(_fields(site, host))}\n" for host in lab_hosts(site)]
    return f"{heading(site)}hosts:\n{''.join(lines)}"


def _fields(site: Site, host: LabHost) -> dict[str, object]:
    end = site.end(host.name)
    connection = connection_to(site, end)
    address, _, prefix = host.address.partition("/")
    netmask = next(network.address.netmask for network in site.networks if network.name == host.network)
    return {
        "name": host.name,
        "fqdn": fqdn_of(site, end),
        "os": host.os,
        "box": box_name(host.os, stand_in=host.kind == "stand_in"),
        "address": address,
        "prefix": int(prefix),
        "netmask": str(netmask),
        "gateway": host.gateway,
        "user": connection.user,
        "port": connection.port,
        "key": f"{connection.key}.pub",
        "bridge": bridge_name(site.name, host.network),
        "container": f"{container_prefix(site.name)}{host.name}",
    }
