"""The command lines of systemd-nspawn. Pure."""

from pathlib import Path

# systemd 257 (Debian 13) refuses the hybrid control-group layout that nspawn hands on from an older machine.
ENVIRONMENT = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
# No systemd-machined is asked: it may not run here, and a lab's hosts are ours alone.
_ALONE = ["--quiet", "--register=no", "--keep-unit", "--link-journal=no", "--timezone=off"]


def boot_argv(root: Path, bridge: str, machine: str, hostname: str) -> list[str]:
    """Boot the system at `root` with its own network on `bridge`."""
    return [
        "systemd-nspawn", *_ALONE, "--boot", f"--directory={root}", f"--network-bridge={bridge}",
        f"--machine={machine}", f"--hostname={hostname}", "--resolv-conf=off", "--console=read-only",
    ]  # fmt: skip


def inside_argv(root: Path, machine: str, command: list[str]) -> list[str]:
    """Run one command in the tree at `root` with this machine's network; nothing is booted."""
    return [
        "systemd-nspawn", *_ALONE, f"--directory={root}", f"--machine={machine}", "--resolv-conf=replace-host",
        "--pipe", *command,
    ]  # fmt: skip
