"""Which hosts are changed at once, and which after them: hosts that serve together are never all changed in one wave.
Pure; computed from the site file and nothing else.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from builder.inventory.index import site_index
from builder.models.site import Host, HostClass, Site, Together

_ORDER: Mapping[HostClass, int] = {"archive": 0, "workstation": 1, "thin_client": 1}


@dataclass(frozen=True, slots=True)
class Wave:
    """Hosts that are changed at once, sorted by name. `number` counts from 1."""

    number: int
    hosts: tuple[str, ...]

    def of(self, total: int) -> str:
        """As it is told: "wave 1 of 3 (archive01, read02)"."""
        return f"wave {self.number} of {total} ({', '.join(self.hosts)})"


def room_of(host: Host) -> str:
    """The room of a host: its location up to the first comma, whatever its case and spaces."""
    return " ".join(host.location.partition(",")[0].casefold().split())


def groups_of(site: Site) -> tuple[Together, ...]:
    """What must never be changed at once: what the site file says, and for production hosts of which it says nothing:
    archives one after the other, of the stations of one room half at most (one, of two or three)."""
    named = {name for group in site.together for name in group.hosts}
    archives: list[str] = []
    rooms: defaultdict[str, list[str]] = defaultdict(list)
    for host in sorted(site.hosts, key=lambda host: host.name):
        if host.stage == "production" and host.name not in named:
            (archives if host.host_class == "archive" else rooms[room_of(host)]).append(host.name)
    of_rooms = [names for _, names in sorted(rooms.items()) if len(names) > 1]
    derived = [Together(name="archives", hosts=tuple(archives))] if len(archives) > 1 else []
    derived += [
        Together(name=f"room-{number}", hosts=tuple(names), at_once=len(names) // 2)
        for number, names in enumerate(of_rooms, start=1)
    ]
    return (*site.together, *derived)


def needed_by(site: Site, host: Host) -> frozenset[str]:
    """The archives of ours without which a station shows nothing: those that a route joins it with."""
    if host.host_class == "archive":
        return frozenset()
    index = site_index(site)
    joined = {route.to for route in index.routes_from.get(host.name, ())}
    joined |= {route.from_ for route in index.routes_to.get(host.name, ())}
    ends = (index.ends.get(name) for name in joined)
    return frozenset(end.name for end in ends if isinstance(end, Host) and end.host_class == "archive")


def waves_of(site: Site, hosts: Iterable[str], *, canary: bool = False, at_once: int | None = None) -> tuple[Wave, ...]:
    """`hosts` (names of hosts of the site) in as few waves as `groups_of` allows, each of `at_once` hosts at most.

    Archives come no later than the stations that need them. With `canary`, one host of each class comes before the
    others of its class: one in stage `test`, where there is one.
    """
    among = frozenset(hosts)
    return _Division(site, [host for host in site.hosts if host.name in among], at_once).waves(canary)


class _Division:
    """Puts host after host into the first wave that can take it."""

    def __init__(self, site: Site, hosts: list[Host], at_once: int | None) -> None:
        self.site, self.hosts, self.at_once = site, hosts, at_once
        self.groups: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)  # (number of the group, its at_once)
        for number, group in enumerate(groups_of(site)):
            for name in group.hosts:
                self.groups[name].append((number, group.at_once))
        self.wave: dict[str, int] = {}
        self.size: Counter[int] = Counter()
        self.taken: Counter[tuple[int, int]] = Counter()  # of (number of a group, wave)
        self.full = 0  # every wave below is full

    def waves(self, canary: bool) -> tuple[Wave, ...]:
        for kind in ("archive", "workstation", "thin_client"):
            hosts = sorted((host for host in self.hosts if host.host_class == kind), key=lambda host: host.name)
            least = 0
            if canary and hosts:
                first = min(hosts, key=lambda host: (self._after_its_archives(host), host.stage != "test", host.name))
                self._place(first, 0)
                hosts.remove(first)
                least = self.wave[first.name] + 1
            for host in hosts:
                self._place(host, least)
        members: defaultdict[int, list[str]] = defaultdict(list)
        for name, number in self.wave.items():
            members[number].append(name)
        return tuple(
            Wave(number, tuple(sorted(members[place]))) for number, place in enumerate(sorted(members), start=1)
        )

    def _after_its_archives(self, host: Host) -> int:
        return max((self.wave.get(name, 0) for name in needed_by(self.site, host)), default=0)

    def _place(self, host: Host, least: int) -> None:
        groups = self.groups[host.name]
        while self.at_once is not None and self.size[self.full] >= self.at_once:
            self.full += 1
        place = max(least, self._after_its_archives(host), self.full)
        while (self.at_once is not None and self.size[place] >= self.at_once) or any(
            self.taken[group, place] >= most for group, most in groups
        ):
            place += 1
        self.wave[host.name] = place
        self.size[place] += 1
        self.taken.update((group, place) for group, _ in groups)


def crowded(site: Site, waves: Iterable[Wave], others: Iterable[str]) -> dict[str, str]:
    """The groups in which one of `waves`, beside the hosts `others` that somebody else is changing, would change more
    at once than may be: one of the others -> the group's name."""
    busy, planned = frozenset(others), [frozenset(wave.hosts) for wave in waves]
    found = {}
    for group in groups_of(site):
        theirs = busy & set(group.hosts)
        ours = max((len(wave & set(group.hosts)) for wave in planned), default=0)
        if theirs and ours and len(theirs) + ours > group.at_once:
            found[min(theirs)] = group.name
    return found


def held_back(site: Site, hosts: Iterable[str], failed: Iterable[str], away: Collection[str] = ()) -> dict[str, str]:
    """Of `hosts`, those that are not begun after the hosts `failed` were not accepted, and why, as a clause: hosts of
    the same class, whose roles would do the same; hosts that serve together with it, which must go on; and stations
    that need it. Everything else goes on. Those of `failed` that were `away` all the time, as a station that is
    switched off, say nothing of their roles: their class goes on."""
    known = {host.name: host for host in site.hosts}
    groups = groups_of(site)
    found: dict[str, str] = {}
    for name in hosts:
        for lost in sorted(failed):
            why = _hangs_on(site, known[name], known[lost], groups, away=lost in away)
            if why is not None:
                found[name] = why
                break
    return found


def _hangs_on(site: Site, host: Host, lost: Host, groups: tuple[Together, ...], *, away: bool) -> str | None:
    both = {host.name, lost.name}
    if any(both <= set(group.hosts) for group in groups):
        return f"{lost.name}, which serves together with it, was not accepted"
    if host.host_class == lost.host_class and not away:
        return f"{lost.name}, which has the same roles, was not accepted"
    if lost.name in needed_by(site, host):
        return f"{lost.name}, from which it shows images, was not accepted"
    return None
