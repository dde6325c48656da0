"""Host certificates: what goes into one, and when it must be made again (pure; the day is passed in)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from builder.secrets.authority import signing_hash
from builder.secrets.keys import PrivateKey

_COMMON_NAME_LIMIT = 64
_USAGES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate vouches for: DNS names, the full one first, and addresses."""

    dns: tuple[str, ...]
    addresses: tuple[IPv4Address, ...]

    @property
    def subject(self) -> x509.Name:
        """The first DNS name that a subject can hold (64 characters); what counts are the alternative names."""
        fitting = [name for name in self.dns if len(name) <= _COMMON_NAME_LIMIT]
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in fitting[:1]])

    @property
    def alternative_names(self) -> x509.SubjectAlternativeName:
        """All names and addresses as the extension."""
        return x509.SubjectAlternativeName(
            [*(x509.DNSName(name) for name in self.dns), *(x509.IPAddress(address) for address in self.addresses)]
        )

    def missing_from(self, certificate: x509.Certificate | x509.CertificateSigningRequest) -> tuple[str, ...]:
        """Names and addresses of ours that `certificate` does not vouch for."""
        names, addresses = named_in(certificate)
        return (
            *(name for name in self.dns if name not in names),
            *(str(address) for address in self.addresses if address not in addresses),
        )

    def same_as(self, certificate: x509.Certificate | x509.CertificateSigningRequest) -> bool:
        """Exactly our names and addresses, no more and no fewer."""
        names, addresses = named_in(certificate)
        return names == set(self.dns) and addresses == set(self.addresses)


def named_in(
    certificate: x509.Certificate | x509.CertificateSigningRequest,
) -> tuple[set[str], set[IPv4Address | IPv6Address]]:
    """DNS names and addresses among the alternative names; networks are left out."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set(), set()
    addresses = names.get_values_for_type(x509.IPAddress)
    return (
        {name.lower() for name in names.get_values_for_type(x509.DNSName)},
        {address for address in addresses if isinstance(address, IPv4Address | IPv6Address)},
    )


def usages(certificate: x509.Certificate) -> tuple[str, ...]:
    """Of server and client authentication, those that the certificate does not allow."""
    try:
        allowed = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()  # RFC 5280, 4.2.1.12: without the extension every use is allowed
    words = {ExtendedKeyUsageOID.SERVER_AUTH: "server", ExtendedKeyUsageOID.CLIENT_AUTH: "client"}
    return tuple(words[usage] for usage in _USAGES if usage not in allowed)


def days_left(certificate: x509.Certificate, today: date) -> int:
    """Whole days from `today` to the day on which the certificate ends (UTC); negative when it has ended."""
    return (certificate.not_valid_after_utc.date() - today).days


def issue(
    key: PrivateKey,
    identity: Identity,
    authority: x509.Certificate,
    authority_key: PrivateKey,
    *,
    today: date,
    days: int,
) -> x509.Certificate:
    """A certificate for TLS servers and clients, valid for `days` days from yesterday (a host's clock may be slow)."""
    begin = datetime.combine(today - timedelta(days=1), time(), UTC)
    end = min(begin + timedelta(days=days), authority.not_valid_after_utc)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    issuer_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    public = key.public_key()
    builder = (
        x509.CertificateBuilder(authority.subject, identity.subject, public, x509.random_serial_number(), begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(_USAGES), critical=False)
        .add_extension(identity.alternative_names, critical=not list(identity.subject))  # RFC 5280, 4.2.1.6
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
    )
    return builder.sign(authority_key, signing_hash(authority_key))


def request(key: PrivateKey, identity: Identity) -> x509.CertificateSigningRequest:
    """A signing request for the hospital's own CA, with the names and both usages asked for."""
    builder = (
        x509.CertificateSigningRequestBuilder(identity.subject)
        .add_extension(identity.alternative_names, critical=False)
        .add_extension(x509.ExtendedKeyUsage(_USAGES), critical=False)
    )
    return builder.sign(key, signing_hash(key))


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer`'s key signed `certificate` and the names agree."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def renewal_reason(
    certificate: x509.Certificate | None, key: PrivateKey, identity: Identity, authority: x509.Certificate,
    *, today: date, renew_before_days: int,
) -> str | None:  # fmt: skip
    """Why a new certificate is due, as a phrase; None when the present one serves on."""
    if certificate is None:
        return "there is none yet"
    if certificate.public_key() != key.public_key():
        return "the host's key changed"
    if not issued_by(certificate, authority):
        return "the site CA changed"
    if not identity.same_as(certificate):
        return "the host's names or addresses changed"
    return _age(certificate, today, renew_before_days)


def _age(certificate: x509.Certificate, today: date, renew_before_days: int) -> str | None:
    if certificate.not_valid_before_utc.date() > today:
        return "it is not valid yet"
    left = days_left(certificate, today)
    if left >= renew_before_days:
        return None
    return f"{left} days are left" if left >= 0 else "it has expired"
