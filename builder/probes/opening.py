"""Open the stage and leave it as it was: private folders removed, exactly the synthetic studies gone."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from builder.errors import PacsmithError
from builder.inventory import Inventory
from builder.inventory.players import speaks
from builder.models.site import WEB_OPERATIONS, Host, Peer, Site
from builder.probes.orthanc import Orthanc
from builder.probes.playing import Player, open_player
from builder.probes.samples import letters_of, make_sample, make_samples, patient_id
from builder.probes.stage import Stage
from builder.probes.web import STOW_FILE, multipart
from builder.survey.remote import Remote


@dataclass(frozen=True)
class StandInMaterial:
    """What a stand-in needs for TLS: the site CA, and a certificate of its own where its AE speaks DICOM TLS."""

    ca_pem: str
    certificate_pem: str | None = None
    key_pem: str | None = None


@contextmanager
def opened(
    stage: Stage,
    inventory: Inventory,
    hosts: frozenset[str],
    players: frozenset[str],
    material: Callable[[Peer], StandInMaterial],
) -> Iterator[Stage]:
    """Fill `stage`: archives and stations among `hosts`, stand-ins among `players`. What cannot be opened is noted in
    `absent`.

    At the end, also after an error or an interruption, the stand-ins' private folders are removed. Raises nothing of
    its own: questions to what is absent come out unknown.
    """
    with ExitStack() as kept:
        work: list[tuple[str, Callable[[], None]]] = []
        for machine in inventory.machines:
            if machine.host.name in hosts and speaks(machine.host):
                remote = kept.enter_context(Remote(machine.connection))
                given = StandInMaterial(stage.ca_pem)
                work.append((machine.host.name, _open_player(stage, machine.host, remote, given)))
            elif machine.host.name in hosts:
                remote = kept.enter_context(Remote(machine.connection))
                work.append((machine.host.name, _open_archive(stage, machine.host, remote)))
                if _is_web_client(stage.site, machine.host):
                    work.append((machine.host.name, _open_client(stage, machine.host, remote)))
        for stand_in in inventory.stand_ins:
            if stand_in.peer.name in players:
                remote = kept.enter_context(Remote(stand_in.connection))
                work.append((stand_in.peer.name, _open_player(stage, stand_in.peer, remote, material(stand_in.peer))))
        with ThreadPoolExecutor(8) as pool:
            for (name, _), fault in zip(work, pool.map(_tried, [step for _, step in work]), strict=True):
                if fault is not None:
                    stage.absent[name] = fault
        try:
            yield stage
        finally:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(_tried, [player.close for player in stage.players.values()]))


def _tried(work: Callable[[], None]) -> PacsmithError | None:
    try:
        work()
    except PacsmithError as fault:
        return fault
    except (OSError, ValueError) as fault:
        return PacsmithError(str(fault))
    return None


def _open_archive(stage: Stage, host: Host, remote: Remote) -> Callable[[], None]:
    def work() -> None:
        archive = Orthanc(host, remote)
        remote.run("true")  # the first word decides whether it can be reached at all
        stage.archives[host.name] = archive

    return work


def _is_web_client(site: Site, host: Host) -> bool:
    return any(route.from_ == host.name and not set(route.may).isdisjoint(WEB_OPERATIONS) for route in site.routes)


def _open_client(stage: Stage, host: Host, remote: Remote) -> Callable[[], None]:
    """An archive of ours as the client of another one's web door: curl on it, in a private folder."""

    def work() -> None:
        sample = make_sample(stage.run, host.name, letters_of(stage.site))
        files = {STOW_FILE: multipart(sample.content), "ca.pem": stage.ca_pem.encode()}
        client = host.model_copy(update={"ae": None})  # its own Orthanc speaks DICOM for it
        player = open_player(client, remote, files, tls=False)
        stage.stow[host.name], stage.players[host.name] = sample, player

    return work


def _open_player(stage: Stage, end: Host | Peer, remote: Remote, given: StandInMaterial) -> Callable[[], None]:
    def work() -> None:
        letters = letters_of(stage.site)
        samples = make_samples(stage.run, end.name, letters)
        web_sample = make_sample(stage.run, end.name, letters)
        files = {sample.file_name: sample.content for sample in samples}
        files |= {STOW_FILE: multipart(web_sample.content), "ca.pem": given.ca_pem.encode()}
        if given.certificate_pem is not None and given.key_pem is not None:
            files |= {"certificate.pem": given.certificate_pem.encode(), "key.pem": given.key_pem.encode()}
            files |= stranger_files()
        player: Player = open_player(end, remote, files, tls=given.key_pem is not None)
        stage.samples[end.name], stage.stow[end.name] = samples, web_sample
        stage.players[end.name] = player

    return work


def stranger_files() -> Mapping[str, bytes]:
    """A certificate that signed itself, with its key: what the archive must not trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pacsmith stranger")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return {
        "stranger.pem": certificate.public_bytes(pem),
        "stranger-key.pem": key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    }


def seed(stage: Stage, archive: Orthanc) -> None:
    """Give an archive in which no stand-in could store something to ask for, by REST. Raises as Orthanc.ask does."""
    if not stage.stored.get(archive.host.name):
        samples = make_samples(stage.run, "seed", letters_of(stage.site))
        for sample in samples:
            archive.put(sample.content)
        stage.stored[archive.host.name] = samples


@dataclass(frozen=True)
class Removal:
    """What a clean-up did: synthetic studies removed, others before and after."""

    removed: int
    left: int
    others_before: int
    others_after: int


def clean(archive: Orthanc, run: str | None = None, spare: frozenset[str] = frozenset()) -> Removal:
    """Remove the synthetic studies of `run`, or of every run but those in `spare`, which are at work elsewhere. Raises
    Unreachable, SilentArchiveError."""
    spared = {patient_id(other) for other in spare}
    with archive.lock:
        everyone = archive.studies()
        ours = [
            study
            for study, patient in everyone.items()
            if (patient not in spared if run is None else patient == patient_id(run))
        ]
        before = archive.count() - len(everyone)
        if not ours:
            return Removal(0, 0, before, before)
        archive.remove(ours)
        left = archive.studies()
        after = archive.count() - len(left)
        return Removal(len(ours), len(left.keys() & set(ours)), before, after)
