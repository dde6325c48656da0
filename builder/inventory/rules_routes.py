"""Rules about routes: both ends exist and can do what is granted."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from builder.inventory.rules_case import Case, Found
from builder.inventory.rules_names import doubles
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, Host, Operation, Peer

_ARCHIVE: frozenset[Operation] = frozenset(DICOM_OPERATIONS)
_RECEIVER: frozenset[Operation] = frozenset(("echo", "store", "commit"))
# What the services of each class or kind of machine provide. `commit` at a receiver is the report that comes back.
PROVIDES: Mapping[str, frozenset[Operation]] = {
    "archive": _ARCHIVE,
    "workstation": _RECEIVER,
    "thin_client": frozenset(),
    "modality": _RECEIVER,
    "viewer": _RECEIVER,
    "broker": frozenset(("echo", "worklist")),
}
_MANY = 200  # names among which a near one is looked for; more would take longer than reading the list


def kind_of(end: Host | Peer) -> str:
    """A host's class or a peer's kind."""
    return end.host_class if isinstance(end, Host) else end.kind


def route_ends_exist(case: Case) -> Iterator[Found]:
    """A route leads from a machine of the site to another one."""
    known = list(case.index.ends)
    for number, route in enumerate(case.site.routes):
        for field, name in (("from", route.from_), ("to", route.to)):
            if name not in case.index.ends:
                near = get_close_matches(name, known, n=1) if len(known) <= _MANY else []
                remedy = f"did you mean {near[0]}?" if near else "add it to hosts or peers, or remove the route"
                yield ("routes", number, field), f"there is no host or peer {name}", remedy
        if route.from_ == route.to:
            yield ("routes", number, "to"), f"this route leads from {route.to} to itself", "name two machines"


def routes_grant_once(case: Case) -> Iterator[Found]:
    """An operation between two machines is granted in one place, so that it is taken away in one place."""
    grants = (
        (("routes", number, "may", place), (route.from_, route.to, operation))
        for number, route in enumerate(case.site.routes)
        for place, operation in enumerate(route.may)
    )
    for path, _, first in doubles(grants):
        operation = case.site.routes[int(path[1])].may[int(path[3])]
        where = "twice in this route" if first[1] == path[1] else f"already by routes[{first[1]}]"
        yield path, f"{operation} is granted {where}", "grant it once"


def dicom_ends_have_an_ae(case: Case) -> Iterator[Found]:
    """An association needs a title to call and a title that calls."""
    for path, source, target, operation in case.operations:
        if operation not in DICOM_OPERATIONS:
            continue
        for end in (source, target):
            if end.ae is None:
                yield (
                    path,
                    f"{operation} needs an AE title at both ends, and {end.name} has none",
                    f"add `ae:` to {end.name}",
                )


def targets_provide_what_is_granted(case: Case) -> Iterator[Found]:
    """Only an archive answers queries, only an archive or broker gives worklists."""
    for path, _, target, operation in case.operations:
        if operation in WEB_OPERATIONS or operation in PROVIDES[kind_of(target)]:
            continue
        provided = [one for one in DICOM_OPERATIONS if one in PROVIDES[kind_of(target)]]
        what = f"{target.name} is a {kind_of(target)} and provides no {operation}"
        yield path, what, f"grant only what it provides: {', '.join(provided) or 'nothing over DICOM'}"


def web_targets_have_a_user(case: Case) -> Iterator[Found]:
    """DICOMweb is served by our archives, to users who have the right."""
    for path, _, target, operation in case.operations:
        if operation not in WEB_OPERATIONS:
            continue
        if not isinstance(target, Host) or target.archive is None:
            yield (
                path,
                f"{target.name} has no web door that pacsmith builds",
                f"remove {operation}, or name an archive host",
            )
        elif not any(operation in user.may for user in target.archive.users):
            what = f"no web user of {target.name} may {operation}"
            yield path, what, f"give {operation} to one of its users, or remove it here"


def moves_can_arrive(case: Case) -> Iterator[Found]:
    """C-MOVE delivers with C-STORE: the archive must be allowed to store at the machine that asks."""
    for path, source, target, operation in case.operations:
        if operation == "move" and "store" not in case.granted.get((target.name, source.name), ()):
            what = f"{source.name} may move images from {target.name}, but {target.name} may not store them back"
            yield path, what, f"add a route {{from: {target.name}, to: {source.name}, may: [store]}}, or remove move"


def commitments_are_reported(case: Case) -> Iterator[Found]:
    """Storage commitment is asked for in one direction and reported in the other."""
    for path, source, target, operation in case.operations:
        if operation == "commit" and "commit" not in case.granted.get((target.name, source.name), ()):
            what = f"{source.name} may commit at {target.name}, but not the other way round"
            back = f"{{from: {target.name}, to: {source.name}, may: [commit]}}"
            yield path, what, f"add a route {back} for the report, or remove commit"


def worklists_are_for_modalities(case: Case) -> Iterator[Found]:
    """A worklist belongs to the modality whose station it names."""
    for path, source, _, operation in case.operations:
        if operation == "worklist" and kind_of(source) != "modality":
            yield path, f"{source.name} is a {kind_of(source)}, and worklists are for modalities", "remove worklist"
