"""What a host says of itself before an upgrade: one shell text, answered in sections (pure)."""

import re
from collections.abc import Mapping

from builder.wayback.copy import WAY_SCRIPT, Copy, left_out_script, needed_script
from builder.wayback.psql import psql
from builder.wayback.snapshot import FOLDER

_SECTION = re.compile(r"^@@ (\w+)\n", re.MULTILINE)
_STATE = "/var/lib/pacsmith"
_SAID = "/var/cache/pacsmith-upgrade/said"
"""On the host: what apt says that it would do."""
PACKAGES, DATABASES = "/var/cache/apt/archives", "/var/lib/postgresql"
_DISKS = (
    f"for at in {FOLDER} / {PACKAGES} {DATABASES}; do there=$at; while [ ! -e $there ]; do there=${{there%/*}}; done; "
    'echo "$at $(df --output=source,avail --block-size=1 ${there:-/} | tail -n 1)"; done'
)
"""Shell text that prints a line a folder: the name of the disk on which it lies or would lie, and the bytes that are
free there."""


def reading_script(copy: Copy, old: str, new: str) -> str:
    """Shell text that prints sections: way, room, disks, download, packages, database, stored, instances, backup, jobs,
    left_out, statements, replicas. From the release called `old` to `new`, whose lists it reads into a folder of its
    own: the host's own sources stay as they are."""
    server = f"{psql('postgres')} --command"
    busy = "state <> 'idle' and xact_start < now() - interval '10 seconds' and pid <> pg_backend_pid()"
    sections = {
        "way": WAY_SCRIPT,
        "room": needed_script(copy),
        "disks": _DISKS,
        "download": _simulated(old, new),
        "packages": f"awk '/^[0-9]+ upgraded, [0-9]+ newly/ {{print $1 + $3}}' {_SAID}",
        "database": f"du --summarize --block-size=1 {DATABASES} 2>/dev/null | cut -f 1",
        "stored": f'{psql()} --command "select coalesce(sum(compressedsize), 0) from attachedfiles"',
        "instances": f'{psql()} --command "select count(*) from resources where resourcetype = 3"',
        "backup": f"cat {_STATE}/backup.json",
        "jobs": "said=$(curl -fsS -K /etc/pacsmith/orthanc.curl 'http://127.0.0.1:8042/jobs?expand') || exit 1; "
        'printf %s "$said" | grep -cE \'"State" : "(Running|Pending|Retry)"\'',
        "left_out": left_out_script(copy),
        "statements": f'{server} "select count(*) from pg_stat_activity where {busy}"',
        "replicas": f'{server} "select count(*) from pg_stat_replication"',
    }
    return "cd /\n" + "\n".join(f"echo '@@ {name}'\n( {text} ) 2>/dev/null" for name, text in sections.items())


def _simulated(old: str, new: str) -> str:
    """Shell text that downloads what the new release brings, while the host serves, and prints its bytes."""
    return (
        f"set -e; umask 022; rm -f {_SAID}; export LC_ALL=C; there=/var/cache/pacsmith-upgrade; "
        "mkdir -p $there/sources $there/lists/partial; "
        f"for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list; do [ ! -f $file ] || "
        f"sed 's/\\b{old}\\b/{new}/g' $file >$there/sources/${{file##*/}}; done; "
        f"[ ! -f /etc/apt/sources.list ] || sed 's/\\b{old}\\b/{new}/g' /etc/apt/sources.list >$there/sources.list; "
        "set -- -q -o Dir::Etc::sourcelist=$there/sources.list -o Dir::Etc::sourceparts=$there/sources "
        "-o Dir::State::lists=$there/lists -o APT::Update::Error-Mode=any -o Acquire::Retries=3; "
        f'apt-get "$@" update >/dev/null; apt-get "$@" -y full-upgrade --download-only >{_SAID}; '
        f"du --summarize --block-size=1 {PACKAGES} | cut -f 1"
    )


def sections(text: str) -> Mapping[str, str]:
    """What each section says, without white space at its ends."""
    parts = _SECTION.split(text)[1:]
    return {name: said.strip() for name, said in zip(parts[::2], parts[1::2], strict=True)}


def number(text: str | None) -> int | None:
    """A whole number, or None for whatever else was said."""
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def disks(said: str) -> Mapping[str, tuple[str, int]] | None:
    """The section `disks`: folder -> its disk and the bytes free there; None where a line is not whole."""
    found = {}
    for line in said.splitlines():
        match line.split():
            case [folder, disk, free] if free.isdecimal():
                found[folder] = (disk, int(free))
            case _:
                return None
    return found
