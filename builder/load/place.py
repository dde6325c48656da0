"""Which site file a person means."""

import shlex
from difflib import get_close_matches
from pathlib import Path

from builder.errors import BadInput

_FOLDER = "inventory"
_FILE = "site.yml"


def _known() -> dict[str, Path]:
    return {file.parent.name: file for file in sorted(Path(_FOLDER).glob(f"*/{_FILE}"))}


def _only_one() -> Path:
    known = _known()
    if len(known) == 1:
        return next(iter(known.values()))
    if not known:
        raise BadInput(f"there is no {_FOLDER}/*/{_FILE} here; begin one with: pacsmith init NAME")
    raise BadInput(f"there are several sites here ({', '.join(known)}); name one")


def find_site(name: str | None) -> Path:
    """The site file that `name` means: a path to a YAML file or its folder, a folder name below inventory/, or, for
    None, the only site that there is. Raises BadInput with the remedy when there is none or more than one."""
    if name is None:
        return _only_one()
    known = _known()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix in (".yml", ".yaml") or path.is_file():
        return path  # whether it can be read is the loader's to say, with the same kind of sentence
    if name and (path / _FILE).is_file():
        return path / _FILE
    near = get_close_matches(name, known, n=1)
    there = f"there are {', '.join(known)}" if known else "there is none yet: begin one with: pacsmith init NAME"
    raise BadInput(f"there is no site {name!r} below {_FOLDER}/; " + (f"did you mean {near[0]}?" if near else there))


def name_of(file: Path) -> str:
    """What a person writes after --site for this site file, so that `find_site` finds it again: the name of its folder
    below inventory/, which need not be the site's own, or else its path."""
    name = file.parent.name
    return shlex.quote(name if _known().get(name) == file else str(file))


def recordings_of(site: Path) -> Path | None:
    """The folder `recorded` beside a site file, with what was recorded of its hosts; None when there is none."""
    folder = site.parent / "recorded"
    return folder if folder.is_dir() else None
