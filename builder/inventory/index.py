"""The site's names and routes, looked up in constant time: a site of 10,000 hosts is walked once, not once a host."""

import weakref
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from builder.models.site import Host, Peer, Route, Site


@dataclass(frozen=True, slots=True)
class SiteIndex:
    """`ends` by name (a doubled name: the first, as in `Site.end`); routes by either end, in the file's order."""

    ends: Mapping[str, Host | Peer]
    routes_to: Mapping[str, tuple[Route, ...]]
    routes_from: Mapping[str, tuple[Route, ...]]


def all_ends(site: Site) -> tuple[Host | Peer, ...]:
    """Hosts, then peers, in the file's order."""
    return (*site.hosts, *site.peers)


def _by_end(pairs: list[tuple[str, Route]]) -> dict[str, tuple[Route, ...]]:
    grouped: defaultdict[str, list[Route]] = defaultdict(list)
    for name, route in pairs:
        grouped[name].append(route)
    return {name: tuple(routes) for name, routes in grouped.items()}


def _walk(site: Site) -> SiteIndex:
    ends: dict[str, Host | Peer] = {}
    for end in all_ends(site):
        ends.setdefault(end.name, end)
    return SiteIndex(
        ends=ends,
        routes_to=_by_end([(route.to, route) for route in site.routes]),
        routes_from=_by_end([(route.from_, route) for route in site.routes]),
    )


class _Last:
    """The index of the site that was asked for last. A site is frozen, so its index cannot grow old; it is told by
    identity because comparing two sites of 10,000 hosts costs more than indexing one."""

    def __init__(self) -> None:
        self._site: weakref.ref[Site] | None = None
        self._index: SiteIndex | None = None

    def of(self, site: Site) -> SiteIndex:
        if self._index is None or self._site is None or self._site() is not site:
            self._index = _walk(site)
            self._site = weakref.ref(site)
        return self._index


_LAST = _Last()


def site_index(site: Site) -> SiteIndex:
    """The index of `site`, made once for as long as the same site is asked for."""
    return _LAST.of(site)
