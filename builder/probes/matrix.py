"""The complete list of questions that a site's routes raise: every grant, and the refusal of everything else. Pure."""

from collections.abc import Iterator

from builder.inventory.registry import Grant, grants
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, ApplicationEntity, Host, Operation, Peer, Site
from builder.probes.question import Question

CONTROLLER = "controller"
UNKNOWN_TITLE = "PACSMITH_NOBODY"
WRONG_TITLE = "PACSMITH_WRONG"
ORTHANC_PORT, POSTGRESQL_PORT, HTTP_PORT = 8042, 5432, 80

_EXPECT: dict[Operation, str] = {
    "echo": "C-ECHO is answered with success",
    "store": "every synthetic image is stored in its own transfer syntax",
    "find": "a study search returns exactly the test study with its attributes, and nothing for another patient",
    "move": "C-MOVE to the mover's own AE delivers every image, data set equal byte for byte",
    "get": "C-GET delivers the images, data set equal byte for byte",
    "worklist": "a worklist item is found by its scheduled station and not by another",
    "commit": "storage commitment reports the stored image as safe and one never stored as failed",
    "qido": "QIDO-RS over TLS returns exactly the test study",
    "wado": "WADO-RS over TLS returns the data set and the frame, equal byte for byte",
    "stow": "STOW-RS over TLS stores an image that reads back equal",
}


def questions(site: Site, hosts: frozenset[str] | None = None) -> tuple[Question, ...]:
    """Everything to ask about `site`, or only about ways to and from `hosts`; in a fixed order, each subject once."""
    found: list[Question] = []
    for archive in sorted(site.hosts, key=lambda host: host.name):
        if hosts is None or archive.name in hosts:
            found += _about(site, archive)
    for grant in grants(site):
        if isinstance(grant.source, Host) or (hosts is not None and grant.target.name not in hosts):
            continue
        if not (isinstance(grant.target, Host) and grant.target.archive is not None):
            found += _attested(site, grant, f"{grant.target.name} is no archive that pacsmith builds")
    return tuple({question.subject: question for question in found}.values())


def _about(site: Site, archive: Host) -> Iterator[Question]:
    incoming = grants(site, to=archive.name)
    if archive.archive is not None:
        for grant in incoming:
            yield from _granted(site, grant)
        if archive.ae is not None:
            yield from _dicom_refusals(site, archive, archive.ae, incoming)
        yield from _web_refusals(site, archive, incoming)
        yield from _closed(archive, _stand_ins(site))
    for grant in grants(site, by=archive.name):
        yield from _outgoing(site, grant)


def _stand_ins(site: Site) -> list[Peer]:
    return sorted((peer for peer in site.peers if peer.stand_in), key=lambda peer: peer.name)


def _route(grant: Grant) -> str:
    return f"site: route {grant.source.name} -> {grant.target.name} [{', '.join(grant.may)}]"


def _none(origin: str, target: str) -> str:
    return f"site: no route {origin} -> {target} grants it"


def _who_attests(site: Site, end: Host | Peer) -> str:
    answers = [person for person in site.contacts if "PACS" in person.duty] or list(site.contacts)
    return f"{answers[0].name} ({answers[0].duty}), at {end.name} ({end.location})"


def _attested(site: Site, grant: Grant, why: str) -> Iterator[Question]:
    for operation in grant.may:
        yield Question(
            subject=f"{grant.source.name} -> {grant.target.name}: {operation}", ask="attest", origin=grant.source.name,
            target=grant.target.name, expected=_EXPECT[operation], source=_route(grant), detail=why, phase="read",
            attest=_who_attests(site, grant.source),
        )  # fmt: skip


def _granted(site: Site, grant: Grant) -> Iterator[Question]:
    if isinstance(grant.source, Peer) and not grant.source.stand_in:
        yield from _attested(site, grant, f"{grant.source.name} is not ours and has no stand-in")
        return
    if isinstance(grant.source, Host):
        return  # asked as that host's outgoing route
    for operation in grant.may:
        yield Question(
            subject=f"{grant.source.name} -> {grant.target.name}: {operation}", ask=operation,
            origin=grant.source.name, target=grant.target.name, expected=_EXPECT[operation], source=_route(grant),
            phase="write" if operation in ("echo", "store") else "read",
        )  # fmt: skip
    if "store" in grant.may and grant.target.ae is not None and _first_storer(site, grant.target.name) == grant.source:
        yield _rate(grant)


def _first_storer(site: Site, target: str) -> Host | Peer | None:
    for grant in grants(site, to=target):
        if "store" in grant.may and isinstance(grant.source, Peer) and grant.source.stand_in:
            return grant.source
    return None


def _rate(grant: Grant) -> Question:
    assert isinstance(grant.target, Host) and grant.target.archive is not None
    rate = grant.target.archive.minimum_store_rate
    return Question(
        subject=f"{grant.source.name} -> {grant.target.name}: store rate", ask="rate", origin=grant.source.name,
        target=grant.target.name, expected=f"at least {rate:g} images of 128 kB a second over one association",
        source=f"site: {grant.target.name}, archive.minimum_store_rate", phase="rate", detail=f"{rate:g}",
    )  # fmt: skip


def _dicom_refusals(
    site: Site, archive: Host, entity: ApplicationEntity, incoming: tuple[Grant, ...]
) -> Iterator[Question]:
    granted = {grant.source.name: grant.dicom for grant in incoming}
    titles = sorted(
        {end.ae.title: end.name for grant in incoming if grant.dicom for end in [grant.source] if end.ae}.items()
    )
    tls_asked = False
    for peer in _stand_ins(site):
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
        for title, owner in titles:
            if owner != peer.name:
                yield _refused(peer, archive, "calling-title", f"AE title of {owner} refused",
                               f"an association as {title} from the address of {peer.name} is rejected", title)  # fmt: skip
        if entity.tls and not tls_asked:
            tls_asked = True
            for detail, expected in _TLS_REFUSALS.items():
                yield _refused(peer, archive, "tls", f"{detail} refused", expected, detail)


_TLS_REFUSALS = {
    "DICOM TLS without a certificate": "a TLS client without a certificate gets no association",
    "plain DICOM": "an association without TLS on the TLS port is refused",
    "DICOM TLS with a self-signed certificate": "a TLS client whose certificate the site CA did not sign gets no association",
}


def _refused(origin: Peer, archive: Host, ask: str, what: str, expected: str, detail: str = "") -> Question:
    return Question(
        subject=f"{origin.name} -> {archive.name}: {what}", ask=f"refuse-{ask}", origin=origin.name,
        target=archive.name, expected=expected, source=_none(origin.name, archive.name), detail=detail,
    )  # fmt: skip


def _port_closed(origin: str, archive: Host, port: int, what: str) -> Question:
    return Question(
        subject=f"{origin} -> {archive.name}: {what} {port} closed", ask="closed", origin=origin, target=archive.name,
        expected=f"no connection from {origin} to port {port}", source=_none(origin, archive.name), detail=str(port),
    )  # fmt: skip


def _web_refusals(site: Site, archive: Host, incoming: tuple[Grant, ...]) -> Iterator[Question]:
    assert archive.archive is not None
    web = {grant.source.name: grant.web for grant in incoming}
    guests = [peer for peer in _stand_ins(site) if web.get(peer.name)]
    for peer in _stand_ins(site):
        if not web.get(peer.name):
            yield _port_closed(peer.name, archive, archive.archive.web_port, "web port")
            continue
        for operation in WEB_OPERATIONS:
            if operation not in web[peer.name]:
                yield _refused(peer, archive, "web", f"{operation} refused",
                               f"{operation} from the address of {peer.name} is refused with 403", operation)  # fmt: skip
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


def _closed(archive: Host, guests: list[Peer]) -> Iterator[Question]:
    assert archive.archive is not None
    ports = [(HTTP_PORT, "HTTP port"), (ORTHANC_PORT, "Orthanc's own port"), (POSTGRESQL_PORT, "PostgreSQL port")]
    for guest in guests[:1]:
        for port, what in ports:
            yield _port_closed(guest.name, archive, port, what)
    for port, what in [*([(archive.ae.port, "AE port")] if archive.ae else []), *ports[1:]]:
        yield _port_closed(CONTROLLER, archive, port, what)


def _outgoing(site: Site, grant: Grant) -> Iterator[Question]:
    """What our own host may do to a peer: asked where the peer has a stand-in that can say what it received."""
    for operation in grant.may:
        played = isinstance(grant.target, Peer) and grant.target.stand_in
        known = operation in ("echo", "store", "commit") and isinstance(grant.source, Host) and grant.source.archive
        yield Question(
            subject=f"{grant.source.name} -> {grant.target.name}: {operation}",
            ask=f"send-{operation}" if played and known else "attest", origin=grant.source.name,
            target=grant.target.name, expected=_SEND.get(operation, _EXPECT[operation]), source=_route(grant),
            phase="read", detail="" if played and known else f"{grant.target.name} is not ours and has no stand-in",
            attest=_who_attests(site, grant.target),
        )  # fmt: skip
    if isinstance(grant.source, Host) and grant.source.archive and grant.target.ae:
        yield Question(
            subject=f"{grant.source.name}: AE registry, {grant.target.name}", ask="registry", origin=grant.source.name,
            target=grant.target.name, source=_route(grant), phase="read", kind="check",
            expected=f"{grant.target.ae.title} at {grant.target.address}:{grant.target.ae.port}"
            + (" with TLS" if grant.target.ae.tls else ""),
        )  # fmt: skip


_SEND: dict[Operation, str] = {
    "echo": "the archive's C-ECHO is answered by the peer",
    "store": "the archive's C-STORE reaches the peer, data set equal byte for byte",
    "commit": "the archive's storage commitment report reaches the peer at its AE's address and port",
}
