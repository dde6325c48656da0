"""Files that somebody else has put into a folder which a service reads whole: found, and put aside (pure)."""

import shlex
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath


def put_aside(name: str) -> str:
    """The name under which a service no longer finds the file."""
    return f"{name}.put-aside"


def foreign_script(folder: str, ending: str, ours: Collection[str]) -> str:
    """Shell text that prints the names of files in `folder` that end so, in whatever case, and are neither ours nor
    owned by a Debian package: dpkg would take a settings file that is gone for one that an administrator deleted."""
    known = "".join(f" ! -name {shlex.quote(name)}" for name in sorted(ours))
    listed = (
        f"find {shlex.quote(folder)} -maxdepth 1 -iname {shlex.quote('*' + ending)} ! -type d{known} -printf '%f\\n'"
    )
    return (
        f"[ -d {shlex.quote(folder)} ] || exit 0\n{listed} | LC_ALL=C sort | while IFS= read -r name; do "
        f'dpkg-query -S {shlex.quote(folder)}/"$name" >/dev/null 2>&1 || printf \'%s\\n\' "$name"; done'
    )


def aside_script(folder: str, names: Sequence[str], mark: str) -> str:
    """Shell text that renames them, keeping what an earlier round has put aside, after `mark` has been renewed."""
    parts = ["set -eu", f"mkdir -p {shlex.quote(str(PurePosixPath(mark).parent))}"]
    parts += [f"date +%s.%N > {shlex.quote(mark)}", f"sync {shlex.quote(mark)}"]
    for name in names:
        old, new = (shlex.quote(f"{folder}/{one}") for one in (name, put_aside(name)))
        parts.append(f"mv --backup=numbered -T -- {old} {new}")
    parts.append(f"sync {shlex.quote(folder)}")
    return "\n".join(parts)
