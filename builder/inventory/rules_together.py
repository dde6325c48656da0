"""Rules about hosts that serve together and are never all changed at once."""

from collections.abc import Iterator

from builder.inventory.rules_case import Case, FieldPath, Found
from builder.inventory.rules_names import doubles


def groups_have_their_own_names(case: Case) -> Iterator[Found]:
    """A group is called by its name; those that pacsmith derives are called archives and room-1, room-2, …"""
    names = ((("together", number, "name"), group.name) for number, group in enumerate(case.site.together))
    for path, name, _ in doubles(names):
        yield path, f"the group name {name} is taken", "give each group its own name"


def groups_name_hosts(case: Case) -> Iterator[Found]:
    """A group is of hosts that pacsmith builds, each named once."""
    names = {host.name for host in case.site.hosts}
    for number, group in enumerate(case.site.together):
        places: list[tuple[FieldPath, str]] = [
            (("together", number, "hosts", place), host) for place, host in enumerate(group.hosts)
        ]
        for path, host in places:
            if host not in names:
                yield path, f"group {group.name} names {host}, which is not a host of the site", "correct the name"
        for path, host, _ in doubles(places):
            yield path, f"group {group.name} names {host} twice", "write it once"


def groups_keep_somebody_serving(case: Case) -> Iterator[Found]:
    """Changed all at once, a group serves nobody: that is what it is there against."""
    for number, group in enumerate(case.site.together):
        hosts = len(set(group.hosts))
        if group.at_once >= hosts > 1:
            what = f"group {group.name} lets {group.at_once} of its {hosts} hosts be changed at once, which is all"
            remedy = f"write at most {hosts - 1}, or remove the group"
            yield ("together", number, "at_once"), what, remedy
