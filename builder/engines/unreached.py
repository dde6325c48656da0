"""Why a host could not be reached, as a sentence for a person (pure)."""

from builder.models.connection import Connection


def reason(connection: Connection, said: str) -> str:
    """A sentence for what `ssh` or `sudo` said before the first step was done."""
    place = f"{connection.host} ({connection.address})"
    last = said.strip().splitlines()[-1] if said.strip() else "no reason given"
    if "REMOTE HOST IDENTIFICATION" in said or "verification failed" in said:
        return (
            f"{place}: its SSH host key is not the pinned one in {connection.known_hosts}; "
            "if the host was reinstalled, pin its new key, otherwise someone is in between"
        )
    if "Permission denied" in said:
        return f"{place}: {connection.user} is refused with key {connection.key}; put its public half on the host"
    if "sudo:" in said:
        return (
            f"{place}: {connection.user} cannot become root ({last}); allow passwordless sudo for this user on the host"
        )
    return f"{place}: no SSH connection ({last}); is the host up, and port {connection.port} open to this machine?"


def broke(host: str, said: str) -> str:
    """A sentence for a connection that was there and ended in the middle of the work."""
    return f"{host}: the connection broke ({said}); run the same command again when the host is back"
