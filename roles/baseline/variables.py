"""What the role `baseline` must know of a host; all of it follows from the site."""

from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from pydantic import Field

from builder.inventory.build import fqdn_of
from builder.inventory.registry import grants, ports_granted
from builder.models.base import DnsName, Line, Model, Name, Port
from builder.models.calendar import Day, TimeOfDay, Window
from builder.models.site import Host, OperatingSystem, Peer, Site

CODENAMES: dict[OperatingSystem, str] = {"debian-12": "bookworm", "debian-13": "trixie"}


class MachineName(Model):
    """A line of the hosts file."""

    address: IPv4Address
    fqdn: DnsName
    name: Name


class GrantedPort(Model):
    """A TCP port and the addresses that a route lets in."""

    port: Port
    addresses: tuple[IPv4Address, ...]


class UpgradeWindow(Model):
    """When security updates may be installed: days, begin (site time) and length in minutes."""

    days: tuple[Day, ...]
    start: TimeOfDay
    minutes: int = Field(ge=1, le=1440)


class Variables(Model):
    """Variables of one host. `windows` empty: nothing is upgraded automatically."""

    packages: tuple[str, ...] = (
        "ca-certificates",
        "chrony",
        "dmidecode",  # the survey reads the equipment record and the memory slots with it, as with
        "iputils-ping",  # the way to the archive,
        "nftables",
        "pciutils",  # graphics cards and network adapters,
        "prometheus-node-exporter",
        "rsync",  # copies the system before an upgrade, and back
        "smartmontools",  # and the drives' own health records
        "tzdata",
        "unattended-upgrades",
    )
    name: Name
    fqdn: DnsName
    address: IPv4Address
    os: OperatingSystem
    codename: Name
    machines: tuple[MachineName, ...]
    zone: Line
    time_servers: tuple[DnsName, ...]
    ca_name: Name
    administration: tuple[IPv4Network, ...]
    monitoring: tuple[IPv4Network, ...]
    granted: tuple[GrantedPort, ...]
    web_port: Port | None = Field(
        None, description="an archive's web door: REST for administration, /metrics for monitoring"
    )
    windows: tuple[UpgradeWindow, ...]
    journal_size: Line = Field("1G", description="disk that the journal may use, in journald's words")
    ssh_user: Name
    ssh_port: Port
    mirror: Line | None = None
    security_mirror: Line | None = None

    @classmethod
    def of(cls, site: Site, host: Host) -> "Variables":
        """The variables of `host`; pure."""
        ssh = host.ssh or site.ssh
        return cls(
            name=host.name,
            fqdn=fqdn_of(site, host),
            address=host.address,
            os=host.os,
            codename=CODENAMES[host.os],
            machines=_neighbours(site, host),
            zone=site.time.zone,
            time_servers=site.time.servers,
            ca_name=site.name,
            administration=_whole(site.access.administration),
            monitoring=_whole(site.access.monitoring),
            granted=tuple(
                GrantedPort(port=port, addresses=addresses)
                for port, addresses in ports_granted(site, host.name).items()
            ),
            web_port=host.archive.web_port if host.archive is not None else None,
            windows=tuple(
                _upgrade_window(window) for window in site.windows if host.name in window.hosts or not window.hosts
            ),
            ssh_user=ssh.user,
            ssh_port=ssh.port,
            mirror=site.packages.mirror,
            security_mirror=site.packages.security_mirror,
        )


def _whole(networks: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    """The same addresses in networks that do not overlap: nftables refuses a set in which two do."""
    return tuple(collapse_addresses(networks))


def _neighbours(site: Site, host: Host) -> tuple[MachineName, ...]:
    """The host itself and every machine that a route connects with it, by name. Not the whole site: in one of
    10,000 hosts each would carry 10,000 lines, and who has no route to a host does not need its name there."""
    ends: dict[str, Host | Peer] = {host.name: host}
    for grant in (*grants(site, to=host.name), *grants(site, by=host.name)):
        ends[grant.source.name] = grant.source
        ends[grant.target.name] = grant.target
    return tuple(
        MachineName(address=end.address, fqdn=fqdn_of(site, end), name=name) for name, end in sorted(ends.items())
    )


def _upgrade_window(window: Window) -> UpgradeWindow:
    minutes = (_minute(window.end) - _minute(window.start)) % 1440 or 1440
    return UpgradeWindow(days=window.days, start=window.start, minutes=minutes)


def _minute(time: TimeOfDay) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
