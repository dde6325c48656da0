"""The certificate of a host: from the site CA, made or renewed when due, or picked up from the hospital's own CA.

Certificates are public and lie in .pacsmith/<site>/certificates; private keys live in the vault only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import SecretStr

from builder.durable import write_whole
from builder.errors import BadInput
from builder.inventory import fqdn_of, state_folder
from builder.inventory.index import all_ends
from builder.models.secret import SecretReference
from builder.models.site import Host, Peer, Site
from builder.secrets.authority import authority_certificate
from builder.secrets.handed_in import faults_of
from builder.secrets.keys import PrivateKey, new_key, read_key
from builder.secrets.leaf import Identity, issue, renewal_reason, request
from builder.secrets.store import SecretStore

_PUBLIC = 0o644


@dataclass(frozen=True, slots=True)
class HostCertificate:
    """What a host needs for TLS. `reason` says why a new one was made."""

    ca_pem: str
    certificate_pem: str
    key_pem: SecretStr
    not_after: datetime
    renewed: bool
    reason: str | None = None


def certificates_folder(site: Site) -> Path:
    """Where the site's public certificates and requests lie, relative to the project folder."""
    return Path(state_folder(site)) / "certificates"


def certificate_key_name(name: str) -> str:
    """The vault's name for the private key of host or stand-in `name`."""
    return f"certificate_key_{name}"


def certificate_holders(site: Site) -> tuple[str, ...]:
    """Who gets a certificate: every host, and the stand-ins where an application entity of the site speaks TLS."""
    tls = any(end.ae is not None and end.ae.tls for end in all_ends(site))
    return (*(host.name for host in site.hosts), *(peer.name for peer in site.peers if peer.stand_in and tls))


def identity_of(site: Site, end: Host | Peer) -> Identity:
    """What a host's or peer's certificate vouches for: full name, short name, address."""
    return Identity(dns=(fqdn_of(site, end), end.name), addresses=(end.address,))


def _pem(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _read_bundle(path: Path, what: str) -> list[x509.Certificate]:
    """All certificates of a PEM file. Raises FileNotFoundError, or BadInput naming the file."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as fault:
        raise BadInput(f"{path}: {what} cannot be read ({fault.strerror}); mend its owner or mode") from None
    except ValueError:
        raise BadInput(
            f"{path}: {what} is no PEM certificate; put it there as text beginning with -----BEGIN"
        ) from None


def _write(path: Path, text: str) -> None:
    """Write a public file when it would change. Raises BadInput when the disk refuses."""
    try:
        if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
            write_whole(path, text.encode(), _PUBLIC)
    except OSError as fault:
        raise BadInput(f"{path}: cannot be written ({fault.strerror}); mend that and run again") from None


def make_host_keys(store: SecretStore, names: Iterable[str]) -> None:
    """Make the keys that the vault lacks, all of them in one writing of it. Raises BadInput without a vault."""
    if store.vault is None:
        raise BadInput(f"site {store.site.name}: it has no vault to keep host keys in; add `vault:` to the site file")
    present = store.vault.values()
    missing = [key for key in map(certificate_key_name, names) if key not in present]
    if missing:
        store.keep(lambda there: {key: new_key() for key in missing if key not in there})


def _host_key(store: SecretStore, name: str) -> tuple[SecretStr, PrivateKey]:
    """The key of `name` in the vault, made there when it is missing. It is not proven: do so before it signs, or is
    signed for."""
    make_host_keys(store, (name,))
    pem = store.value(SecretReference(vault=certificate_key_name(name)))
    return pem, read_key(pem, _told(name), prove=False)


def _told(name: str) -> str:
    return f"secret {SecretReference(vault=certificate_key_name(name)).key}"


def _authority(site: Site, store: SecretStore) -> tuple[x509.Certificate, PrivateKey]:
    if site.ca.key is None:
        raise BadInput(
            f"site {site.name}: ca.key is missing; name where the CA's key is kept, as {{vault: site_ca_key}}"
        )
    key = read_key(store.value(site.ca.key), f"secret {site.ca.key.key}")
    return authority_certificate(key, site.ca.common_name, site.ca.organisation), key


def ca_certificate(site: Site, store: SecretStore) -> str:
    """The PEM text that hosts and clients shall trust; also written to certificates/ca.pem (for `curl --cacert`).

    Raises BadInput when the CA's key (internal) or the hospital's CA file (external) is missing or wrong.
    """
    text = "".join(map(_pem, _roots(site))) if site.ca.mode == "external" else _pem(_authority(site, store)[0])
    _write(certificates_folder(site) / "ca.pem", text)
    return text


def _roots(site: Site) -> list[x509.Certificate]:
    if site.ca.certificate is None:
        raise BadInput(f"site {site.name}: ca.certificate is missing; name the PEM file of the hospital's CA")
    path = Path(site.ca.certificate)
    try:
        return _read_bundle(path, "the hospital's CA certificate")
    except FileNotFoundError:
        raise BadInput(f"{path}: the hospital's CA certificate is missing; put its PEM file there") from None


def certificate_for(  # noqa: PLR0917 - who, then what it answers to, then when: it reads aloud
    site: Site, store: SecretStore, name: str, dns: tuple[str, ...], addresses: tuple[IPv4Address, ...], today: date
) -> HostCertificate:
    """The certificate of `name`, the same as last time unless one is due. Raises BadInput with the remedy."""
    identity = Identity(tuple(dns), tuple(addresses))
    pem, key = _host_key(store, name)
    if site.ca.mode == "external":
        return _handed_in(site, store, name, identity, pem=pem, key=key, today=today)
    authority, authority_key = _authority(site, store)
    path = certificates_folder(site) / f"{name}.pem"
    current = present_certificate(path)
    reason = renewal_reason(current, key, identity, authority, today=today, renew_before_days=site.ca.renew_before_days)
    if reason is not None or current is None:
        proven = read_key(pem, _told(name))
        current = issue(proven, identity, authority, authority_key, today=today, days=site.ca.host_days)
        _write(path, _pem(current))
    ca_pem = _pem(authority)
    _write(certificates_folder(site) / "ca.pem", ca_pem)
    return HostCertificate(ca_pem, _pem(current), pem, current.not_valid_after_utc, reason is not None, reason)


def present_certificate(path: Path) -> x509.Certificate | None:
    """The first certificate of a file; None when the file is missing or damaged."""
    try:
        return _read_bundle(path, "the certificate")[0]
    except (FileNotFoundError, BadInput):
        return None


def signing_request(
    site: Site, store: SecretStore, name: str, dns: tuple[str, ...], addresses: tuple[IPv4Address, ...]
) -> Path:
    """Write certificates/<name>.csr for the hospital's CA and return its path; unchanged while key and names stay."""
    path = certificates_folder(site) / f"{name}.csr"
    identity = Identity(tuple(dns), tuple(addresses))
    pem, key = _host_key(store, name)
    try:
        present = x509.load_pem_x509_csr(path.read_bytes())
        serves = present.public_key() == key.public_key() and identity.same_as(present)
    except (OSError, ValueError):
        serves = False
    if not serves:
        _write(path, _pem(request(read_key(pem, _told(name)), identity)))
    return path


def _handed_in(
    site: Site, store: SecretStore, name: str, identity: Identity, *, pem: SecretStr, key: PrivateKey, today: date
) -> HostCertificate:
    """The certificate that the hospital's CA signed, checked; the request is written when there is none that serves."""
    asked = signing_request(site, store, name, identity.dns, identity.addresses)
    ca_pem = ca_certificate(site, store)
    path = certificates_folder(site) / f"{name}.pem"
    try:
        bundle = _read_bundle(path, "the signed certificate")
    except FileNotFoundError:
        raise BadInput(
            f"{path}: {name} has no certificate yet; have {asked} signed by the hospital's CA and put the answer there"
        ) from None
    if faults := faults_of(bundle, _roots(site), key, identity, today=today):
        raise BadInput(f"{path}: " + "; also: ".join(faults))
    chain = "".join(map(_pem, bundle))
    return HostCertificate(ca_pem, chain, pem, bundle[0].not_valid_after_utc, False)
