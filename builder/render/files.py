"""Rendered texts and the files on disk: compare them, and make the files so."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.durable import write_whole
from builder.errors import BadInput
from builder.models.site import Site
from builder.render.mark import carries_mark

_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as it should be; `wanted` is None for a file of ours that is no longer rendered."""

    path: Path
    wanted: str | None
    present: str | None

    @property
    def diff(self) -> str:
        """Unified diff from what lies there to what is wanted."""
        old = (self.present or "").splitlines(keepends=True)
        new = (self.wanted or "").splitlines(keepends=True)
        from_file = "/dev/null" if self.present is None else str(self.path)
        to_file = "/dev/null" if self.wanted is None else f"{self.path} (rendered)"
        lines = difflib.unified_diff(old, new, from_file, to_file)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise BadInput(
            f"{path}: cannot be read ({fault.strerror}); mend that, or choose another folder with --out"
        ) from None


def _stale(site: Site, folder: Path, wanted: Mapping[str, str]) -> list[Path]:
    """Files below `folder` that carry this site's mark and are not rendered any more. A person's own files don't."""
    keep = {folder / name for name in wanted}
    stale = []
    for path in sorted(folder.rglob("*")):
        if path in keep or path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                first = file.readline(500).decode("utf-8", "replace")
        except OSError:
            continue  # what we may not read, we have not written
        if carries_mark(first, site):
            stale.append(path)
    return stale


def differences(site: Site, folder: Path, wanted: Mapping[str, str]) -> tuple[Difference, ...]:
    """What would have to change below `folder`. Raises BadInput when a file cannot be read."""
    found = [Difference(folder / name, text, _read(folder / name)) for name, text in sorted(wanted.items())]
    found += [Difference(path, None, _read(path)) for path in _stale(site, folder, wanted)]
    return tuple(one for one in found if one.wanted != one.present)


def carry_out(changes: tuple[Difference, ...]) -> None:
    """Write and remove, each file whole or not at all. Raises BadInput when the disk refuses."""
    for change in changes:
        try:
            if change.wanted is None:
                change.path.unlink(missing_ok=True)
            else:
                write_whole(change.path, change.wanted.encode(), _MODE)
        except OSError as fault:
            raise BadInput(
                f"{change.path}: cannot be written ({fault.strerror}); mend that, or choose another folder with --out"
            ) from None
