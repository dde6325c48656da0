"""The questions about what must be refused: everything that no route grants. Pure."""

from collections.abc import Iterator

from builder.inventory.players import Player, players
from builder.inventory.registry import Grant
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, ApplicationEntity, Host, Peer, Site
from builder.probes.question import Question

CONTROLLER = "controller"
UNKNOWN_TITLE = "PACSMITH_NOBODY"
WRONG_TITLE = "PACSMITH_WRONG"
ORTHANC_PORT, POSTGRESQL_PORT, HTTP_PORT = 8042, 5432, 80
STRANGER = "DICOM TLS with a self-signed certificate"
ANONYMOUS = "DICOM TLS without a certificate"
PLAIN = "plain DICOM"


def askers(site: Site, incoming: tuple[Grant, ...], hosts: frozenset[str] | None) -> list[Player]:
    """Who tries what an archive must refuse, `incoming` being the grants to it: every stand-in; of the stations among
    `hosts` (None: all) those that a route joins with it, and one for all others, which meet the same closed ports."""
    known = {grant.source.name for grant in incoming}
    everyone = [end for end in players(site) if isinstance(end, Peer) or hosts is None or end.name in hosts]
    joined = [end for end in everyone if isinstance(end, Peer) or end.name in known]
    others = [end for end in everyone if isinstance(end, Host) and end.name not in known]
    return sorted([*joined, *others[:1]], key=lambda end: end.name)


def refusals(
    site: Site, archive: Host, incoming: tuple[Grant, ...], hosts: frozenset[str] | None = None
) -> Iterator[Question]:
    """Every refusal that `archive` owes, `incoming` being the grants to it; stations ask only when among `hosts`."""
    asking = askers(site, incoming, hosts)
    if archive.ae is not None:
        yield from _dicom(asking, archive, archive.ae, incoming)
    yield from _web(asking, archive, incoming)
    yield from _closed(archive, asking)
    yield from _administration(archive)


def _dicom(
    asking: list[Player], archive: Host, entity: ApplicationEntity, incoming: tuple[Grant, ...]
) -> Iterator[Question]:
    granted = {grant.source.name: grant.dicom for grant in incoming}
    titles = sorted(
        {end.ae.title: end.name for grant in incoming if grant.dicom for end in [grant.source] if end.ae}.items()
    )
    tls_asked = False
    for peer in asking:
        may = granted.get(peer.name, ())
        if not may:
            yield _port_closed(peer.name, archive, entity.port, "AE port")
            continue
        if peer.ae is None:
            continue
        for operation in DICOM_OPERATIONS:
            if operation not in may:
                yield _refused(peer, archive, operation, f"{operation} refused", f"the archive refuses {operation}")
        yield _refused(peer, archive, "called-title", "wrong called AE title refused",
                       f"an association to {WRONG_TITLE} is rejected", UNKNOWN_TITLE)  # fmt: skip
        yield _refused(peer, archive, "calling-title", "unknown calling AE title refused",
                       f"an association from {UNKNOWN_TITLE} is rejected", UNKNOWN_TITLE)  # fmt: skip
        foreign = [(title, owner) for title, owner in titles if owner != peer.name]
        # Stations may be hundreds: each tries one title of another, where a stand-in tries them all.
        for title, owner in foreign[:1] if isinstance(peer, Host) else foreign:
            yield _refused(peer, archive, "calling-title", f"AE title of {owner} refused",
                               f"an association as {title} from {peer.name} is rejected", title)  # fmt: skip
        if entity.tls and not tls_asked:
            tls_asked = True
            for detail, expected in _TLS_REFUSALS.items():
                yield _refused(peer, archive, "tls", f"{detail} refused", expected, detail)


_TLS_REFUSALS = {
    ANONYMOUS: "a TLS client without a certificate gets no association",
    PLAIN: "an association without TLS on the TLS port is refused",
    STRANGER: "a TLS client with a certificate that the site CA did not sign gets no association",
}


def _refused(  # noqa: PLR0917 - who, to whom, what: read as the row of a table
    origin: Player, archive: Host, ask: str, what: str, expected: str, detail: str = ""
) -> Question:
    return Question(
        subject=f"{origin.name} -> {archive.name}: {what}", ask=f"refuse-{ask}", origin=origin.name,
        target=archive.name, expected=expected, source=_none(origin.name, archive.name), detail=detail,
    )  # fmt: skip


def _port_closed(origin: str, archive: Host, port: int, what: str) -> Question:
    return Question(
        subject=f"{origin} -> {archive.name}: {what} {port} closed", ask="closed", origin=origin, target=archive.name,
        expected=f"no connection from {origin} to port {port}", source=_none(origin, archive.name), detail=str(port),
    )  # fmt: skip


def _web(asking: list[Player], archive: Host, incoming: tuple[Grant, ...]) -> Iterator[Question]:
    assert archive.archive is not None
    web = {grant.source.name: grant.web for grant in incoming}
    guests = [peer for peer in asking if web.get(peer.name)]
    for peer in asking:
        if not web.get(peer.name):
            yield _port_closed(peer.name, archive, archive.archive.web_port, "web port")
            continue
        for operation in WEB_OPERATIONS:
            if operation not in web[peer.name]:
                yield _refused(peer, archive, "web", f"{operation} refused",
                               f"{operation} from {peer.name} is refused with 403", operation)  # fmt: skip
    if not guests:
        return
    guest = guests[0]
    for what, expected in _WEB_DOOR.items():
        yield _refused(guest, archive, "web-door", f"{what} refused", expected, what)
    for user in archive.archive.users:
        may = [operation for operation in web[guest.name] if operation in user.may]
        yield Question(
            subject=f"{guest.name} -> {archive.name}: rights of web user {user.name}", ask="user-rights",
            origin=guest.name, target=archive.name, source=f"site: {archive.name}, archive.users",
            expected=f"{user.name} may do exactly: {', '.join(may) or 'nothing'} (of {', '.join(web[guest.name])})",
            detail=user.name,
        )  # fmt: skip


_WEB_DOOR = {
    "no password": "a request without a password is refused with 401",
    "wrong password": "a request with a wrong password is refused with 401",
    "plain HTTP": "plain HTTP on the web port gets no answer from the archive",
}


def _closed(archive: Host, guests: list[Player]) -> Iterator[Question]:
    assert archive.archive is not None
    ports = [(HTTP_PORT, "HTTP port"), (ORTHANC_PORT, "Orthanc's own port"), (POSTGRESQL_PORT, "PostgreSQL port")]
    for guest in guests[:1]:
        for port, what in ports:
            yield _port_closed(guest.name, archive, port, what)
    for port, what in [*([(archive.ae.port, "AE port")] if archive.ae else []), *ports[1:]]:
        yield _port_closed(CONTROLLER, archive, port, what)


def _none(origin: str, target: str) -> str:
    return f"site: no route {origin} -> {target} grants it"


def _administration(archive: Host) -> Iterator[Question]:
    """REST is for administrators: asked from the controller, which stands at one of their addresses."""
    assert archive.archive is not None
    source = f"site: access.administration; {archive.name}, archive.users"
    for user in archive.archive.users:
        may = "rest" in user.may
        yield Question(
            subject=f"{CONTROLLER} -> {archive.name}: REST as {user.name}" + ("" if may else " refused"), ask="rest",
            origin=CONTROLLER, target=archive.name, source=source, detail=user.name,
            expected="Orthanc's REST interface answers" if may else f"{user.name} is refused with 403",
        )  # fmt: skip
    if archive.archive.viewer is not None:
        yield Question(
            subject=f"{CONTROLLER} -> {archive.name}: web viewer refused", ask="refuse-viewer", origin=CONTROLLER,
            target=archive.name, source=_none(CONTROLLER, archive.name),
            expected="the web viewer's page from an address without a web route is refused with 403",
        )  # fmt: skip
    most = max(archive.archive.users, key=lambda user: len(user.may))
    yield Question(
        subject=f"{CONTROLLER} -> {archive.name}: DICOMweb refused", ask="refuse-dicomweb", origin=CONTROLLER,
        target=archive.name, source=_none(CONTROLLER, archive.name), detail=most.name,
        expected="DICOMweb from an administrator's address that no route names is refused with 403",
    )  # fmt: skip
