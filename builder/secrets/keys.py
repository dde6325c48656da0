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
    """A fresh key (PKCS #8 PEM): for a host RSA of 3072 bits, for the CA, which signs for years, EC P-384.

    A host's certificate carries RSA because DICOM TLS 1.2 as DCMTK's BCP 195 profile speaks it takes no other (seen
    with Orthanc 1.12.7, 2026-11-22): a modality without TLS 1.3 would find no cipher. 3072 bits: NIST SP
    800-57 part 1, table 2, 128 bits of security as P-256 has.
    """
    key: PrivateKey
    if strong:
        key = ec.generate_private_key(ec.SECP384R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def read_key(pem: SecretStr, what: str, *, prove: bool = True) -> PrivateKey:
    """The key in `pem`. Raises BadInput, naming `what`, when it is no usable private key.

    To `prove` the numbers of an RSA key of 3072 bits takes 0.12 s (measured 2026-11-22), two minutes for 1,000 hosts:
    not needed to see whether a certificate is of this key.
    """
    try:
        text = pem.get_secret_value().encode()
        key = load_pem_private_key(text, password=None, unsafe_skip_rsa_key_validation=not prove)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The parser's own words are left out: they may quote the key.
        raise BadInput(f"{what}: the value is no private key in PEM without a passphrase; put one there") from None
    if not isinstance(key, PrivateKey):
        raise BadInput(
            f"{what}: the key is of a kind that TLS servers do not take; use EC P-256 or P-384, RSA or Ed25519"
        )
    return key
