"""What the lab needs of this machine, and the sentence that says what is missing and how to get it."""

import os
import shutil
from pathlib import Path

from builder.lab.cgroups import unified_root
from builder.lab.errors import LabError
from builder.lab.execute import ask
from builder.lab.sources import KEYRING

# Program -> Debian package that brings it.
PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "nft": "nftables",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "mount": "mount",
}
_MIB = 2**20
# Measured 2026-11-21 (docs/decisions/0003-lab-nspawn.md), rounded up: a base tree, and what a built archive writes.
TREE_BYTES = 700 * _MIB
HOST_BYTES = 1200 * _MIB
STAND_IN_BYTES = 100 * _MIB


def missing_packages(found: dict[str, bool]) -> tuple[str, ...]:
    """The packages to install, given which programs were found. Pure."""
    return tuple(sorted({package for program, package in PROGRAMS.items() if not found[program]}))


def require_root() -> None:
    """Raises LabError unless this process is root."""
    if os.geteuid() != 0:
        raise LabError(
            "pacsmith lab makes bridges, mounts and boots hosts, so it needs root; run the same command with sudo"
        )


def require_programs() -> None:
    """Raises LabError that names the packages to install."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("PATH", "")
    packages = missing_packages({program: shutil.which(program, path=path) is not None for program in PROGRAMS})
    if packages:
        raise LabError(f"this machine lacks {', '.join(packages)}; run: apt-get install {' '.join(packages)}")
    if not KEYRING.is_file():
        raise LabError(f"{KEYRING} is missing; run: apt-get install debian-archive-keyring")


def require_kernel() -> None:
    """Raises LabError where overlay, nftables or version 2 control groups are missing."""
    if not _has_overlay():
        raise LabError(
            "this machine's kernel has no overlay file system; load it with `modprobe overlay`, or use another kernel"
        )
    if unified_root() is None:
        raise LabError(
            "no cgroup2 file system is mounted here; boot with systemd, or mount one at /sys/fs/cgroup/unified"
        )
    heard = ask(["nft", "list", "tables"])
    if heard.returncode != 0:
        raise LabError(f"nftables does not work here ({heard.stderr.strip()}); use a kernel with nf_tables, as root")


def _has_overlay() -> bool:
    def listed() -> bool:
        return "overlay" in Path("/proc/filesystems").read_text().split()

    return listed() or (
        shutil.which("modprobe") is not None and ask(["modprobe", "overlay"]).returncode == 0 and listed()
    )


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raises LabError when the file system of `folder` (not there yet, perhaps) has fewer than `needed` bytes free."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise LabError(
            f"{folder}: {what} needs {needed // _MIB} MiB free, there are {free // _MIB} MiB; make room, or choose "
            "another place with PACSMITH_LAB_DIR and PACSMITH_CACHE_DIR"
        )
