"""Read a site file."""

from pathlib import Path

from builder.load.loaded import Loaded, load
from builder.models.site import Site


def load_site(path: Path) -> Loaded[Site]:
    """The site of `path`. Raises LoadErrors with everything that is wrong with the file."""
    return load(path, Site)
