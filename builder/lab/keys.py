"""SSH keys of a lab: the controller's pair, each host's own key made before it boots, and the pins in known_hosts."""

from pathlib import Path

from builder.lab.execute import run
from builder.models.connection import Connection

HOST_KEY = Path("etc/ssh/ssh_host_ed25519_key")


def keygen_argv(path: Path, comment: str) -> list[str]:
    """`ssh-keygen` for an Ed25519 pair without a passphrase. Pure."""
    return ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]


def make_pair(path: Path, comment: str) -> None:
    """Make the pair `path` and `path`.pub, if there is none; whole or not at all."""
    public = path.with_name(path.name + ".pub")
    if path.exists() and public.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    part_public = path.with_name(path.name + ".part.pub")
    for leftover in (part, part_public):
        leftover.unlink(missing_ok=True)
    if path.exists():  # killed between the two renames, or the public half was lost
        public.write_text(run(["ssh-keygen", "-y", "-f", str(path)]))
        return
    run(keygen_argv(part, comment))
    part.rename(path)
    part_public.rename(public)


def pin_names(connection: Connection, fqdn: str) -> tuple[str, ...]:
    """The names under which OpenSSH looks a host up; with brackets when the port is not 22. Pure."""
    names = (connection.host, fqdn, connection.address)
    return names if connection.port == 22 else tuple(f"[{name}]:{connection.port}" for name in names)


def with_pin(known_hosts: str, names: tuple[str, ...], public_key: str) -> str:
    """The text of known_hosts with exactly this pin for these names; pins of other hosts stay. Pure."""
    kept = [line for line in known_hosts.splitlines() if not set(line.split(" ", 1)[0].split(",")) & set(names)]
    kind, key = public_key.split()[:2]
    return "\n".join(sorted([*kept, f"{','.join(names)} {kind} {key}"])) + "\n"


def pin(known_hosts: Path, names: tuple[str, ...], public_key: str) -> None:
    """Write the pin; atomically, because a build may be reading the file."""
    known_hosts.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = known_hosts.read_text() if known_hosts.exists() else ""
    after = with_pin(before, names, public_key)
    if after != before:
        part = known_hosts.with_name(known_hosts.name + ".part")
        part.write_text(after)
        part.rename(known_hosts)


def is_pinned(known_hosts: Path, names: tuple[str, ...]) -> bool:
    """Whether a key is pinned for each of these names. A pin that no longer fits is left for a person to judge."""
    text = known_hosts.read_text() if known_hosts.exists() else ""
    pinned = {name for line in text.splitlines() for name in line.split(" ", 1)[0].split(",")}
    return pinned >= set(names)
