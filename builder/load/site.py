"""Read a site file."""

from pathlib import Path

from builder.load.loaded import Loaded, load
from builder.models.site import Site


def load_site(path: Path, text: str | None = None) -> Loaded[Site]:
    """The site of `path`, or the one that `text` would be there. Raises LoadErrors with everything that is wrong."""
    return load(path, Site, text)
