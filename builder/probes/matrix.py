"""The complete list of questions that a site's routes raise: every grant, and the refusal of everything else. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from builder.inventory.players import speaks
from builder.inventory.registry import Grant, grants
from builder.models.site import Host, Operation, Peer, Site
from builder.probes.matrix_between import between
from builder.probes.matrix_refused import refusals
from builder.probes.question import Question

_EXPECT: dict[Operation, str] = {
    "echo": "C-ECHO is answered with success",
    "store": "every synthetic image is stored in its own transfer syntax, data set equal byte for byte",
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
    for host in sorted(site.hosts, key=lambda host: host.name):
        if _among(hosts, host):
            found += _about(site, host, hosts)
    found += between(site, hosts)
    for grant in grants(site):
        if isinstance(grant.source, Host) or not _among(hosts, grant.target):
            continue
        if not (isinstance(grant.target, Host) and grant.target.archive is not None):
            found += _attested(site, grant, f"{grant.target.name} is no archive that pacsmith builds")
    return tuple({question.subject: question for question in found}.values())


def _among(hosts: frozenset[str] | None, end: Host | Peer) -> bool:
    return hosts is None or end.name in hosts


def _about(site: Site, host: Host, hosts: frozenset[str] | None) -> Iterator[Question]:
    if host.archive is None:
        yield from _of_station(site, host, hosts)
        return
    incoming = grants(site, to=host.name)
    for grant in incoming:
        yield from _granted(site, grant, hosts)
    yield from refusals(site, host, incoming, hosts)
    yield from _registry(site, host)
    yield _restore(host)
    for grant in grants(site, by=host.name):
        if not (isinstance(grant.target, Host) and grant.target.archive):
            yield from _outgoing(site, grant, hosts)
    yield from _unsent(site, host, hosts)


def _of_station(site: Site, station: Host, hosts: frozenset[str] | None) -> Iterator[Question]:
    """A station's own ways to and from archives: asked here only where the archive itself is not verified."""
    for grant in grants(site, by=station.name):
        if not (isinstance(grant.target, Host) and grant.target.archive):
            yield from _outgoing(site, grant, hosts)
        elif not _among(hosts, grant.target):
            for question in _granted(site, grant, hosts):
                yield replace(question, about=station.name)
    for grant in grants(site, to=station.name):
        if isinstance(grant.source, Host) and grant.source.archive and not _among(hosts, grant.source):
            for question in _outgoing(site, grant, hosts):
                yield replace(question, about=station.name)


def _apart(hosts: frozenset[str] | None, end: Host | Peer) -> str:
    """Why a station of ours is not asked in this run; empty when it is."""
    if isinstance(end, Peer) or end.archive is not None or _among(hosts, end):
        return ""
    return f"{end.name} is not among the hosts of this verification; verify both together"


def _route(grant: Grant) -> str:
    return f"site: route {grant.source.name} -> {grant.target.name} [{', '.join(grant.may)}]"


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


def _granted(site: Site, grant: Grant, hosts: frozenset[str] | None) -> Iterator[Question]:
    if isinstance(grant.source, Host) and grant.source.archive is not None:
        return  # asked among archives
    why = (
        _apart(hosts, grant.source) if speaks(grant.source) else f"{grant.source.name} is not ours and has no stand-in"
    )
    if why:
        yield from _attested(site, grant, why)
        return
    for operation in grant.may:
        yield Question(
            subject=f"{grant.source.name} -> {grant.target.name}: {operation}", ask=operation,
            origin=grant.source.name, target=grant.target.name, expected=_EXPECT[operation], source=_route(grant),
            phase="write" if operation in ("echo", "store") else "read",
        )  # fmt: skip
    viewer = grant.target.archive.viewer if isinstance(grant.target, Host) and grant.target.archive else None
    if viewer is not None and grant.web:
        yield Question(
            subject=f"{grant.source.name} -> {grant.target.name}: web viewer", ask="viewer", origin=grant.source.name,
            target=grant.target.name, phase="read", source=f"site: {grant.target.name}, archive.viewer",
            expected=f"{viewer.product} {viewer.version} arrives as it lies in the depot, kept apart from other "
            "origins (COOP, COEP), with settings that name this archive alone",
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


def _outgoing(site: Site, grant: Grant, hosts: frozenset[str] | None) -> Iterator[Question]:
    """What our own host may do to a peer or station: asked where the other end can say what it received."""
    for operation in grant.may:
        why = _apart(hosts, grant.target) or _no_probe(grant, operation)
        yield Question(
            subject=f"{grant.source.name} -> {grant.target.name}: {operation}",
            ask="attest" if why else f"send-{operation}", origin=grant.source.name,
            target=grant.target.name, expected=_SEND.get(operation, _EXPECT[operation]), source=_route(grant),
            phase="read", about=grant.source.name,
            detail=why, attest=_who_attests(site, grant.target) if why else None,
        )  # fmt: skip


def _unsent(site: Site, archive: Host, hosts: frozenset[str] | None) -> Iterator[Question]:
    """Where no DICOM route leads from an archive, it cannot send, although it knows the peer that may ask it."""
    reached = {grant.target.name for grant in grants(site, by=archive.name) if grant.dicom}
    for grant in grants(site, to=archive.name):
        peer = grant.source
        asked = speaks(peer) and not _apart(hosts, peer)
        if asked and peer.ae and grant.dicom and peer.name not in reached:
            yield Question(
                subject=f"{archive.name} -> {peer.name}: store refused", ask="send-refused", origin=archive.name,
                target=peer.name, expected=f"no image that {archive.name} is told to send comes to {peer.name}",
                source=f"site: no route {archive.name} -> {peer.name} grants it", about=archive.name,
            )  # fmt: skip


def _no_probe(grant: Grant, operation: Operation) -> str:
    """Why no probe can tell whether our own host does this at the target; empty when one can."""
    if not speaks(grant.target):
        return f"{grant.target.name} is not ours and has no stand-in"
    if operation not in _SEND or not (isinstance(grant.source, Host) and grant.source.archive):
        return f"no probe makes {grant.source.name} ask {grant.target.name} for {operation}"
    if operation == "echo" and isinstance(grant.target, Host):
        return f"the viewer of {grant.target.name} takes associations only while it fetches a study"
    return ""


_SEND: dict[Operation, str] = {
    "echo": "the archive's C-ECHO is answered by the peer",
    "store": "the archive's C-STORE reaches the peer, data set equal byte for byte",
    "commit": "the archive's storage commitment report reaches the peer at its AE's address and port",
}


def _restore(archive: Host) -> Question:
    return Question(
        subject=f"{archive.name}: backup and restore", ask="restore", origin=archive.name, target=archive.name,
        source="role archive: backup", phase="restore", kind="check", about=archive.name,
        expected="the newest backup is of last night, and a restore of it gave every count and stored file as recorded",
    )  # fmt: skip


def _registry(site: Site, archive: Host) -> Iterator[Question]:
    reached = {grant.target.name for grant in grants(site, by=archive.name) if grant.dicom}
    for name in joined_titles(site, archive.name).values():
        yield Question(
            subject=f"{archive.name}: AE registry, {name}", ask="registry", origin=archive.name, target=name,
            source=f"site: {name}", phase="read", kind="check", about=archive.name,
            detail="reached" if name in reached else "", expected=registry_entry(site.end(name), name in reached),
        )  # fmt: skip
    yield Question(
        subject=f"{archive.name}: AE registry, nobody else", ask="strangers", origin=archive.name,
        target=archive.name, source="site: routes", phase="read", kind="check", about=archive.name,
        expected="no AE beside those that the site's routes name",
    )  # fmt: skip


def joined_titles(site: Site, host: str) -> dict[str, str]:
    """AE title -> name of every machine that a DICOM route joins with `host`, in either direction; sorted by name."""
    ends = {
        end.name: end.ae.title
        for grant in (*grants(site, to=host), *grants(site, by=host))
        if grant.dicom
        for end in (grant.source, grant.target)
        if end.name != host and end.ae is not None
    }
    return {title: name for name, title in sorted(ends.items())}


def registry_entry(end: Host | Peer, reached: bool) -> str:
    """How an archive must know `end`. The port counts only where a route lets the archive send something there."""
    assert end.ae is not None
    if not reached:
        return f"{end.ae.title} at {end.address}"
    return f"{end.ae.title} at {end.address}:{end.ae.port}" + (" with TLS" if end.ae.tls else "")
