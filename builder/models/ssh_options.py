"""OpenSSH's options for one machine, apart from the model that uses them: an engine needs them before its models."""


def ssh_options(key: str, port: int, known_hosts: str) -> list[str]:
    """For this machine alone: this key, these pinned host keys, never a question."""
    return [
        "-F", "none",
        "-i", key,
        "-p", str(port),
        "-o", f"UserKnownHostsFile={known_hosts}",
        "-o", "GlobalKnownHostsFile=none",
        "-o", "StrictHostKeyChecking=yes",
        "-o", "IdentitiesOnly=yes",
        "-o", "BatchMode=yes",
        "-o", "ConnectTimeout=10",
        "-o", "LogLevel=ERROR",
    ]  # fmt: skip
