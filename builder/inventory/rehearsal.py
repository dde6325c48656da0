"""The site of a rehearsal: one host as it is, in the lab, with those who talk to it as stand-ins (pure)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from builder.errors import BadInput
from builder.models.secret import SecretReference
from builder.models.site import Access, CertificateAuthority, Host, Network, Peer, Site, SshAccess, Upgrades

SUFFIX = "-rehearsal"
_NETWORK = "rehearsal"
_RATE = 1.0
"""Images a second, at least: the lab is alive."""


def rehearsal_site(site: Site, name: str) -> Site:
    """The host called `name`, in stage test, and every machine to which a route joins it, all in the network that the
    site keeps for rehearsals; own CA, own secrets, no calendar. Raises BadInput when they do not fit into it."""
    host = next(one for one in site.hosts if one.name == name)
    routes = tuple(one for one in site.routes if name in {one.from_, one.to})
    ends = {end for one in routes for end in (one.from_, one.to)} - {name}
    network = site.upgrades.rehearsal_network
    addresses = dict(zip((name, *sorted(ends)), _addresses(network), strict=False))
    if len(addresses) < len(ends) + 1:
        raise BadInput(f"upgrades.rehearsal_network: {network} has no room for {name} and {len(ends)} others")
    gateway = next(network.hosts())
    own = f".pacsmith/{site.name}{SUFFIX}"
    return site.model_copy(
        update={
            "name": f"{site.name}{SUFFIX}",
            "ssh": SshAccess(),
            "access": Access(administration=(IPv4Network(gateway),), monitoring=(IPv4Network(gateway),)),
            "vault": None if site.vault is None else site.vault.model_copy(
                update={
                    "file": f"{own}/secrets.yml",
                    "password": type(site.vault.password)(file=f"{own}/vault-password"),
                }
            ),
            "ca": CertificateAuthority(common_name="Rehearsal CA", key=SecretReference(vault="ca_key")),
            "ledger": None,
            "networks": (Network(name=_NETWORK, address=network, gateway=gateway),),
            "hosts": (_moved_host(host, addresses[name]),),
            "peers": tuple(_stand_in(site.end(end), addresses[end]) for end in sorted(ends)),
            "routes": routes,
            "windows": (),
            "peak_hours": (),
            "together": (),
            "upgrades": Upgrades(),
        }
    )  # fmt: skip


def _addresses(network: IPv4Network) -> Iterable[IPv4Address]:
    """All but the first, which is the gateway's."""
    hosts = network.hosts()
    next(hosts)
    return hosts


def _moved_host(host: Host, address: IPv4Address) -> Host:
    """How fast this machine's lab stores says nothing of the host."""
    archive = host.archive and host.archive.model_copy(update={"minimum_store_rate": _RATE})
    return host.model_copy(update={"network": _NETWORK, "address": address, "stage": "test", "archive": archive})


def _stand_in(end: Host | Peer, address: IPv4Address) -> Peer:
    if isinstance(end, Peer):
        return end.model_copy(update={"network": _NETWORK, "address": address, "stand_in": end.ae is not None})
    kind = "archive" if end.host_class == "archive" else "workstation"
    return Peer(
        name=end.name, kind=kind, network=_NETWORK, address=address, location=end.location, ae=end.ae,
        stand_in=end.ae is not None,
    )  # fmt: skip
