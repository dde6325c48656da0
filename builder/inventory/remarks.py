"""What is not wrong in a site, and likely not meant: told by `validate`, refused by nothing. Pure."""

from collections import defaultdict
from datetime import date

from builder.inventory.index import all_ends
from builder.inventory.rules_case import Case
from builder.inventory.rules_routes import kind_of
from builder.inventory.rules_stations import without_an_archive
from builder.models.site import Site


def remarks(site: Site) -> tuple[str, ...]:
    """One sentence each, in a fixed order."""
    return (*_titles_alike(site), *_fetching_from_nothing(site))


def _titles_alike(site: Site) -> list[str]:
    """AE titles that differ in case alone. They are two titles (DICOM PS3.5, 6.2: AE is text of the default character
    repertoire, whose letters are not folded), and our archives keep them apart; devices of some makers do not."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for end in all_ends(site):
        if end.ae is not None:
            alike[end.ae.title.lower()].append(f"{end.ae.title} ({end.name})")
    return [
        f"the AE titles {' and '.join(titles)} differ in upper and lower case alone: DICOM and pacsmith's archives "
        "tell them apart, some devices do not; if one is a slip, correct it"
        for titles in alike.values()
        if len(titles) > 1
    ]


def _fetching_from_nothing(site: Site) -> list[str]:
    """Stations of a site that has no archive at all; with one, a rule refuses them."""
    names = [host.name for _, host in without_an_archive(Case(site, (), date.min))]
    if not names or any(kind_of(end) == "archive" for end in all_ends(site)):
        return []
    have, read = ("has", "it can") if len(names) == 1 else ("have", "they can")
    return [
        f"{', '.join(names)} {have} no archive to fetch from: {read} be surveyed and burnt in, and will not be "
        "accepted before the site has one, as a host or a peer, with routes [echo, find, move] to it "
        "and [echo, store] back"
    ]
