"""The AE registry: which title answers where, and who may do what to it. Everything follows from the site's routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from builder.inventory.index import all_ends, site_index
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, Host, Operation, Peer, Site

_ORDER: Mapping[str, int] = {operation: place for place, operation in enumerate((*DICOM_OPERATIONS, *WEB_OPERATIONS))}


@dataclass(frozen=True, slots=True)
class AeRow:
    """One application entity. `kind` is a host's class or a peer's kind."""

    title: str
    machine: str
    address: IPv4Address
    port: int
    tls: bool
    kind: str
    location: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What `source` may do to `target`; all routes between the two together, in a fixed order."""

    source: Host | Peer
    target: Host | Peer
    may: tuple[Operation, ...]

    @property
    def dicom(self) -> tuple[Operation, ...]:
        """The granted operations that use an association."""
        return tuple(operation for operation in self.may if operation in DICOM_OPERATIONS)

    @property
    def web(self) -> tuple[Operation, ...]:
        """The granted operations that use DICOMweb."""
        return tuple(operation for operation in self.may if operation in WEB_OPERATIONS)


def ae_table(site: Site) -> tuple[AeRow, ...]:
    """Every application entity of the site, sorted by title, then machine."""
    rows = [
        AeRow(
            title=end.ae.title,
            machine=end.name,
            address=end.address,
            port=end.ae.port,
            tls=end.ae.tls,
            kind=end.host_class if isinstance(end, Host) else end.kind,
            location=end.location,
        )
        for end in all_ends(site)
        if end.ae is not None
    ]
    return tuple(sorted(rows, key=lambda row: (row.title, row.machine)))


def grants(site: Site, *, to: str | None = None, by: str | None = None) -> tuple[Grant, ...]:
    """The grants to `to`, or from `by`, or between the two, or all; sorted by the names of the ends.

    A route whose end does not exist grants nothing (the site's rules refuse it anyway).
    """
    index = site_index(site)
    if to is not None:
        routes = index.routes_to.get(to, ())
    elif by is not None:
        routes = index.routes_from.get(by, ())
    else:
        routes = site.routes
    merged: dict[tuple[str, str], set[Operation]] = {}
    for route in routes:
        if (by is None or route.from_ == by) and route.from_ in index.ends and route.to in index.ends:
            merged.setdefault((route.from_, route.to), set()).update(route.may)
    return tuple(
        Grant(index.ends[source], index.ends[target], tuple(sorted(may, key=_ORDER.__getitem__)))
        for (source, target), may in sorted(merged.items())
    )


def ports_granted(site: Site, host_name: str) -> dict[int, tuple[IPv4Address, ...]]:
    """TCP port -> addresses that a route lets in, both sorted: the AE's port for DICOM, the web port for DICOMweb."""
    open_to: dict[int, set[IPv4Address]] = {}
    for grant in grants(site, to=host_name):
        target = grant.target
        if grant.dicom and target.ae is not None:
            open_to.setdefault(target.ae.port, set()).add(grant.source.address)
        if grant.web and isinstance(target, Host) and target.archive is not None:
            open_to.setdefault(target.archive.web_port, set()).add(grant.source.address)
    return {port: tuple(sorted(addresses)) for port, addresses in sorted(open_to.items())}
