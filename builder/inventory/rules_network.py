"""Rules about networks, addresses and ports."""

from collections.abc import Iterator

from builder.inventory.rules_case import Case, FieldPath, Found
from builder.inventory.rules_names import doubles
from builder.models.site import Host, Network

_POSTGRESQL, _ORTHANC_HTTP, _NODE_EXPORTER = 5432, 8042, 9100
_SMALLEST = 30  # prefix length that still leaves a gateway and one host


def network_names_are_unique(case: Case) -> Iterator[Found]:
    """Hosts name their network, so a name means one network."""
    names = ((("networks", number, "name"), network.name) for number, network in enumerate(case.site.networks))
    for path, name, _ in doubles(names):
        yield path, f"the network name {name} is taken", "give each network its own name"


def networks_are_apart(case: Case) -> Iterator[Found]:
    """No address belongs to two networks."""
    ordered = sorted(enumerate(case.site.networks), key=lambda pair: (pair[1].address.network_address, pair[0]))
    widest: Network | None = None
    for number, network in ordered:
        if widest is not None and network.address.network_address <= widest.address.broadcast_address:
            what = f"{network.address} overlaps network {widest.name} ({widest.address})"
            yield ("networks", number, "address"), what, "give the networks addresses of their own"
        if widest is None or network.address.broadcast_address > widest.address.broadcast_address:
            widest = network


def networks_can_hold_hosts(case: Case) -> Iterator[Found]:
    """A network has room for a gateway and a host, and its gateway is an address of its own."""
    for number, network in enumerate(case.site.networks):
        path: FieldPath = ("networks", number)
        if network.address.prefixlen > _SMALLEST:
            what = f"{network.address} has no room for a gateway and a host"
            yield (*path, "address"), what, f"write a prefix length of at most {_SMALLEST}"
        elif network.gateway not in network.address:
            what = f"the gateway {network.gateway} is not in {network.address}"
            yield (*path, "gateway"), what, f"write an address of {network.address}"
        elif network.gateway in (network.address.network_address, network.address.broadcast_address):
            what = f"the gateway {network.gateway} is the first or last address of {network.address}"
            yield (*path, "gateway"), what, "no machine may have those: write an address between the two"


def addresses_are_unique(case: Case) -> Iterator[Found]:
    """One address, one machine."""
    owners = {end.address: end.name for _, end in reversed(case.ends)}
    for path, address, _ in doubles(((*path, "address"), end.address) for path, end in case.ends):
        yield path, f"the address {address} is taken by {owners[address]}", "give each machine its own address"


def addresses_fit_their_network(case: Case) -> Iterator[Found]:
    """A machine's network exists and holds its address, which is neither the gateway's nor the network's own."""
    networks = {network.name: network for network in reversed(case.site.networks)}
    for path, end in case.ends:
        network = networks.get(end.network)
        if network is None:
            known = ", ".join(networks) if len(networks) <= 10 else f"{len(networks)} others"
            yield (*path, "network"), f"{end.name} is in a network {end.network} that is not written", f"known: {known}"
        elif end.address not in network.address:
            what = f"{end.address} of {end.name} is not in network {network.name} ({network.address})"
            yield (*path, "address"), what, "correct the address or the network"
        elif end.address == network.gateway:
            what = f"{end.address} of {end.name} is the gateway of network {network.name}"
            yield (*path, "address"), what, "choose another address"
        elif end.address in (network.address.network_address, network.address.broadcast_address):
            what = f"{end.address} of {end.name} is the first or last address of {network.address}"
            yield (*path, "address"), what, "no machine may have those: choose an address between the two"


def _ssh_port(case: Case, host: Host) -> tuple[str, int, FieldPath]:
    if host.ssh is not None:
        return "SSH", host.ssh.port, ("ssh", "port")
    return "SSH", case.site.ssh.port, ()


def _services(case: Case, host: Host) -> list[tuple[str, int, FieldPath]]:
    """(service, TCP port, place below the host where the site chose the port)."""
    services = [_ssh_port(case, host), ("node exporter", _NODE_EXPORTER, ())]
    if host.ae is not None:
        services.append(("DICOM", host.ae.port, ("ae", "port")))
    if host.archive is not None:
        services += [
            ("PostgreSQL", _POSTGRESQL, ()),
            ("Orthanc's own HTTP", _ORTHANC_HTTP, ()),
            ("the web door", host.archive.web_port, ("archive", "web_port")),
        ]
    return services


def ports_do_not_clash(case: Case) -> Iterator[Found]:
    """Every service of a host has a TCP port of its own."""
    for path, host in case.hosts:
        taken: dict[int, str] = {}
        for service, port, place in sorted(_services(case, host), key=lambda one: bool(one[2])):
            if port in taken:
                what = f"{service} of {host.name} wants port {port}, which {taken[port]} has"
                yield (*path, *place), what, "choose another port"
            else:
                taken[port] = service


def stand_in_ports_do_not_clash(case: Case) -> Iterator[Found]:
    """A stand-in is driven over SSH, so its AE needs another port."""
    for path, peer in case.peers:
        if peer.stand_in and peer.ae is not None and peer.ae.port == case.site.ssh.port:
            what = f"{peer.name} is to be played in the lab, and its AE wants port {peer.ae.port}, which SSH has"
            yield (*path, "ae", "port"), what, "choose another port, or remove `stand_in:`"


def mirrors_are_addresses(case: Case) -> Iterator[Found]:
    """A package mirror is an address that apt understands, and holds no password."""
    for field in ("mirror", "security_mirror"):
        address = getattr(case.site.packages, field)
        if address is None:
            continue
        if not address.startswith(("http://", "https://", "file:/")) or " " in address:
            yield (
                ("packages", field),
                "this is not the address of a mirror",
                "begin it with http://, https:// or file:/",
            )
        elif "@" in address.partition("://")[2].partition("/")[0]:
            yield ("packages", field), "a user or password is written into the address", "let the mirror in by address"
