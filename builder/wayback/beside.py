"""The next system beside the one that serves: packages are changed in a copy, in a room of its own, and nothing of it
touches the host before it is exchanged for what is there, in seconds (pure).

Whatever goes wrong with packages, a mirror that is away or a full disk, goes wrong while the host serves."""

import shlex

from builder.wayback import snapshot
from builder.wayback.copy import ALONE, RSYNC, SAME, VANISHED, Copy

_NODES = ("null", "zero", "full", "random", "urandom", "tty")
EXCHANGED = "exchanged"
"""What the file `state` of the copy says once the host is the next system."""
_POLICY = "usr/sbin/policy-rc.d"
_DATA = "/var/lib/postgresql/*/main"
"""Of a database the next system needs no copy: its packages do not touch it."""


def make_script(copy: Copy) -> str:
    """Shell text that makes the next system out of the copy of this one, and sees to it that no package starts a
    service there or takes the room for a machine with a boot loader."""
    to = _next(copy)
    return (
        f"set -e; umask 077\nif {snapshot.THERE}; then {snapshot.take_script(to, f'{copy.folder}/root')}; "
        f"rm -rf {to}{_DATA}/*; else {RSYNC} --exclude='{_DATA}/*' {copy.folder}/root/ {to}/; fi\n"
        f"printf '#!/bin/sh\\nexit 101\\n' >{to}/{_POLICY}\nchmod 755 {to}/{_POLICY}\n"
        f"printf '#!/bin/sh\\nexit 0\\n' >{to}/usr/local/sbin/running-in-container\n"
        f"chmod 755 {to}/usr/local/sbin/running-in-container"
    )


def inside_script(copy: Copy, script: str) -> str:
    """Shell text that carries `script` out in the next system: it sees its own processes, no service of the host's, no
    disk and no boot loader, and the packages that were downloaded already."""
    to = _next(copy)
    nodes = "; ".join(f"touch dev/{name}; mount --bind /dev/{name} dev/{name}" for name in _NODES)
    room = (
        f"set -e; cd {to}; mount -t proc proc proc; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp; "
        "chmod 1777 tmp; mount --bind /sys sys; mount -o remount,bind,ro sys; "
        f"mount -t tmpfs -o mode=755 tmpfs dev; mkdir dev/pts; mount --bind /dev/pts dev/pts; {nodes}; "
        "ln -s /proc/self/fd dev/fd; ln -s pts/ptmx dev/ptmx; "
        "mkdir -p run/host run/lock run/systemd; echo pacsmith >run/host/container-manager; "
        "[ ! -e /run/systemd/resolve ] || cp -a /run/systemd/resolve run/systemd/; "
        "mkdir -p var/cache/apt/archives; mount --bind /var/cache/apt/archives var/cache/apt/archives; "
        f"exec env container=pacsmith DEBIAN_FRONTEND=noninteractive chroot {to} sh -c {shlex.quote(script)}"
    )
    return f"unshare --mount --pid --fork --kill-child --propagation private sh -c {shlex.quote(room)}"


def changed_script(copy: Copy) -> str:
    """Shell text that writes down what the next system has otherwise than the copy, and what it has no more; sees
    that all of it can be read where it is; prints how many files that is. Of a snapshot, what it has otherwise gets a
    place on the host's own side (reflink): no file has a second name across subvolumes."""
    to, lists, own = _next(copy), copy.folder, _own_side(copy)
    aside = f"cp --archive --parents --reflink=always --target-directory={own}"
    compare = f"--dry-run --8-bit-output --out-format='%i %n' --exclude='{_DATA}' {copy.excluded(f'{lists}/mounted')}"
    return (
        f"set -e; export LC_ALL=C.UTF-8; rm -f {to}/{_POLICY} {to}/usr/local/sbin/running-in-container; "
        f"{RSYNC} {compare} {to}/ {lists}/root/ >{lists}/differs; "
        f"sed -n 's/^\\*deleting *//p' {lists}/differs >{lists}/gone; "
        f"grep -v '^\\*deleting' {lists}/differs | cut -c 13- >{lists}/changed\n"
        f"if {snapshot.THERE}; then rm -rf {own}; mkdir {own}; grep -v '/$' {lists}/changed >{own}.list; cd {to}; "
        f"xargs -r -d '\\n' {aside} <{own}.list; fi\n"
        f"{SAME} --dry-run --force --files-from={lists}/changed {to}/ /\nwc -l <{lists}/differs"
    )


def moved_script(copy: Copy) -> str:
    """Shell text that prints which packages' records and settings are others on the host by now than in the copy, and
    others in the next system, too: one of both would be lost."""
    at = copy.folder
    compare = f"--dry-run --8-bit-output --out-format='%i %n' --relative {copy.excluded(f'{at}/mounted')}"
    return (
        "set -e; export LC_ALL=C.UTF-8; cd /; "
        f"{RSYNC} {compare} etc var/lib/dpkg {at}/root/ >{at}/moved.all || [ $? = {VANISHED} ]; "
        f"sed -e 's/^\\*deleting *//; t' -e 's/^.\\{{12\\}}//' {at}/moved.all | grep -v '/$' | sort >{at}/moved; "
        f"sort {at}/changed {at}/gone | comm -12 {at}/moved -"
    )


def exchange_script(copy: Copy, first: str) -> str:
    """Shell text that makes the host what the next system is, and boots it; `first` is carried out before that, with
    the host's disk at /mnt. The copy's own programs do it, so that none is replaced under itself. May be carried out
    again where it was cut off."""
    to, lists, own = f"/mnt{_next(copy)}", f"/mnt{copy.folder}", f"/mnt{_own_side(copy)}"
    work = (
        f"set -e; twin={to}; [ ! -d {own} ] || twin={own}; "
        f"{SAME} --force --link-dest=$twin --files-from={lists}/changed {to}/ /mnt/; "
        f"grep -v '/$' {lists}/gone | sed 's|^|/mnt/|' | xargs -r -d '\\n' rm -f; "
        f"grep '/$' {lists}/gone | sort -r | sed 's|^|/mnt/|' | xargs -r -d '\\n' rmdir --ignore-fail-on-non-empty "
        f"2>/dev/null || true; {first}"
    )
    done = f"echo {EXCHANGED} >{copy.folder}/state\nsync -f {copy.folder}\nsystemctl reboot --force"
    alone = ALONE.format(inside=shlex.quote(copy.alone(work)))
    return f"set -e\necho exchanging >{copy.folder}/state\n{alone}\nsync\n{done}"


def drop_script(copy: Copy) -> str:
    """Shell text that removes the next system: the host is it by now, or will not be."""
    return f"{snapshot.drop_script(_next(copy))}; rm -rf --one-file-system {_own_side(copy)}"


def _next(copy: Copy) -> str:
    return f"{copy.folder}/next"


def _own_side(copy: Copy) -> str:
    return f"{copy.folder}/changes"
