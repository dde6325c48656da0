"""The web viewer at the archive's web root: which folders nginx serves, and its settings (pure).

A version has a folder of its own: nginx changes from one to the other with its
configuration, and only then older ones are removed.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from builder.engines.files import DirectorySpec, FileSpec, Spec
from builder.engines.template import render
from builder.engines.unpacking import Unpacked
from builder.models.base import Model
from builder.models.depot import Delivered

from .variables import Variables

ROOT = "/usr/local/share/pacsmith"
VERSIONS = f"{ROOT}/viewers"
SETTINGS = "/viewer-settings"
# Its own settings name a demonstration server; source maps are for its developers; these two serve other web hosts.
LEFT_OUT = ("*.map", "app-config.js", "_headers", "_redirects")


class Served(Model):
    """What nginx is told: paths below `root`."""

    root: str = ROOT
    settings: str = SETTINGS
    folder: str


def folder_name(product: str, version: str) -> str:
    """The name of a version's folder."""
    return f"{product}-{version}"


def served(variables: Variables) -> Served | None:
    """None for an archive without a viewer."""
    wanted = variables.viewer
    return None if wanted is None else Served(folder=f"/viewers/{folder_name(wanted.product, wanted.version)}")


def unpacked(variables: Variables, source: Delivered) -> Unpacked:
    """The viewer's files on the host. The archive must have a viewer."""
    assert variables.viewer is not None
    folder = f"{VERSIONS}/{folder_name(variables.viewer.product, variables.viewer.version)}"
    return Unpacked(source, folder, variables.viewer.inside, LEFT_OUT)


def kept(files: Sequence[Unpacked]) -> tuple[str, ...]:
    """What may lie in the folder of versions."""
    return tuple(PurePosixPath(path).name for one in files for path in (one.folder, one.sums))


def settings_files(variables: Variables) -> list[Spec]:
    """The viewer's settings, which nginx finds before the package's own."""
    text = render(__file__, "app-config.js.j2", viewer=variables.viewer, fqdn=variables.fqdn)
    return [DirectorySpec(ROOT), DirectorySpec(f"{ROOT}{SETTINGS}"), FileSpec(f"{ROOT}{SETTINGS}/app-config.js", text)]
