"""Private keys as PEM text."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from builder.errors import BadInput

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def new_key(*, strong: bool = False) -> str:
    """A fresh elliptic-curve key (PKCS #8 PEM): P-256, or P-384 when it signs for years."""
    key = ec.generate_private_key(ec.SECP384R1() if strong else ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def read_key(pem: SecretStr, what: str) -> PrivateKey:
    """The key in `pem`. Raises BadInput, naming `what`, when it is no usable private key."""
    try:
        key = load_pem_private_key(pem.get_secret_value().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The parser's own words are left out: they may quote the key.
        raise BadInput(f"{what}: the value is no private key in PEM without a passphrase; put one there") from None
    if not isinstance(key, PrivateKey):
        raise BadInput(
            f"{what}: the key is of a kind that TLS servers do not take; use EC P-256 or P-384, RSA or Ed25519"
        )
    return key
