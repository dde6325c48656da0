"""Vagrant as the lab runs it: with a home of the site's own, so that nobody else's boxes and machines are touched."""

import os
import shutil
from pathlib import Path

from builder.lab import cgroups
from builder.lab.confine import confined
from builder.lab.errors import LabError
from builder.lab.execute import environment, run_logged
from builder.lab.layout import Layout
from builder.load.shipped import vagrantfile

PROGRAMS = {"vagrant": "vagrant", "lxc-create": "lxc", "sudo": "sudo"}
_SECONDS = 900
_NO_PROVIDER = "The provider 'lxc' could not be found"


def require_programs() -> None:
    """Raises LabError that names the packages to install."""
    path = environment()["PATH"]
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None})
    if missing:
        raise LabError(f"this machine lacks {', '.join(missing)}; run: apt-get install {' '.join(missing)} vagrant-lxc")


class Vagrant:
    """Vagrant for one lab. `folder`: its home and its machines' state, below the project's `.pacsmith`."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.layout = layout
        self.folder = folder.absolute()
        self.log = layout.folder / "vagrant.log"

    def machine_id(self, host: str) -> str:
        """What Vagrant takes for the container of `host`; empty when it knows of none."""
        file = self.folder / "machines" / "machines" / host / "lxc" / "id"
        return file.read_text("utf-8").strip() if file.is_file() else ""

    def has_box(self, name: str, made_as: str) -> bool:
        """Whether the box of this name is there, made from the recipe `made_as`."""
        mark = self._mark(name)
        there = (self.folder / "home" / "boxes" / name).is_dir()
        return there and mark.is_file() and mark.read_text("utf-8") == made_as

    def add_box(self, name: str, file: Path, made_as: str) -> None:
        """Add the box, in place of one of that name. Raises LabError."""
        self.run(["box", "add", "--force", "--name", name, "--provider", "lxc", str(file)])
        self._mark(name).write_text(made_as, "utf-8")

    def _mark(self, name: str) -> Path:
        return self.folder / f"box-{name}"

    def run(self, arguments: list[str]) -> None:
        """Run Vagrant and wait for it. Raises LabError with the end of what it said."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.unlink(missing_ok=True)
        argv = ["env", *self._settings(), "vagrant", *arguments]
        try:
            run_logged(confined(self._group, argv), self.log, timeout=_SECONDS)
        except LabError as fault:
            raise _plainer(fault, arguments[0], self.log) from None

    @property
    def _group(self) -> str:
        return f"{self.layout.cgroup}/vagrant"

    def end_remains(self) -> None:
        """End a Vagrant that has outlived its killed parent; containers are in groups of their own. Raises LabError."""
        if not cgroups.kill(self._group):
            raise LabError(f"processes in control group {self._group} do not end; see `ps`")

    def _settings(self) -> list[str]:
        """Arguments of `env`: nothing of what the person has set for Vagrant, and our own."""
        ours = {
            "PACSMITH_PROJECT": str(Path.cwd()),
            "PACSMITH_SITE": self.layout.site,
            "VAGRANT_CHECKPOINT_DISABLE": "1",  # it would ask its maker for news
            "VAGRANT_CWD": str(vagrantfile().parent),
            "VAGRANT_DEFAULT_PROVIDER": "lxc",
            "VAGRANT_DOTFILE_PATH": str(self.folder / "machines"),
            "VAGRANT_HOME": str(self.folder / "home"),
            "VAGRANT_NO_COLOR": "1",
        }
        foreign = sorted(name for name in os.environ if name.startswith("VAGRANT_"))
        return [*(part for name in foreign for part in ("-u", name)), *(f"{name}={ours[name]}" for name in ours)]

    def forget(self) -> None:
        """Remove Vagrant's home, with its boxes, and what it knows of machines."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _plainer(fault: LabError, verb: str, log: Path) -> LabError:
    """Vagrant's longer explanations in one sentence, where we know the remedy; the end of what it said otherwise."""
    said = log.read_text("utf-8", "replace") if log.is_file() else ""
    if _NO_PROVIDER in said:
        return LabError("vagrant has no provider lxc; run: apt-get install vagrant-lxc (Debian 12 has it)")
    _, _, tail = str(fault).partition(";")
    return LabError(f"`vagrant {verb}` failed;{tail}") if tail else fault
