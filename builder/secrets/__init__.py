"""References to values, the vault, certificates; nothing here is ever printed."""

from typing import TYPE_CHECKING

from builder.doors import door

if TYPE_CHECKING:
    from builder.secrets.certificates import (
        HostCertificate,
        ca_certificate,
        certificate_for,
        certificate_holders,
        identity_of,
        signing_request,
    )
    from builder.secrets.generate import generate_missing
    from builder.secrets.redact import Redactor
    from builder.secrets.store import SecretStore, open_store

__all__ = [
    "HostCertificate",
    "Redactor",
    "SecretStore",
    "ca_certificate",
    "certificate_for",
    "certificate_holders",
    "generate_missing",
    "identity_of",
    "open_store",
    "signing_request",
]

if not TYPE_CHECKING:
    __getattr__ = door(
        __name__,
        {
            "HostCertificate": "certificates",
            "Redactor": "redact",
            "SecretStore": "store",
            "ca_certificate": "certificates",
            "certificate_for": "certificates",
            "certificate_holders": "certificates",
            "generate_missing": "generate",
            "identity_of": "certificates",
            "open_store": "store",
            "signing_request": "certificates",
        },
    )
