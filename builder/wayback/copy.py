"""A whole copy of a host's system beside it, for hosts whose file system takes no snapshots: rsync takes it, and rsync
out of the copy itself puts it back, so that nothing of what is being replaced has to work."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from builder.models.site import Host

FOLDER = "/var/lib/pacsmith/way-back"
_NEVER = (
    "/proc", "/sys", "/dev", "/run", "/tmp", "/mnt", "/media", "/lost+found", FOLDER, "/var/log", "/var/tmp",
    "/var/cache/apt/archives", "/var/cache/pacsmith-restic", "/boot/efi", "/boot/grub/i386-pc",
    "/boot/grub/x86_64-efi",
)  # fmt: skip
"""What no copy holds and no putting back touches: what the kernel makes, what goes on by itself (logs tell of the
failed attempt), what can be had again, and the boot loader's own parts, which must fit what it has written before the
first partition: a newer one boots the older system. As folders stay: their contents alone are left out."""
RSYNC = "rsync --archive --hard-links --acls --xattrs --numeric-ids --delete"
ALONE = "unshare --mount --propagation private sh -c {inside}"
"""Shell text that carries `inside` (quoted) out where nobody else sees what it mounts."""
_OWN = '$2 ~ /^(ext[234]|xfs|btrfs|vfat)$/ && $1 !~ "^/(run|mnt|media|proc|sys|dev)/"'
_MOUNTED = "findmnt --raw --noheadings --output TARGET,FSTYPE | awk '$1 != \"/\" && {} {{print $1}}'"
_DISKS, _ELSEWHERE = _MOUNTED.format(_OWN), _MOUNTED.format(f"!({_OWN})")
"""Shell texts that print where the host's other disks are mounted, and what is mounted and is no disk of its own."""


@dataclass(frozen=True)
class Copy:
    """The copy called `name`. `apart` are folders that the copy leaves out because they are kept in another way: the
    stored images, which no upgrade changes, and the backups."""

    name: str
    apart: tuple[str, ...] = ()

    @classmethod
    def of(cls, host: Host, name: str) -> Self:
        """The copy of this host."""
        kept = host.archive
        return cls(name, () if kept is None else (kept.storage_directory, kept.backup.repository))

    @property
    def folder(self) -> str:
        """Where it lies on the host."""
        return f"{FOLDER}/{self.name}"

    @property
    def put_back(self) -> str:
        """The file with its own way back, for a person at the console of a host into which nobody can log in."""
        return f"{self.folder}/put-back"

    def excluded(self, mounted: str) -> str:
        """What rsync leaves out; `mounted` is the file that names what else is mounted there."""
        named = shlex.join(f"--exclude={path}/*" for path in (*_NEVER, *self.apart))
        return f"--exclude-from={mounted} {named}"

    @property
    def _compare(self) -> str:
        return f"{RSYNC} --dry-run --itemize-changes {self.excluded(f'{self.folder}/mounted')}"

    def take_script(self) -> str:
        """Shell text that makes the copy, or brings it up to date: once while the host serves, which takes long, and
        once more while it stands still, which does not. Pure."""
        root, mounted = f"{self.folder}/root", f"{self.folder}/mounted"
        return (
            f"set -e\numask 077\nmkdir -p {root}\n"
            f"{_ELSEWHERE} | sed 's|$|/*|' >{mounted}\n{_DISKS} >{self.folder}/disks\n"
            f"{RSYNC} {self.excluded(mounted)} / {root}/\n"
            f"cat >{self.put_back} <<'PUT BACK'\n{self.put_back_script()}\nPUT BACK\nsync -f {root}"
        )

    def check_script(self) -> str:
        """Shell text that prints which programs and settings the copy does not have as the host does, by their bytes,
        and proves that the copy's own rsync runs. Pure."""
        root = f"{self.folder}/root"
        return (
            f"set -e\nchroot {root} rsync --version >/dev/null\ncd /\n"
            f"for part in etc usr/bin usr/sbin usr/lib/systemd; do {self._compare} --relative --checksum $part {root}/"
            "; done | grep -v '^\\.d' || true"
        )

    def whole_script(self) -> str:
        """Shell text that prints what the copy of a host at rest does not have as the host does, by size and time, and
        marks it as complete. Pure."""
        lacking = f"{self._compare} / {self.folder}/root/ | grep -vE '^\\.d|^.[df].* ({_RESTLESS})' || true"
        return f"touch {self.folder}/complete\n{lacking}"

    def alone(self, work: str) -> str:
        """Shell text that carries `work` out by the copy's own programs, with the host's disks at /mnt as they were
        mounted when the copy was taken; what was mounted since is not there. For a mount namespace of its own
        (ALONE)."""
        root = f"{self.folder}/root"
        return (
            f"findmnt --raw --noheadings --output TARGET | while read -r at; do [ $at = / ] || "
            f'grep -qxF -e "$at" {self.folder}/disks || grep -qxF -e "$at/*" {self.folder}/mounted || '
            f"umount --lazy $at; done; "
            f"mount --bind / {root}/mnt && while read -r at; do mountpoint -q $at && mount --bind $at {root}/mnt$at || "
            f"exit 1; done <{self.folder}/disks && chroot {root} sh -c {shlex.quote(work)}"
        )

    def put_back_script(self) -> str:
        """Shell text that makes the system what it was, from a process that needs nothing of it, and boots it anew: by
        then nobody could log in, since the sshd that runs is another than the one on the disk. May be carried out again
        where it was cut off. Pure."""
        mounted = f"/mnt{self.folder}/mounted"
        back = f"{RSYNC} {self.excluded(mounted)} / /mnt/"
        return (
            f"set -e\n{ALONE.format(inside=shlex.quote(self.alone(back)))}\n"
            f"sync\necho put back >{self.folder}/state\nsystemctl reboot --force"
        )

    def drop_script(self) -> str:
        """Shell text that removes the copy. Pure."""
        return f"rm -rf --one-file-system {self.folder}"


def sweep_script() -> str:
    """Shell text that removes the copies that were never completed: upgrades that were cut off have left them, also
    those of another machine. Pure."""
    return (
        f"[ ! -d {FOLDER} ] || find {FOLDER} -xdev -mindepth 1 -maxdepth 1 -type d ! -exec test -e {{}}/complete ';' "
        "-exec rm -rf --one-file-system {} +"
    )


_RESTLESS = "var/lib/(chrony|systemd|prometheus|private|pacsmith|smartmontools|dhcp)/|var/cache/|var/spool/|root/"
"""What a host at rest writes, too."""


def detached(script: str, unit: str) -> str:
    """The script in a unit of its own, which goes on when the connection is lost, and is waited for. Pure."""
    text = shlex.quote(script.replace("$", "$$"))  # systemd fills ${NAME} in, and takes $$ for a dollar
    return f"systemd-run --quiet --collect --wait --pipe --unit={unit} --property=Type=oneshot sh -c {text}"


def needed_script(copy: Copy) -> str:
    """Shell text that prints two numbers of bytes: what a copy would take at most, and what is free for it. Pure."""
    left_out: Sequence[str] = (*_NEVER, *copy.apart)
    excluded = shlex.join(f"--exclude={path}" for path in left_out)
    return (
        f'mkdir -p {FOLDER}; set --; for at in $({_ELSEWHERE}); do set -- "$@" "--exclude=$at"; done; '
        f'du --summarize --block-size=1 {excluded} "$@" / | cut -f 1; '
        f"df --output=avail --block-size=1 {FOLDER} | tail -n 1"
    )
