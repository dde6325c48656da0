"""Why a machine could not be reached over SSH, as a sentence for a person."""

import os
import stat
from pathlib import Path

from builder.models.connection import Connection

_GUIDE = "docs/own-hosts.md"


def why_unreached(connection: Connection, said: str) -> str:
    """A sentence for what `ssh` or `sudo` said before the first command was done; looks at the key files, too."""
    return reason(connection, said, key_amiss(connection), pins_amiss(connection))


def key_amiss(connection: Connection) -> str | None:
    """What keeps the private key from being used, with the remedy; None when nothing is seen."""
    key = connection.key
    try:
        there = Path(key).stat()
    except FileNotFoundError:
        return (
            f"the private key {key} is not there; make it as {_GUIDE} says (step 3; the lab makes its own with "
            "pacsmith lab up), or name yours in the site file (`ssh: {key: ...}`)"
        )
    except OSError as refusal:
        return f"the private key {key} cannot be read ({refusal.strerror}); give yourself the right to"
    mode = stat.S_IMODE(there.st_mode)
    if there.st_uid == os.getuid() and mode & 0o077:  # ssh looks at the modes of one's own files alone
        return f"ssh refuses the private key {key}, because others may read it (mode {mode:o}); chmod 600 {key}"
    if not os.access(key, os.R_OK):
        return f"the private key {key} may not be read by this user; give yourself the right to"
    return None


def pins_amiss(connection: Connection) -> str | None:
    """What keeps pinned host keys from being read, with the remedy; None when nothing is seen."""
    pins = connection.known_hosts
    if not Path(pins).exists():
        return f"no host key is pinned yet ({pins} is not there); pin it as {_GUIDE} says (step 4)"
    if not os.access(pins, os.R_OK):
        return f"the pinned host keys in {pins} may not be read by this user; give yourself the right to"
    return None


def reason(connection: Connection, said: str, key: str | None = None, pins: str | None = None) -> str:
    """The sentence. `key` and `pins`: what is amiss with the two files, where something is. Pure."""
    place = f"{connection.host} ({connection.address})"
    last = said.strip().splitlines()[-1] if said.strip() else "no reason given"
    if "REMOTE HOST IDENTIFICATION" in said:
        return (
            f"{place}: its SSH host key is not the pinned one in {connection.known_hosts}; "
            "if the host was reinstalled, pin its new key, otherwise someone is in between"
        )
    if "verification failed" in said or "host key is known for" in said:
        unpinned = f"its SSH host key is not pinned in {connection.known_hosts}; pin it as {_GUIDE} says (step 4)"
        return f"{place}: {pins or unpinned}"
    if "Permission denied" in said:
        refused = (
            f"{connection.user} is refused with key {connection.key}; put its public half on the host, as {_GUIDE} "
            "says (step 3)"
        )
        return f"{place}: {key or refused}"
    if "sudo:" in said:
        return (
            f"{place}: {connection.user} cannot become root ({last}); allow passwordless sudo for this user on the "
            f"host, as {_GUIDE} says (step 2)"
        )
    down = f"no SSH connection ({last}); is the host up, and port {connection.port} open to this machine?"
    besides = "; and ".join(one for one in (key, pins) if one)
    return f"{place}: {down}" + (f" Besides, {besides}" if besides else "")
