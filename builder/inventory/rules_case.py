"""What a rule is given and what it answers."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from builder.inventory.index import SiteIndex, site_index
from builder.models.secret import SecretReference
from builder.models.sheet import Sheet
from builder.models.site import Host, Operation, Peer, Site

FieldPath = tuple[str | int, ...]
SecretProblem = Callable[[SecretReference], str | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A site that breaks a rule: which, the place in the site file, what is wrong and what would be right."""

    rule: str
    path: FieldPath
    what: str
    remedy: str


# What a rule yields; its name is added by `check_site`.
Found = tuple[FieldPath, str, str]
Rule = Callable[["Case"], Iterator[Found]]


@dataclass(frozen=True)
class Case:
    """A site and what it is judged against. `secret_problem` says why a secret cannot be read, or None."""

    site: Site
    sheets: Sequence[Sheet]
    today: date
    secret_problem: SecretProblem | None = None

    @cached_property
    def hosts(self) -> tuple[tuple[FieldPath, Host], ...]:
        """Hosts with their places."""
        return tuple((("hosts", number), host) for number, host in enumerate(self.site.hosts))

    @cached_property
    def peers(self) -> tuple[tuple[FieldPath, Peer], ...]:
        """Peers with their places."""
        return tuple((("peers", number), peer) for number, peer in enumerate(self.site.peers))

    @cached_property
    def ends(self) -> tuple[tuple[FieldPath, Host | Peer], ...]:
        """Hosts, then peers, with their places."""
        return (*self.hosts, *self.peers)

    @cached_property
    def index(self) -> SiteIndex:
        """Ends and routes by name."""
        return site_index(self.site)

    @cached_property
    def granted(self) -> Mapping[tuple[str, str], frozenset[Operation]]:
        """(from, to) -> every operation that the routes between the two grant."""
        merged: defaultdict[tuple[str, str], set[Operation]] = defaultdict(set)
        for route in self.site.routes:
            merged[route.from_, route.to].update(route.may)
        return {ends: frozenset(may) for ends, may in merged.items()}

    @cached_property
    def operations(self) -> tuple[tuple[FieldPath, Host | Peer, Host | Peer, Operation], ...]:
        """Every granted operation between two machines that exist: its place, who may, to whom, what."""
        known = self.index.ends
        return tuple(
            (("routes", number, "may", place), known[route.from_], known[route.to], operation)
            for number, route in enumerate(self.site.routes)
            if route.from_ in known and route.to in known and route.from_ != route.to
            for place, operation in enumerate(route.may)
        )
