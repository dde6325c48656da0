"""Where a host is and how `ssh` gets there: argument lists, nothing else (pure).

The system's own `ssh` carries everything, so agents, jump hosts, ciphers and known hosts behave as the administrator's
own `ssh` does; but a host key is never taken on trust and nobody is ever asked anything.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.models.ssh_options import ssh_options

if TYPE_CHECKING:
    from builder.models.connection import Connection

_ALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4")
_STRICT = ("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR")
_ALONE = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-T")
# What our roles are written for; sudo drops the environment, so what sshd knows of the caller is handed over by name.
ROLES_ENVIRONMENT = (
    "export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; umask 022; cd /; "
)
_ROOT = 'sh -c {inner} sh "${{SSH_CONNECTION%% *}}"'


@dataclass(frozen=True)
class Target:
    """`name` is what people call the host, `argv` the `ssh` command up to where the remote one begins."""

    name: str
    argv: tuple[str, ...]
    root: bool = False  # one of ours: become root with sudo when asked, in the environment that our roles expect
    sudo: bool = False

    def command(self, program: str) -> list[str]:
        """The whole argument list; `program` is the shell text that is to run there."""
        if self.root:
            inner = f'{ROLES_ENVIRONMENT}export PACSMITH_FROM="$1"; exec {program}'
            become = _ROOT.format(inner=shlex.quote(inner))
            program = f"exec {'sudo -n -- ' if self.sudo else ''}{become}"
        else:
            program = f"exec {program}"
        return [*self.argv, program]


def of_connection(where: "Connection") -> Target:
    """One of our own hosts: its key, its pinned host keys, and no configuration of this machine's."""
    options = ssh_options(where.key, where.port, where.known_hosts)
    argv = ("ssh", *options, *_ALIVE, *_ALONE, f"{where.user}@{where.address}")
    return Target(where.host, argv, root=True, sudo=where.sudo)


def _files(data: Mapping[str, Any]) -> list[str]:
    options = []
    for key, flag in (("ssh_config_file", "-F"), ("ssh_key", "-i")):
        if data.get(key):
            options += [flag, str(data[key])]
    if data.get("ssh_key"):
        options += ["-o", "IdentitiesOnly=yes"]
    if data.get("ssh_known_hosts_file"):
        options += ["-o", f"UserKnownHostsFile={data['ssh_known_hosts_file']}", "-o", "GlobalKnownHostsFile=none"]
    return options


def _through(jumps: Sequence[str], options: Sequence[str]) -> list[str]:
    """Jump hosts, the first one first, each under the same strict options (`ssh -J` would hand on none of them)."""
    proxied = ""
    for jump in jumps:
        place, _, port = jump.partition(":") if jump.count(":") == 1 else (jump, "", "")
        further = ["-o", "ProxyCommand=" + proxied.replace("%", "%%")] if proxied else []
        place_argv = [*(("-p", port) if port else ()), "-W", "[%h]:%p", "--", place]
        proxied = shlex.join(["ssh", *options, *_STRICT, *_ALONE, *further, *place_argv])
    return ["-o", f"ProxyCommand={proxied}"] if proxied else []


def of_data(name: str, data: Mapping[str, Any], seconds: int) -> Target:
    """A host of a pyinfra inventory, by pyinfra's own names for SSH settings; `ssh_proxy_jump` is `user@a,b:2222`.

    Raises ValueError for a password: no program may type it, and a key is better.
    """
    for key in ("ssh_password", "ssh_key_password"):
        if data.get(key):
            raise ValueError(f"{key}: the @pacsmith connector uses keys and agents only; remove it, or use @ssh")
    if data.get("ssh_paramiko_connect_kwargs"):
        raise ValueError("ssh_paramiko_connect_kwargs: there is no paramiko here; put the setting into ssh_config_file")
    files = _files(data)
    timeout = ["-o", f"ConnectTimeout={seconds}"]
    jumps = [jump.strip() for jump in str(data.get("ssh_proxy_jump") or "").split(",") if jump.strip()]
    argv = ["ssh", *files, *_STRICT, *timeout, *_ALIVE, *_ALONE, *_through(jumps, [*files, *timeout])]
    if data.get("ssh_port"):
        argv += ["-p", str(data["ssh_port"])]
    if data.get("ssh_forward_agent"):
        argv.append("-A")
    if data.get("ssh_user"):
        argv += ["-l", str(data["ssh_user"])]
    return Target(name, (*argv, "--", str(data.get("ssh_hostname") or name)))
