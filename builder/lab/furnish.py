"""What a fresh host holds beside Debian's own files: name, network, apt sources, one user with sudo, its SSH host key.

Everything is written into the mounted root before the first boot, so a host is never reachable without its pinned key.
"""

from dataclasses import dataclass
from pathlib import Path

from builder.lab import panels
from builder.lab.execute import run
from builder.lab.keys import HOST_KEY, make_pair
from builder.models.connection import Connection
from builder.render.lab_hosts import LabHost

_RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
_ROOT = "root"


@dataclass(frozen=True, slots=True)
class Furniture:
    """Everything that makes one host out of the base."""

    host: LabHost
    connection: Connection
    authorised_key: str
    sources: str
    resolver: str
    proxy: str = ""


def network_text(host: LabHost) -> str:
    """The host's networkd file. Pure."""
    return (
        "[Match]\nName=host0\n\n[Network]\n"
        f"Address={host.address}\nGateway={host.gateway}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
    )


def hosts_text(name: str) -> str:
    """The host's /etc/hosts: itself only; the others are for roles or DNS to know. Pure."""
    return f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n"


def sshd_text(connection: Connection) -> str:
    """sshd's drop-in: keys only, no root login unless the site says that root is the user. Pure."""
    root = "prohibit-password" if connection.user == _ROOT else "no"
    port = "" if connection.port == 22 else f"Port {connection.port}\n"  # sshd adds ports up: a role may name 22 too
    return f"{port}PermitRootLogin {root}\nPasswordAuthentication no\n"


def resolver_text(candidates: tuple[str, ...]) -> str:
    """The first configuration that names a server which other machines can reach; without loopback ones. Pure."""
    for text in candidates:
        lines = text.splitlines()
        servers = [line for line in lines if line.startswith("nameserver") and not _is_loopback(line)]
        if servers:
            others = [line for line in lines if line.startswith(("search", "options"))]
            return "\n".join([*others, *servers]) + "\n"
    return ""


def _is_loopback(line: str) -> bool:
    address = [*line.split(), ""][1]
    return address.startswith("127.") or address == "::1"


def machine_resolver() -> str:
    """The resolver configuration of this machine, fit for the hosts; empty when it only asks itself."""
    return resolver_text(tuple(path.read_text(errors="replace") for path in _RESOLVERS if path.is_file()))


def machine_proxy() -> str:
    """This machine's apt proxy as apt configuration; empty when it uses none."""
    lines = run(["apt-config", "dump"]).splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(("Acquire::http::Proxy", "Acquire::https::Proxy")))


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # the base may hold a link here
    path.write_text(text)
    path.chmod(mode)


def write_identity(root: Path, furniture: Furniture) -> None:
    """Write what follows from the site: name, network, sources, sshd. Done again when the site has changed."""
    name = furniture.host.name
    _write(root / "etc/hostname", f"{name}\n")
    _write(root / "etc/hosts", hosts_text(name))
    _write(root / "etc/systemd/network/10-lab.network", network_text(furniture.host))
    _write(root / "etc/resolv.conf", furniture.resolver)
    _write(root / "etc/apt/sources.list.d/debian.sources", furniture.sources)
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    if furniture.proxy:
        _write(root / "etc/apt/apt.conf.d/80lab-proxy", furniture.proxy)
    _write(root / "etc/ssh/sshd_config.d/10-lab.conf", sshd_text(furniture.connection))
    _hang_panels(root, furniture.host)
    _give_access(root, furniture)


def write_fresh(root: Path, furniture: Furniture) -> None:
    """Write what a host gets once: an empty machine id, which systemd fills at the first boot, and its own host key."""
    _write(root / "etc/machine-id", "", 0o444)
    for foreign in (root / "etc/ssh").glob("ssh_host_*"):
        foreign.unlink()
    # Nobody misses a lab host after a crash of this machine, and waiting for the disk after each unpacked file is slow.
    _write(root / "etc/dpkg/dpkg.cfg.d/lab", "force-unsafe-io\n")
    make_pair(root / HOST_KEY, furniture.host.name)
    (root / HOST_KEY).chmod(0o600)


def _hang_panels(root: Path, host: LabHost) -> None:
    units = root / "etc/systemd/system"
    for former in (units / panels.UNIT, *units.glob(f"*.wants/{panels.UNIT}")):
        former.unlink(missing_ok=True)
    if host.displays and host.host_class is not None:
        _write(root / panels.PROGRAM.lstrip("/"), panels.program_text())
        _write(units / panels.UNIT, panels.unit_text(host.host_class, host.displays))
        wants = units / f"{panels.SCREENS[host.host_class][0]}.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / panels.UNIT).symlink_to(f"../{panels.UNIT}")


def _give_access(root: Path, furniture: Furniture) -> None:
    user = furniture.connection.user
    home = Path("root") if user == _ROOT else Path("home") / user
    if user != _ROOT:
        accounts = (root / "etc/passwd").read_text().splitlines()
        if not any(line.startswith(f"{user}:") for line in accounts):
            run(["chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", user])
        for former in (root / "etc/sudoers.d").glob("10-lab-*"):
            former.unlink()
        _write(root / "etc/sudoers.d" / f"10-lab-{user}", f"{user} ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    _write(root / home / ".ssh/authorized_keys", furniture.authorised_key, 0o600)
    (root / home / ".ssh").chmod(0o700)
    run(["chroot", str(root), "chown", "-R", f"{user}:", f"/{home}/.ssh"])
