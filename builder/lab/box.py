"""`pacsmith lab box`: the lab's base trees as boxes for Vagrant's provider lxc, made once and kept beside the trees."""

import json
import shutil
from pathlib import Path

from builder.lab import mounts
from builder.lab.confine import confined
from builder.lab.errors import LabError
from builder.lab.execute import run, run_logged
from builder.lab.image import Cache, Recipe, base_recipe, group_of, stand_in_recipe
from builder.lab.sources import CODENAME, Mirrors
from builder.models.site import OperatingSystem

FORM = 1  # counted up when this module writes something else into a box
_FILE = "lxc.box"
_TAR_SECONDS = 600
# Where Debian's package and HashiCorp's own keep the public half of the key that every Vagrant has.
_KEYS = (
    "usr/share/rubygems-integration/all/gems/vagrant-*/keys/vagrant.pub",
    "opt/vagrant/embedded/gems/**/vagrant-*/keys/vagrant.pub",
)
# The base has no host keys: each guest makes its own at its first start.
_SSH = (
    "[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n"
)  # fmt: skip


def recipe(os: OperatingSystem, *, stand_in: bool) -> Recipe:
    """The box over the base of a Debian release, or over the stand-ins' layer. Pure."""
    over = stand_in_recipe(os) if stand_in else base_recipe(os)
    return Recipe(f"{over.name}-box", CODENAME[os], (), over.folder, FORM)


def metadata_text() -> str:
    """metadata.json: what Vagrant and the provider ask of a box. `version` is the form of the box. Pure."""
    return json.dumps({"provider": "lxc", "version": "1.0.0"}) + "\n"


def config_text() -> str:
    """lxc-config, which the provider appends to the container's own configuration. Pure.

    systemd's services mount in name spaces of their own, which AppArmor's profile for containers would refuse.
    """
    return "lxc.include = /usr/share/lxc/config/common.conf\nlxc.apparmor.profile = unconfined\n"


def public_key(top: Path = Path("/")) -> str:
    """The public key with which Vagrant enters a fresh guest, before it gives it one of its own. Raises LabError."""
    for pattern in _KEYS:
        for found in sorted(top.glob(pattern)):
            return found.read_text("utf-8")
    raise LabError("Vagrant's public key vagrant.pub was not found on this machine; run: apt-get install vagrant")


def ensure_box(cache: Cache, os: OperatingSystem, mirrors: Mirrors, *, stand_in: bool = False) -> Path:
    """The box file, made with the tree below it unless it is there. Raises LabError."""
    cache.ensure_base(os, mirrors)
    if stand_in:
        cache.ensure_stand_in(os, mirrors)
    wanted = recipe(os, stand_in=stand_in)
    with cache.making(wanted) as making:
        if making is not None:
            _make(making, cache.layers(os, stand_in=stand_in), cache.log(wanted))
    return cache.folder / wanted.folder / _FILE


def _make(making: Path, layers: tuple[Path, ...], log: Path) -> None:
    key = public_key()
    root, work = making / "rootfs", making / "work"
    mounts.mount_overlay(layers, making / "upper", work, root)
    _furnish(root, key)
    # The provider's template strips two parts of each path: ./rootfs/etc becomes etc.
    pack = ["tar", "--create", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--directory", str(making)]
    squeeze = ["--use-compress-program=gzip -1", "--file", str(making / "rootfs.tar.gz"), "./rootfs"]
    run_logged(confined(group_of(making), [*pack, *squeeze]), log, timeout=_TAR_SECONDS)
    mounts.unmount_below(root)
    (making / "metadata.json").write_text(metadata_text(), "utf-8")
    (making / "lxc-config").write_text(config_text(), "utf-8")
    parts = ["metadata.json", "lxc-config", "rootfs.tar.gz"]
    run_logged(["tar", "--create", "--directory", str(making), "--file", str(making / _FILE), *parts], log,
               timeout=_TAR_SECONDS)  # fmt: skip
    for part in parts:
        (making / part).unlink()
    for scratch in (making / "upper", work):
        shutil.rmtree(scratch)
    root.rmdir()


def _furnish(root: Path, key: str) -> None:
    """User `vagrant` as Vagrant expects it; name, network and all else come from whoever boots the guest."""
    (root / "etc/hostname").write_text("guest\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 guest\n")
    run(["chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", "vagrant"])
    sudo = root / "etc/sudoers.d/10-vagrant"
    sudo.write_text("vagrant ALL=(ALL:ALL) NOPASSWD: ALL\n")
    sudo.chmod(0o440)
    keys = root / "home/vagrant/.ssh/authorized_keys"
    keys.parent.mkdir(mode=0o700)
    keys.write_text(key)
    keys.chmod(0o600)
    run(["chroot", str(root), "chown", "-R", "vagrant:", "/home/vagrant/.ssh"])
    drop_in = root / "etc/systemd/system/ssh.service.d/10-host-keys.conf"
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(_SSH)
