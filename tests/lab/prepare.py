"""Make the base trees that the lab tests boot from, while other checks run: `python -m tests.lab.prepare` (root)."""

from typing import get_args

from builder.lab.image import Cache
from builder.lab.layout import cache_folder
from builder.lab.sources import mirrors_for
from builder.load import load_site
from builder.models.site import OperatingSystem
from tests.lab.conftest import SITES


def main() -> None:
    """Both Debian releases, each with its stand-in layer; nothing where they are there already."""
    mirrors = mirrors_for(load_site(SITES / "north.yml").value)
    cache = Cache(cache_folder(), print)
    for release in get_args(OperatingSystem):
        cache.ensure_base(release, mirrors)
        cache.ensure_stand_in(release, mirrors)


if __name__ == "__main__":
    main()
