"""How one machine is reached over SSH."""

from builder.models.base import Line, Model, Port
from builder.models.ssh_options import ssh_options


class Connection(Model):
    """Paths are relative to the project folder. `sudo` is False when `user` is root already."""

    host: str
    address: str
    user: str
    port: Port = 22
    key: Line
    known_hosts: Line
    sudo: bool = True

    def ssh_options(self) -> list[str]:
        """OpenSSH options for this machine alone: this key, these pinned host keys, never a question."""
        return ssh_options(self.key, self.port, self.known_hosts)
