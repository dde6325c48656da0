"""Where a lab keeps its things and how they are named. Pure, but for the two environment variables.

Every name is made from the site's name, so that `down` can find what is left when no state file survived.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from builder.models.lab_names import bridge_name, container_prefix

RUN_FOLDER = Path("/run/pacsmith")
CGROUP_ROOT = "pacsmith"


def lab_folder() -> Path:
    """Disks and state of all labs (PACSMITH_LAB_DIR)."""
    return Path(os.environ.get("PACSMITH_LAB_DIR", "/var/lib/pacsmith/lab")).absolute()


def cache_folder() -> Path:
    """Base trees, shared by all labs (PACSMITH_CACHE_DIR)."""
    return Path(os.environ.get("PACSMITH_CACHE_DIR", "/var/cache/pacsmith")).absolute()


@dataclass(frozen=True, slots=True)
class HostFolder:
    """The folder of one host: its disk (`upper`), overlay's scratch (`work`), the mounted root, console and keeper."""

    path: Path

    @property
    def upper(self) -> Path:
        """What the host wrote: its disk."""
        return self.path / "upper"

    @property
    def work(self) -> Path:
        """Overlay's own scratch folder, on the same file system as `upper`."""
        return self.path / "work"

    @property
    def root(self) -> Path:
        """Where the host's root is mounted."""
        return self.path / "root"

    @property
    def console(self) -> Path:
        """What the host printed on its console since the last start."""
        return self.path / "console.log"

    @property
    def keeper_state(self) -> Path:
        """Which keeper and which nspawn run now, and how often the host has booted."""
        return self.path / "keeper.json"

    @property
    def keeper_lock(self) -> Path:
        """Held by the one keeper of the host."""
        return self.path / "keeper.lock"

    @property
    def container_state(self) -> Path:
        """What a container was furnished for; written last."""
        return self.path / "container.json"

    @property
    def disk_state(self) -> Path:
        """What the disk was made from; written last, so without it the disk is unfinished."""
        return self.path / "disk.json"


@dataclass(frozen=True, slots=True)
class Layout:
    """All names of one lab."""

    site: str
    folder: Path

    @classmethod
    def of(cls, site: str) -> "Layout":
        """The layout of the lab of `site` on this machine."""
        return cls(site, lab_folder() / site)

    @property
    def owner(self) -> Path:
        """Which project folder this lab belongs to."""
        return self.folder / "lab.json"

    @property
    def hosts(self) -> Path:
        """One folder a host."""
        return self.folder / "hosts"

    @property
    def snapshots(self) -> Path:
        """One folder a snapshot."""
        return self.folder / "snapshots"

    @property
    def restoring(self) -> Path:
        """Holds a snapshot's name while its restore is under way."""
        return self.folder / "restoring"

    @property
    def lock(self) -> Path:
        """One command at a time; by the site's name alone, because bridges are named after it too."""
        return RUN_FOLDER / f"lab-{self.site}.lock"

    @property
    def table(self) -> str:
        """The nftables table (family ip)."""
        return f"pacsmith-{self.site}"

    @property
    def mark(self) -> str:
        """Comment on every rule of ours in somebody else's chain."""
        return f"pacsmith lab {self.site}"

    @property
    def cgroup(self) -> str:
        """Control group of the lab below the machine's cgroup root."""
        return f"{CGROUP_ROOT}/{self.site}"

    def host(self, name: str) -> HostFolder:
        """The folder of the host `name`."""
        return HostFolder(self.hosts / name)

    def host_cgroup(self, name: str) -> str:
        """Control group of one host: its keeper and its machine."""
        return f"{self.cgroup}/{name}"

    def bridge(self, network: str) -> str:
        """Interface name, which the host list for Vagrant says too."""
        return bridge_name(self.site, network)

    @property
    def container_prefix(self) -> str:
        """How the names of this lab's LXC containers begin, which only Vagrant's provider makes."""
        return container_prefix(self.site)

    @property
    def bridge_alias_start(self) -> str:
        """How the alias of each bridge of this lab begins."""
        return f"pacsmith lab {self.site} at "

    @property
    def bridge_alias(self) -> str:
        """The alias of each bridge: which lab, and where its disks are."""
        return f"{self.bridge_alias_start}{self.folder}"

    def machine(self, host: str) -> str:
        """nspawn's machine name: unique on this machine, at most 64 characters."""
        return f"{host}.{self.site}"
