"""PostgreSQL for the archive: settings from the memory size, and the role's password as a SCRAM verifier (pure)."""

import base64
import hashlib
import hmac

from builder.errors import BadInput

# PostgreSQL reads conf.d by name (C locale), and the last word on a setting counts.
SETTINGS_FILE = "zz-pacsmith.conf"
MEBI = 1024**2
GIBI = 1024**3
_SCRAM_ROUNDS = 4096  # PostgreSQL's own scram_iterations, so that a verifier of ours looks like one of its own


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def tuning(memory: int, *, storage_in_database: bool = False) -> dict[str, str]:
    """Settings by name for a host with `memory` bytes that runs Orthanc and nginx beside PostgreSQL.

    shared_buffers: a quarter of the memory (PostgreSQL 17 documentation, 19.4.1: 25 % is a reasonable start, more than
    40 % rarely helps), at most 4 GiB, 8 GiB with images in the database: an index of ten million instances is smaller.
    effective_cache_size: half the memory; the planner's estimate of what the kernel caches (19.7.2).
    work_mem: a sixteenth in 32 parts; each sort of a statement may take one (19.4.1), 4 to 64 MiB.
    maintenance_work_mem: a sixteenth, 64 MiB to 1 GiB; larger is wasted on autovacuum (19.4.1).
    max_wal_size: 2 GiB, 4 GiB with images in the database, so that checkpoints come by time and not by volume (28.5).
    """
    top = 8 * GIBI if storage_in_database else 4 * GIBI

    def mebibytes(value: int) -> str:
        return f"{value // MEBI}MB"

    return {
        "listen_addresses": "127.0.0.1",
        "port": "5432",
        "max_connections": "100",
        "password_encryption": "scram-sha-256",
        "ssl": "off",
        "shared_buffers": mebibytes(_clamp(memory // 4, 128 * MEBI, top)),
        "effective_cache_size": mebibytes(_clamp(memory // 2, 256 * MEBI, 64 * GIBI)),
        "work_mem": mebibytes(_clamp(memory // 16 // 32, 4 * MEBI, 64 * MEBI)),
        "maintenance_work_mem": mebibytes(_clamp(memory // 16, 64 * MEBI, GIBI)),
        "max_wal_size": "4096MB" if storage_in_database else "2048MB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # Orthanc's statements are short: compiling them costs more than it saves.
        "jit": "off",
        # A failing statement could carry patient data or a password into the log.
        "log_min_error_statement": "panic",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
    }


def verifier(password: str, role: str) -> str:
    """`password` as PostgreSQL stores it (RFC 5802, RFC 7677); the salt follows from it, so a rebuild finds it equal.

    The database never sees the password itself, so no statement and no log can hold it. Raises BadInput for characters
    beyond printable ASCII, for which a client would have to normalise first (RFC 4013).
    """
    if not password or any(not 0x20 <= ord(char) <= 0x7E for char in password):
        raise BadInput("the database password must be printable ASCII and not empty; choose another one")
    salt = hmac.new(password.encode(), f"pacsmith scram {role}".encode(), hashlib.sha256).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.new(salted, b"Client Key", hashlib.sha256).digest()).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{_b64(salt)}${_b64(stored)}:{_b64(server)}"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
