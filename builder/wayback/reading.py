"""What a host says of itself before an upgrade: one shell text, answered in sections (pure)."""

import re
from collections.abc import Mapping

from builder.wayback.copy import WAY_SCRIPT, Copy, left_out_script, needed_script
from builder.wayback.psql import psql

_SECTION = re.compile(r"^@@ (\w+)\n", re.MULTILINE)
_STATE = "/var/lib/pacsmith"


def reading_script(copy: Copy, old: str, new: str) -> str:
    """Shell text that prints sections: way, room, download, database, stored, backup, jobs, left_out, statements,
    replicas. From the release called `old` to `new`, whose lists it reads into a folder of its own: the host's own
    sources stay as they are."""
    server = f"{psql('postgres')} --command"
    busy = "state <> 'idle' and xact_start < now() - interval '10 seconds' and pid <> pg_backend_pid()"
    sections = {
        "way": WAY_SCRIPT,
        "room": needed_script(copy),
        "download": _simulated(old, new),
        "database": "du --summarize --block-size=1 /var/lib/postgresql 2>/dev/null | cut -f 1",
        "stored": f'{psql()} --command "select coalesce(sum(compressedsize), 0) from attachedfiles"',
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
        "set -e; umask 022; there=/var/cache/pacsmith-upgrade; mkdir -p $there/sources $there/lists/partial; "
        f"for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list; do [ ! -f $file ] || "
        f"sed 's/\\b{old}\\b/{new}/g' $file >$there/sources/${{file##*/}}; done; "
        f"[ ! -f /etc/apt/sources.list ] || sed 's/\\b{old}\\b/{new}/g' /etc/apt/sources.list >$there/sources.list; "
        "set -- -q -o Dir::Etc::sourcelist=$there/sources.list -o Dir::Etc::sourceparts=$there/sources "
        "-o Dir::State::lists=$there/lists -o APT::Update::Error-Mode=any -o Acquire::Retries=3; "
        'apt-get "$@" update >/dev/null; apt-get "$@" -y full-upgrade --download-only >$there/said; '
        "du --summarize --block-size=1 /var/cache/apt/archives | cut -f 1"
    )


def sections(text: str) -> Mapping[str, str]:
    """What each section says, without white space at its ends."""
    parts = _SECTION.split(text)[1:]
    return {name: said.strip() for name, said in zip(parts[::2], parts[1::2], strict=True)}


def number(text: str | None) -> int | None:
    """A whole number, or None for whatever else was said."""
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None
