"""The site's own certificate authority. Its certificate follows from the key and two names alone (pure).

Nothing random and no clock goes into it, so a lost file is made again byte for byte and every host keeps its trust;
a new CA means a new key. Reasons: docs/decisions/0006-secrets-and-certificates.md.
"""

import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from builder.errors import BadInput
from builder.secrets.keys import PrivateKey

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2045, 12, 31, 23, 59, 59, tzinfo=UTC)
_NAME_LIMIT = 64  # ub-common-name and ub-organization-name of RFC 5280, appendix A


def signing_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | None:
    """The hash to sign with: as strong as the curve; Ed25519 brings its own."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    return hashes.SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size >= 384 else hashes.SHA256()


def _subject(common_name: str, organisation: str) -> x509.Name:
    for field, text in (("common_name", common_name), ("organisation", organisation)):
        if len(text) > _NAME_LIMIT:
            raise BadInput(
                f"site: ca.{field}: {len(text)} characters; a certificate's name holds {_NAME_LIMIT} at most"
            )
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def authority_certificate(key: PrivateKey, common_name: str, organisation: str) -> x509.Certificate:
    """The self-signed CA certificate of this key and name; the same input gives the same bytes.

    Raises BadInput when a name is too long for a certificate.
    """
    subject = _subject(common_name, organisation)
    public = key.public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    serial = int.from_bytes(hashlib.sha256(spki + subject.public_bytes()).digest()[:16], "big") | 1
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder(subject, subject, public, serial, NOT_BEFORE, NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    deterministic = True if isinstance(key, ec.EllipticCurvePrivateKey) else None  # RFC 6979
    return builder.sign(key, signing_hash(key), ecdsa_deterministic=deterministic)
