"""The cached trees that hosts boot from: one base per Debian release, and one layer over it for stand-ins.

A tree is made under a temporary name and renamed when it is whole; its name holds the hash of its recipe, so a changed
recipe makes a new tree and hosts that were made from the old one keep theirs.
"""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from builder.lab import cgroups, mounts
from builder.lab.confine import confined
from builder.lab.errors import LabError
from builder.lab.execute import run_logged
from builder.lab.lock import locked
from builder.lab.nspawn import inside_argv
from builder.lab.processes import Process, boot_id, myself
from builder.lab.sources import CODENAME, KEYRING, Mirrors, sources_text
from builder.models.site import OperatingSystem

# What Debian's standard system has too and SSH access needs; Python is there for Ansible's roles.
BASE_PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "iproute2",
    "ca-certificates",
    "python3-minimal",
)
STAND_IN_PACKAGES = ("dcmtk", "curl", "jq")
# apt-daily may hold dpkg's lock in the middle of a build; the baseline role brings its own, held to the window.
_NO_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer")
_APT = 'APT::Install-Recommends "false";\n'
_LOCALE = "LANG=C.UTF-8\n"
_MAKE_SECONDS = 900
_PREFIX = ".making-"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a tree is made from. `over` is the name of the tree below, for a layer."""

    name: str
    release: str
    packages: tuple[str, ...]
    over: str | None = None
    form: int = 1  # count up when this module writes other files into the tree

    @property
    def folder(self) -> str:
        """Folder name in the cache: readable name and hash."""
        text = json.dumps([asdict(self), _NO_TIMERS, _APT, _LOCALE])
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def base_recipe(os: OperatingSystem) -> Recipe:
    """The base of a Debian release. Pure."""
    return Recipe(os, CODENAME[os], BASE_PACKAGES)


def stand_in_recipe(os: OperatingSystem) -> Recipe:
    """The layer over the base on which stand-ins play modality and reading station. Pure."""
    return Recipe(f"{os}-stand-in", CODENAME[os], STAND_IN_PACKAGES, base_recipe(os).folder)


def mmdebstrap_argv(recipe: Recipe, mirrors: Mirrors, target: Path) -> list[str]:
    """`mmdebstrap` for a base tree. Pure."""
    lines = [f"deb {mirrors.main} {recipe.release} main", f"deb {mirrors.main} {recipe.release}-updates main"]
    if mirrors.security is not None:
        lines.append(f"deb {mirrors.security} {recipe.release}-security main")
    return [
        "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase",
        f"--include={','.join(recipe.packages)}", f"--aptopt={_APT.strip()}", f"--keyring={KEYRING}",
        recipe.release, str(target), *lines,
    ]  # fmt: skip


class Cache:
    """The trees on this machine."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say

    def tree(self, recipe: Recipe) -> Path:
        """Where the tree of this recipe lies, or will lie."""
        return self.folder / recipe.folder / "tree"

    def has(self, recipe: Recipe) -> bool:
        """Whether the tree is there, whole."""
        return (self.folder / recipe.folder / "made.json").is_file()

    def layers(self, os: OperatingSystem, *, stand_in: bool) -> tuple[Path, ...]:
        """The lower folders of a host, top first."""
        base = self.tree(base_recipe(os))
        return (self.tree(stand_in_recipe(os)), base) if stand_in else (base,)

    def ensure_base(self, os: OperatingSystem, mirrors: Mirrors) -> None:
        """Make the base of `os`, unless it is there. Raises LabError."""
        recipe = base_recipe(os)
        with self.making(recipe) as making:
            if making is not None:
                tree = making / "tree"
                argv = mmdebstrap_argv(recipe, mirrors, tree)
                run_logged(confined(group_of(making), argv), self.log(recipe), timeout=_MAKE_SECONDS)
                _finish_base(tree)

    def ensure_stand_in(self, os: OperatingSystem, mirrors: Mirrors) -> None:
        """Make the stand-in layer over the base of `os`, which must be there, unless it is there. Raises LabError."""
        recipe = stand_in_recipe(os)
        with self.making(recipe) as making:
            if making is not None:
                self._make_layer(recipe, os, mirrors, making)

    def _make_layer(self, recipe: Recipe, os: OperatingSystem, mirrors: Mirrors, making: Path) -> None:
        tree, root, log = making / "tree", making / "root", self.log(recipe)
        mounts.mount_overlay((self.tree(base_recipe(os)),), tree, making / "work", root)
        sources = root / "etc/apt/sources.list.d/debian.sources"
        sources.write_text(sources_text(mirrors, os))
        install = ["apt-get", "install", "--yes", "--quiet", *recipe.packages]
        for command in (["apt-get", "update", "--quiet"], install, ["apt-get", "clean"]):
            argv = inside_argv(root, making.name.strip("."), ["env", "DEBIAN_FRONTEND=noninteractive", *command])
            run_logged(confined(group_of(making), argv), log, timeout=_MAKE_SECONDS)
        sources.unlink()
        for leftover in (root / "var/lib/apt/lists").glob("*_*"):
            leftover.unlink()
        mounts.unmount_below(root)
        shutil.rmtree(making / "work")
        root.rmdir()

    def log(self, recipe: Recipe) -> Path:
        """Where the commands that make the tree write."""
        return self.folder / f"{recipe.folder}.log"

    @contextlib.contextmanager
    def making(self, recipe: Recipe) -> Iterator[Path | None]:
        """A folder to make the tree in, which becomes the tree when the block ends well; None when it is there."""
        if self.has(recipe):
            yield None
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / f"{recipe.folder}.lock", f"base tree {recipe.name}", self.say, seconds=_MAKE_SECONDS):
            if self.has(recipe):
                yield None
                return
            began = time.monotonic()
            self.say(f"making {recipe.name} (once; kept in {self.folder})")
            self.log(recipe).unlink(missing_ok=True)
            me = myself()
            making = self.folder / f"{_PREFIX}{recipe.folder}-{me.pid}-{me.start}-{boot_id()[:8]}"
            making.mkdir()
            try:
                yield making
                (making / "made.json").write_text(json.dumps(asdict(recipe)))
                making.rename(self.folder / recipe.folder)
            except BaseException:
                clear(making)
                raise
            cgroups.remove(group_of(making))
            self.say(f"made {recipe.name} in {time.monotonic() - began:.0f} s")

    def sweep(self) -> None:
        """Remove what a killed command left half-made: its processes, mounts and files."""
        for making in self.folder.glob(f"{_PREFIX}*") if self.folder.is_dir() else ():
            if not _maker_lives(making.name):
                clear(making)


def _maker_lives(name: str) -> bool:
    *_, pid, start, boot = name.split("-")
    return boot == boot_id()[:8] and Process(int(pid), int(start)).alive


def group_of(making: Path) -> str:
    """Control group of whatever works in `making`."""
    return f"pacsmith/{making.name.strip('.')}"


def clear(making: Path) -> None:
    """End what works in `making`, unmount what is mounted there, and remove it. Raises LabError."""
    if not cgroups.kill(group_of(making)):
        raise LabError(f"{making}: its processes could not be ended; see `ps` and remove the folder by hand")
    mounts.unmount_below(making)
    shutil.rmtree(making)


def _finish_base(tree: Path) -> None:
    for timer in _NO_TIMERS:
        (tree / "etc/systemd/system/timers.target.wants" / timer).unlink(missing_ok=True)
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "systemd-networkd.service").unlink(missing_ok=True)
    (wants / "systemd-networkd.service").symlink_to("/usr/lib/systemd/system/systemd-networkd.service")
    (tree / "etc/apt/apt.conf.d/80lab").write_text(_APT)
    (tree / "etc/apt/sources.list").unlink(missing_ok=True)
    (tree / "etc/default/locale").write_text(_LOCALE)
    (tree / "etc/locale.conf").write_text(_LOCALE)
    (tree / "etc/machine-id").write_text("")
    (tree / "etc/hostname").unlink(missing_ok=True)
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
