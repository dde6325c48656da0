"""Where sheets, roles and the example site lie: the user's project folder first, then what pacsmith brings along."""

from pathlib import Path

import builder

_PACKAGE = Path(builder.__file__).resolve().parent


def _brought_along(in_wheel: str, in_checkout: str) -> Path:
    """A wheel carries its files in builder/shipped; a checkout (editable install) has them beside the package."""
    wheel = _PACKAGE / "shipped" / in_wheel
    return wheel if wheel.exists() else _PACKAGE.parent / in_checkout


def _folders(own: Path, name: str) -> tuple[Path, ...]:
    shipped = _brought_along(name, name)
    if own.is_dir() and shipped.is_dir() and own.samefile(shipped):
        return (own,)
    return tuple(folder for folder in (own, shipped) if folder.is_dir())


def specs_folders() -> tuple[Path, ...]:
    """Folders with sheets: `specs/` of the current folder when there is one, then the shipped one."""
    return _folders(Path("specs"), "specs")


def roles_folders() -> tuple[Path, ...]:
    """Folders with roles: `roles/` of the current folder when there is one, then the shipped one. Absolute, because
    Python imports from them."""
    return _folders(Path.cwd() / "roles", "roles")


def example_site() -> Path:
    """The site file of the fictional hospital of the demo."""
    return _brought_along("example/site.yml", "inventory/example/site.yml")


def vagrantfile() -> Path:
    """The Vagrantfile that reads a rendered host list. One in the current folder may be of other machines."""
    return _brought_along("Vagrantfile", "Vagrantfile")
