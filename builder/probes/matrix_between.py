"""The questions about ways between two archives of ours: every grant, and the refusal of the rest (pure)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from packaging.version import Version

from builder.inventory.registry import Grant, grants
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, Contact, Host, Operation, Site
from builder.probes.question import Question

GETS_SINCE = Version("1.12.6")  # the first Orthanc that asks for C-GET itself (Orthanc Book, "REST API", C-Get)

_EXPECT: dict[Operation, str] = {
    "echo": "its C-ECHO is answered with success",
    "store": "every synthetic image that it sends is kept by the other archive, data set equal byte for byte",
    "find": "its study search returns exactly the test study with its attributes, and nothing for another patient",
    "move": "its C-MOVE to its own AE brings every image, data set equal byte for byte",
    "get": "its C-GET brings every image of Explicit VR Little Endian, data set equal byte for byte",
    "commit": "the other archive reports the held image as safe and one never stored as failed",
    "qido": "QIDO-RS over TLS returns exactly the test study",
    "wado": "WADO-RS over TLS returns the data set and the frame, equal byte for byte",
    "stow": "STOW-RS over TLS stores an image that reads back equal",
}


def between(site: Site, hosts: frozenset[str] | None = None) -> Iterator[Question]:
    """Every way from one archive of ours to another, where one of the two is among `hosts` (None: all).

    Where only one of the two is, what keeps the other from being asked is for a person to attest: it is proven as soon
    as both are verified together. Archives that no route joins all meet the same closed ports; one speaks for them.
    """
    archives = sorted((host for host in site.hosts if host.archive is not None), key=lambda host: host.name)
    granted = {(grant.source.name, grant.target.name): grant for grant in grants(site)}
    for target in archives:
        others = [host for host in archives if host is not target]
        joined = [host for host in others
                  if (host.name, target.name) in granted or (target.name, host.name) in granted]  # fmt: skip
        strangers = [host for host in others if host not in joined and _all_in(hosts, host, target)]
        for origin in [*joined, *strangers[:1]]:
            if hosts is None or hosts & {origin.name, target.name}:
                yield from _way(site, granted, origin, target, hosts)


def _all_in(hosts: frozenset[str] | None, *ends: Host) -> bool:
    return hosts is None or hosts >= {end.name for end in ends}


def _way(
    site: Site, granted: Mapping[tuple[str, str], Grant], origin: Host, target: Host, hosts: frozenset[str] | None
) -> Iterator[Question]:
    grant = granted.get((origin.name, target.name))
    asked = [*_dicom(origin, target, grant), *_web(origin, target, grant)]
    absent = [end for end in (origin, target) if not _all_in(hosts, end)]
    for question in asked:
        about = target if question.phase == "refuse" else origin
        attest = attested_by(site.contacts, (absent or [about])[0]) if absent or question.ask == "attest" else None
        filed = next(end.name for end in (about, origin, target) if _all_in(hosts, end))
        yield replace(question, about=filed, attest=attest)


def attested_by(contacts: tuple[Contact, ...], end: Host) -> str:
    """Who answers for what cannot be asked at `end`."""
    answers = [person for person in contacts if "PACS" in person.duty] or list(contacts)
    return f"{answers[0].name} ({answers[0].duty}), at {end.name} ({end.location})"


def _dicom(origin: Host, target: Host, grant: Grant | None) -> Iterator[Question]:
    may = grant.dicom if grant else ()
    if target.ae is not None and not may:
        yield _closed(origin, target, target.ae.port, "AE port")
        return
    for operation in DICOM_OPERATIONS:
        silent = operation == "get" and Version(origin.product.version) < GETS_SINCE
        if operation in may:
            ask, subject, expected = f"between-{operation}", str(operation), _EXPECT[operation]
        else:
            ask, subject = f"between-refuse-{operation}", f"{operation} refused"
            expected = f"the archive refuses {operation} by {origin.name}'s own Orthanc"
        yield Question(
            subject=f"{origin.name} -> {target.name}: {subject}", ask="attest" if silent else ask, origin=origin.name,
            target=target.name, expected=expected, source=_source(origin, target, grant, operation in may),
            detail=f"Orthanc {origin.product.version} on {origin.name} cannot ask for C-GET" if silent else "",
            phase="read" if operation in may else "refuse",
        )  # fmt: skip


def _web(origin: Host, target: Host, grant: Grant | None) -> Iterator[Question]:
    assert target.archive is not None
    may = grant.web if grant else ()
    if not may:
        yield _closed(origin, target, target.archive.web_port, "web port")
        return
    for operation in WEB_OPERATIONS:
        if operation in may:
            ask, detail, subject, expected = str(operation), "", str(operation), _EXPECT[operation]
        else:
            ask, detail, subject = "refuse-web", operation, f"{operation} refused"
            expected = f"{operation} from {origin.name} is refused with 403"
        yield Question(
            subject=f"{origin.name} -> {target.name}: {subject}", ask=ask, origin=origin.name, target=target.name,
            expected=expected, source=_source(origin, target, grant, operation in may), detail=detail,
            phase="read" if operation in may else "refuse",
        )  # fmt: skip


def _source(origin: Host, target: Host, grant: Grant | None, granted: bool) -> str:
    if granted and grant is not None:
        return f"site: route {origin.name} -> {target.name} [{', '.join(grant.may)}]"
    return f"site: no route {origin.name} -> {target.name} grants it"


def _closed(origin: Host, target: Host, port: int, what: str) -> Question:
    return Question(
        subject=f"{origin.name} -> {target.name}: {what} {port} closed", ask="closed", origin=origin.name,
        target=target.name, expected=f"no connection from {origin.name} to port {port}",
        source=f"site: no route {origin.name} -> {target.name} grants it", detail=str(port),
    )  # fmt: skip
