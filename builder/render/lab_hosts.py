"""Site -> the hosts that the lab boots: what pacsmith builds, and the stand-ins that play peers. Pure."""

from typing import Literal

from pydantic import Field

from builder.models.base import Model
from builder.models.display import Display
from builder.models.site import Host, HostClass, Network, OperatingSystem, Site

STAND_IN_OS: OperatingSystem = "debian-13"


class LabHost(Model):
    """One host of the lab: `address` with its prefix length (10.78.0.11/24), `network` as named in the site."""

    name: str
    kind: Literal["host", "stand_in"]
    os: OperatingSystem
    network: str
    address: str
    gateway: str
    host_class: HostClass | None = None
    displays: tuple[Display, ...] = Field((), description="panels that the lab hangs on it, since it has none")


def _lab_host(
    name: str, kind: Literal["host", "stand_in"], os: OperatingSystem, network: Network, address: str
) -> LabHost:
    return LabHost(
        name=name,
        kind=kind,
        os=os,
        network=network.name,
        address=f"{address}/{network.address.prefixlen}",
        gateway=str(network.gateway),
    )


def _panels(host: Host) -> tuple[Display, ...]:
    """The site's displays of a host whose X.org draws into memory; a real graphics card finds panels of its own."""
    settings = host.workstation or host.thin_client
    return settings.displays if settings is not None and settings.graphics == "dummy" else ()


def lab_hosts(site: Site) -> tuple[LabHost, ...]:
    """Every host that the lab boots for `site`, sorted by name; peers without `stand_in` have none."""
    networks = {network.name: network for network in site.networks}
    hosts = [
        _lab_host(h.name, "host", h.os, networks[h.network], str(h.address)).model_copy(
            update={"host_class": h.host_class, "displays": _panels(h)}
        )
        for h in site.hosts
    ]
    stand_ins = [
        _lab_host(p.name, "stand_in", STAND_IN_OS, networks[p.network], str(p.address))
        for p in site.peers
        if p.stand_in
    ]
    return tuple(sorted([*hosts, *stand_ins], key=lambda host: host.name))
