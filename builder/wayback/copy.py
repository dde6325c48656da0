"""A whole copy of a host's system beside it: a snapshot where its file system takes them, otherwise rsync's. The rsync
in the copy itself puts it back, so that nothing of what is being replaced has to work."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from builder.models.archive import WORKLISTS
from builder.models.site import Host
from builder.wayback import snapshot
from builder.wayback.door import CLOSED
from builder.wayback.snapshot import FOLDER

_NEVER = (
    "/proc", "/sys", "/dev", "/run", "/tmp", "/mnt", "/media", "/lost+found", FOLDER, "/var/log", "/var/tmp",
    "/var/cache/apt/archives", "/var/cache/pacsmith-restic", "/boot/efi", "/boot/grub/i386-pc",
    "/boot/grub/x86_64-efi",
)  # fmt: skip
"""What no copy holds and no putting back touches: what the kernel makes, what goes on by itself (logs tell of the
failed attempt), what can be had again, and the boot loader's own parts, which must fit what it has written before the
first partition: a newer one boots the older system. As folders stay: their contents alone are left out."""
SAME = "rsync --archive --hard-links --acls --xattrs --numeric-ids --modify-window=-1"
"""Times by the nanosecond: a file that was written twice in one second is another one."""
RSYNC = f"{SAME} --delete"
ALONE = "unshare --mount --propagation private sh -c {inside}"
"""Shell text that carries `inside` (quoted) out where nobody else sees what it mounts."""
_OWN = '$2 ~ /^(ext[234]|xfs|btrfs|vfat)$/ && $1 !~ "^/(run|mnt|media|proc|sys|dev)/"'
_MOUNTED = "findmnt --raw --noheadings --output TARGET,FSTYPE | awk '$1 != \"/\" && {} {{print $1}}'"
_DISKS, _ELSEWHERE = _MOUNTED.format(_OWN), _MOUNTED.format(f"!({_OWN})")
_OUT_OF_REACH = _MOUNTED.format(f"!({_OWN}) && $2 !~ /^(tmpfs|ramfs)$/")
"""Shell texts that print where the host's other disks are mounted, what is mounted and is no disk of its own, and what
of that is not in memory either."""
_WHOLE = f'{{ {snapshot.THERE} && [ -z "$({_DISKS} | grep -vx /boot/efi)" ] && {snapshot.ONLY_OURS}; }}'
"""Shell text: whether a snapshot of / holds all that a copy would."""
WAY_SCRIPT = f"if {_WHOLE}; then echo snapshot; else echo copy; fi"
"""Shell text that prints how the host would be copied."""
ARRIVED = "arrived"
"""The folder of the copy with what came since."""
_HOMES = "/home"
_CACHE = "/var/lib/pacsmith/viewer-cache.img"
"""The volume of a station's encrypted cache: gigabytes, with a key that is gone at power-off."""
VANISHED = 24
"""rsync's word for files that went away while it read: those are in no copy, and need not be (rsync(1))."""
_DECISIVE = "^[^ ]+ +(etc|usr|boot|var/lib/dpkg|var/lib/postgresql)/"
"""What must be the same in a copy; a host at rest writes elsewhere, too."""
_SERVES, _DATABASE = "orthanc.service nginx.service", "postgresql@*.service"
"""What must not write any more, in this order: Orthanc waits long for a database that is gone (293 s, 2026-11-22)."""
KEPT, PUTTING_BACK, PUT_BACK, SERVES = "kept", "putting back", "put-back", "serves"
"""What the file `state` of the copy says: what came since is kept, and nothing more can come; the host becomes what the
copy was; it is that; its doors are open (again), so that whatever comes from then on must be kept before anything is
put back."""
LOSE = "lose-what-came-since"
"""The word, typed out in full, by which a person at the console puts back a host whose database does not run."""
COMPLETE, _PAPERS = "complete", "papers"
NEWEST_SCRIPT = (
    f"for at in {FOLDER}/*/; do [ ! -d ${{at}}{_PAPERS} ] || {{ [ ! -e ${{at}}{COMPLETE} ] && [ ! -e {CLOSED} ]; }} || "
    f'newest=$at; done; [ -n "$newest" ] || exit 0; cd $newest; [ ! -e {COMPLETE} ] || whole={COMPLETE}; '
    f"tar --create --file - {_PAPERS} $whole"
)
"""Shell text that packs the papers of the newest copy and, where it is whole, the file that says so (tar); nothing
where there is no copy. One that is not whole counts only while the doors are closed: its upgrade was cut off before
anything was changed. With open doors it was left by an upgrade that never began."""
NEWEST_WHOLE_SCRIPT = (
    f"for at in {FOLDER}/*/{COMPLETE}; do [ ! -e $at ] || newest=${{at%/*}}; done; echo ${{newest##*/}}"
)
"""Shell text that prints the name of the newest copy that is whole."""


@dataclass(frozen=True)
class Copy:
    """The copy called `name`. `apart` are folders that the copy leaves out and no putting back touches: what people and
    machines go on writing there belongs to no version of the system."""

    name: str
    apart: tuple[str, ...] = ()

    @classmethod
    def of(cls, host: Host, name: str) -> Self:
        """The copy of this host, but for people's own files, and of an archive the stored images (kept in another way),
        the backups and the worklist. What a station's viewer keeps of patients is in no copy: it is gone at
        power-off."""
        archive, station = host.archive, host.workstation
        kept = () if archive is None else (archive.storage_directory, archive.backup.repository, WORKLISTS)
        cache = () if station is None else (station.cache.directory,)
        return cls(name, (_HOMES, *kept, *cache))

    @property
    def folder(self) -> str:
        """Where it lies on the host."""
        return f"{FOLDER}/{self.name}"

    @property
    def put_back(self) -> str:
        """The file with its own way back, for a person at the console of a host into which nobody can log in."""
        return f"{self.folder}/put-back"

    @property
    def keep(self) -> str:
        """The file that keeps what came since the doors were opened again, before anything is put back."""
        return f"{self.folder}/keep"

    @property
    def papers(self) -> str:
        """The folder with what the upgrade's machine knows of it, for another machine."""
        return f"{self.folder}/{_PAPERS}"

    def excluded(self, mounted: str) -> str:
        """What rsync leaves out; `mounted` is the file that names what else is mounted there."""
        named = shlex.join((f"--exclude={_CACHE}", *(f"--exclude={path}/*" for path in (*_NEVER, *self.apart))))
        return f"--exclude-from={mounted} {named}"

    @property
    def _compare(self) -> str:
        return f"{RSYNC} --dry-run --itemize-changes {self.excluded(f'{self.folder}/mounted')}"

    def take_script(self) -> str:
        """Shell text that makes the copy, or brings it up to date: once while the host serves, which takes long, and
        once more while it stands still, which does not. Pure."""
        root, mounted = f"{self.folder}/root", f"{self.folder}/mounted"
        return (
            f"set -e\numask 077\nmkdir -p {self.folder}\n"
            f"rm -f {self.folder}/{COMPLETE}\nsync -f {self.folder}\n"  # half of it is of another moment, from here on
            f"{_ELSEWHERE} | sed 's|$|/*|' >{mounted}\n{_DISKS} >{self.folder}/disks\n"
            f"if {snapshot.THERE}; then {snapshot.take_script(root, '/')}; fi\n"
            f"{_WHOLE} || {RSYNC} {self.excluded(mounted)} / {root}/ || [ $? = {VANISHED} ]\n"
            f"cat >{self.put_back} <<'PUT BACK'\n{self.put_back_script()}\nPUT BACK\nsync -f {root}"
        )

    def check_script(self) -> str:
        """Shell text that prints which programs and settings the copy does not have as the host does, by their bytes,
        and proves that the copy's own rsync runs. Pure."""
        root, found = f"{self.folder}/root", f"{self.folder}/lacking"
        return (
            f"set -e\nchroot {root} rsync --version >/dev/null\ncd /\n: >{found}\n"
            f"for part in etc usr/bin usr/sbin usr/lib/systemd; do "
            f"{self._compare} --relative --checksum $part {root}/ >>{found} || [ $? = {VANISHED} ]; done\n"
            f"grep -v '^\\.d' {found} || [ $? = 1 ]"
        )

    def whole_script(self) -> str:
        """Shell text that prints what of the system and its database the copy of a host at rest does not have as the
        host does, by size and time, and marks a copy that lacks nothing as complete. Pure."""
        found = f"{self.folder}/lacking"
        return (
            f"set -e\n: >{found}.all\n"
            f"{_WHOLE} || {self._compare} / {self.folder}/root/ >{found}.all || [ $? = {VANISHED} ]\n"
            f"grep -E '{_DECISIVE}' {found}.all | grep -v '^\\.d' >{found} || true\n"
            f"[ -s {found} ] || touch {self.folder}/complete\nsync -f {self.folder}\ncat {found}"
        )

    def serves_script(self) -> str:
        """Shell text that writes down, before the doors are opened, that whatever comes from now on is kept before
        anything is put back; what was kept so far has been given back. Pure."""
        return (
            f"set -e; [ -d {self.folder} ] || exit 0; echo {SERVES} >{self.folder}/state; sync -f {self.folder}; "
            f"[ ! -e {self.folder}/{ARRIVED} ] || find -H {self.folder}/{ARRIVED} -mindepth 1 -delete; "
            f"rm -f {self.folder}/orphans"
        )

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
        where it was cut off; a copy that is not whole is never put back. Pure."""
        mounted = f"/mnt{self.folder}/mounted"
        back = f"{RSYNC} {self.excluded(mounted)} / /mnt/"
        return (
            f"set -e\n[ -e {self.folder}/complete ] || {{ echo 'this copy is not whole'; exit 1; }}\n"
            f"systemctl stop {_SERVES} 2>/dev/null || true\n"  # so that nothing comes after what is kept
            # kept already; or it is the former database by then
            f"[ ! -e {self.keep} ] || grep -qs -e '^put' -e '^{KEPT}$' {self.folder}/state || "
            f'sh {self.keep} || [ "$1" = {LOSE} ] || {{ '
            "echo 'what came since the upgrade could not be kept: see that PostgreSQL runs, and do this again; or, if "
            f"it shall be lost, add the word {LOSE}' >&2; exit 1; }}\n"
            f"systemctl stop '{_DATABASE}' || true\n"
            f"echo {PUTTING_BACK} >{self.folder}/state\nsync -f {self.folder}\n"
            f"{ALONE.format(inside=shlex.quote(self.alone(back)))}\n"
            f"sync\necho {PUT_BACK} >{self.folder}/state\nsync -f {self.folder}\nsystemctl reboot --force"
        )

    def drop_script(self) -> str:
        """Shell text that removes the copy. Pure."""
        return _drop(self.folder)


def _drop(folder: str) -> str:
    trees = "; ".join(snapshot.drop_script(f"{folder}/{name}") for name in ("root", "next"))
    return f"rm -f {folder}/complete; {trees}; rm -rf --one-file-system {folder}"


def sweep_script() -> str:
    """Shell text that removes the copies that were never completed: upgrades that were cut off have left them, also
    those of another machine. Pure."""
    return f'for at in {FOLDER}/*; do [ ! -d "$at" ] || [ -e "$at/complete" ] || {{ {_drop("$at")}; }}; done'


def detached(script: str, unit: str) -> str:
    """The script in a unit of its own, which goes on when the connection is lost, and is waited for. Pure."""
    text = shlex.quote(script.replace("$", "$$"))  # systemd fills ${NAME} in, and takes $$ for a dollar
    return f"systemd-run --quiet --collect --wait --pipe --unit={unit} --property=Type=oneshot sh -c {text}"


def needed_script(copy: Copy) -> str:
    """Shell text that prints how many bytes a copy would take at most (a snapshot: none). Pure."""
    left_out: Sequence[str] = (*_NEVER, *copy.apart)
    excluded = shlex.join(f"--exclude={path}" for path in left_out)
    return (
        f"mkdir -p {FOLDER}; if {_WHOLE}; then echo 0; else set --; "
        f'for at in $({_ELSEWHERE}); do set -- "$@" "--exclude=$at"; done; '
        f'du --summarize --block-size=1 {excluded} "$@" / | cut -f 1; fi'
    )


def left_out_script(copy: Copy) -> str:
    """Shell text that prints what of the system lies where no copy is taken of it, as on a file system of another
    machine. Pure."""
    apart = "|".join(path for path in (*_NEVER, *copy.apart))
    return f"{_OUT_OF_REACH} | grep -E '^/(usr|etc|var|opt|boot)(/|$)' | grep -vE '^({apart})(/|$)' || true"
