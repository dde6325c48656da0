"""Site -> machines with their connection and typed role variables. Pure; linear in the number of hosts."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from builder.inventory.registry import grants
from builder.inventory.roles import role_variables, roles_of
from builder.models.base import Model
from builder.models.connection import Connection
from builder.models.site import Host, Peer, Site, SshAccess


@dataclass(frozen=True, slots=True)
class RoleVariables:
    """One role of one host with its variables."""

    role: str
    variables: Model


@dataclass(frozen=True, slots=True)
class ArchiveEnd:
    """An archive as one client of it sees it. `port`: where a connection is let in, for DICOM before the web; `web`:
    that of its web door, where a web route leads there."""

    name: str
    fqdn: str
    address: IPv4Address
    port: int | None
    web: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """A host to build: its full name, how it is reached, what it shall become, and the archives that it uses."""

    host: Host
    fqdn: str
    roles: tuple[RoleVariables, ...]
    connection: Connection
    archives: tuple[ArchiveEnd, ...] = ()


@dataclass(frozen=True, slots=True)
class StandIn:
    """A peer that the lab plays with a small host."""

    peer: Peer
    fqdn: str
    connection: Connection


@dataclass(frozen=True, slots=True)
class Inventory:
    """Machines and stand-ins, each sorted by name."""

    site: Site
    machines: tuple[Machine, ...]
    stand_ins: tuple[StandIn, ...]

    def machine(self, name: str) -> Machine:
        """The machine called `name`. Raises KeyError when there is none."""
        for machine in self.machines:
            if machine.host.name == name:
                return machine
        raise KeyError(name)


def fqdn_of(site: Site, end: Host | Peer) -> str:
    """The full DNS name of a host or peer."""
    return f"{end.name}.{site.domain}"


def state_folder(site: Site) -> str:
    """Where pacsmith keeps what it knows of the site, relative to the project folder."""
    return f".pacsmith/{site.name}"


def connection_to(site: Site, end: Host | Peer) -> Connection:
    """How `end` is reached: the host's own ssh settings, or the site's; key and pins under .pacsmith/<site>/ssh."""
    ssh: SshAccess = end.ssh if isinstance(end, Host) and end.ssh is not None else site.ssh
    folder = f"{state_folder(site)}/ssh"
    return Connection(
        host=end.name,
        address=str(end.address),
        user=ssh.user,
        port=ssh.port,
        key=ssh.key or f"{folder}/id_ed25519",
        known_hosts=ssh.known_hosts or f"{folder}/known_hosts",
        sudo=ssh.sudo and ssh.user != "root",
    )


def _roles(site: Site, host: Host) -> tuple[RoleVariables, ...]:
    return tuple(RoleVariables(role, role_variables(role, site, host)) for role in roles_of(host))


def archives_of(site: Site, host: Host) -> tuple[ArchiveEnd, ...]:
    """The archives to which a route of `host` leads, sorted by name; it is none of its own."""
    found = []
    for grant in grants(site, by=host.name):
        end = grant.target
        ours = end.archive if isinstance(end, Host) else None
        if end.name == host.name or (ours is None and not (isinstance(end, Peer) and end.kind == "archive")):
            continue
        web = ours.web_port if ours is not None and grant.web else None
        dicom = end.ae.port if end.ae is not None and grant.dicom else None
        found.append(ArchiveEnd(end.name, fqdn_of(site, end), end.address, dicom or web, web))
    return tuple(found)


def build_inventory(site: Site, *, roles: bool = True) -> Inventory:
    """Everything to build in `site`. Raises BadInput when a role is missing or broken.

    Without `roles` the machines come without them: enough to read a machine, also one whose product no role builds.
    """
    machines = [
        Machine(
            host,
            fqdn_of(site, host),
            _roles(site, host) if roles else (),
            connection_to(site, host),
            archives_of(site, host),
        )
        for host in sorted(site.hosts, key=lambda host: host.name)
    ]
    stand_ins = [
        StandIn(peer, fqdn_of(site, peer), connection_to(site, peer))
        for peer in sorted(site.peers, key=lambda peer: peer.name)
        if peer.stand_in
    ]
    return Inventory(site, tuple(machines), tuple(stand_ins))
