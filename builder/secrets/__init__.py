"""References to values, the vault, certificates; nothing here is ever printed."""

from builder.secrets.generate import generate_missing
from builder.secrets.redact import Redactor
from builder.secrets.store import SecretStore, open_store

__all__ = ["Redactor", "SecretStore", "generate_missing", "open_store"]
