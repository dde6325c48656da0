"""Check a certificate that the hospital's own CA signed, before a host gets it (pure)."""

from collections.abc import Sequence
from datetime import date

from cryptography import x509

from builder.secrets.keys import PrivateKey
from builder.secrets.leaf import Identity, days_left, issued_by, usages

_LONGEST_CHAIN = 8


def _chain(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """From the leaf's issuer to a self-signed certificate of the CA file; empty when there is no such way."""
    chain: list[x509.Certificate] = []
    current = leaf
    for _ in range(_LONGEST_CHAIN):
        issuer = next((one for one in (*roots, *between) if one != current and issued_by(current, one)), None)
        if issuer is None:
            return []
        chain.append(issuer)
        if issuer in roots and issuer.subject == issuer.issuer:
            return chain
        current = issuer
    return []


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _wrong_dates(certificate: x509.Certificate, today: date) -> str | None:
    if certificate.not_valid_before_utc.date() > today:
        return f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d}; check the controller's clock"
    if days_left(certificate, today) < 0:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}; hand the request in again"
    return None


def faults_of(
    bundle: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    key: PrivateKey,
    identity: Identity,
    *,
    today: date,
) -> tuple[str, ...]:
    """What is wrong with the signed certificate, each with its remedy; intermediates follow it in `bundle`."""
    leaf, between = bundle[0], bundle[1:]
    faults: list[str] = []
    if leaf.public_key() != key.public_key():
        faults.append("the certificate is for another key; hand in the present request (.csr) and put its answer there")
    if missing := identity.missing_from(leaf):
        faults.append(f"the certificate does not name {', '.join(missing)}; the CA must keep the request's names")
    if lacking := usages(leaf):
        faults.append(
            f"the certificate does not allow {' and '.join(lacking)} use; the CA must allow both server and client"
        )
    if wrong := _wrong_dates(leaf, today):
        faults.append(f"the certificate {wrong}")
    chain = _chain(leaf, between, roots)
    if not chain:
        faults.append("no chain leads to the site's CA file; add the intermediate certificates below the host's own")
    for issuer in chain:
        subject = issuer.subject.rfc4514_string()
        if wrong := _wrong_dates(issuer, today):
            faults.append(f"the issuer {subject} {wrong}")
        if not _may_sign(issuer):
            faults.append(f"the issuer {subject} is no CA; check the order of the file and the site's CA file")
    return tuple(faults)
