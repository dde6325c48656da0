"""A depot file as an unpacked folder on a host: the shell text that reads and that makes it (pure).

The folder has its name only when it is whole: the file is sent beside it, checked, unpacked beside it, and renamed.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from builder.models.depot import Delivered

WHOLE = "whole"
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Unpacked:
    """`inside` of the tar file `source` becomes `folder`, without files that match `leave_out` (tar patterns)."""

    source: Delivered
    folder: str
    inside: str
    leave_out: tuple[str, ...] = ()

    @property
    def sums(self) -> str:
        """The host's own list of what it has unpacked, SHA-256 and path of each file; named after what it came from."""
        return f"{self.folder}.{self.source.sha256[:12]}"

    @property
    def upload(self) -> str:
        """Where the file is sent to."""
        return self._beside("upload")

    def _beside(self, ending: str) -> str:
        whole = PurePosixPath(self.folder)
        return str(whole.parent / f".{whole.name}.{ending}")

    def described(self) -> str:
        """One line of a plan."""
        megabytes = self.source.size / _MEGABYTE
        return f"# {self.folder}: unpacked from {self.source.file} of the depot ({megabytes:.1f} MB)"

    def read_script(self) -> str:
        """Shell text that prints `whole` when every file is there as it was unpacked, and nothing beside them."""
        folder, sums = shlex.quote(self.folder), shlex.quote(self.sums)
        return (
            f"cd {folder} 2>/dev/null && [ -s {sums} ] && sha256sum --quiet --strict --check {sums} >/dev/null 2>&1 && "
            f'[ "$(find . ! -type d | wc -l)" -eq "$(wc -l < {sums})" ] && echo {WHOLE} || echo due'
        )

    def make_script(self) -> str:
        """Shell text that turns the file that was sent into the folder; it leaves nothing else behind."""
        new, old, upload = (self._beside(ending) for ending in ("part", "old", "upload"))
        names = {"n": new, "o": old, "u": upload, "f": self.folder, "s": self.sums}
        broken = shlex.quote(f"{self.source.file} did not arrive whole; run the same command again")
        out = " ".join(f"--exclude={shlex.quote(pattern)}" for pattern in self.leave_out)
        inside, depth = shlex.quote(self.inside), len(PurePosixPath(self.inside).parts)
        return "\n".join([
            "set -eu",
            *(f"{name}={shlex.quote(path)}" for name, path in names.items()),
            'trap \'rm -rf "$n" "$u"\' EXIT',
            f'echo "{self.source.sha256}  $u" | sha256sum --status --check || {{ echo {broken} >&2; exit 1; }}',
            'rm -rf "$n" "$o"; mkdir "$n"',
            # --touch: a package whose files all have one date would give a browser one tag for every release.
            f'tar --extract --gzip --file "$u" --directory "$n" --strip-components={depth} --no-same-owner '
            f"--no-same-permissions --touch {out} {inside}",
            'chmod -R u=rwX,go=rX "$n"',
            '(cd "$n"; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) > "$s.part"',
            'sync -f "$n"',
            'if [ -e "$f" ]; then mv -T "$f" "$o"; fi',
            'mv -fT "$s.part" "$s"; mv -T "$n" "$f"; rm -rf "$o"',
            'sync "${f%/*}"',
        ])  # fmt: skip


def others_script(parent: str, keep: Sequence[str]) -> str:
    """Shell text that prints what lies in `parent` beside the names in `keep`; nothing when there is no such folder."""
    known = "".join(f" ! -name {shlex.quote(name)}" for name in sorted(keep))
    return f"find {shlex.quote(parent)} -mindepth 1 -maxdepth 1{known} -printf '%f\\n' 2>/dev/null | LC_ALL=C sort"


def remove_script(parent: str, names: Sequence[str]) -> str:
    """Shell text that removes these from `parent`."""
    paths = " ".join(shlex.quote(f"{parent}/{name}") for name in names)
    return f"set -eu\nrm -rf -- {paths}\nsync {shlex.quote(parent)}"
