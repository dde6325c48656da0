"""Rules about names, AE titles and what each class of machine must say of itself."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from builder.inventory.rules_case import Case, FieldPath, Found
from builder.models.site import Host

# Ansible gives these names another meaning, and localhost is every machine's own.
_RESERVED = frozenset(("all", "ungrouped", "localhost"))


Value = TypeVar("Value", bound=Hashable)


def doubles(entries: Iterable[tuple[FieldPath, Value]]) -> Iterator[tuple[FieldPath, Value, FieldPath]]:
    """Each entry whose value came before, with the place where it came first."""
    first: dict[Value, FieldPath] = {}
    for path, value in entries:
        if value in first:
            yield path, value, first[value]
        else:
            first[value] = path


def machine_names_are_unique(case: Case) -> Iterator[Found]:
    """A name means one machine, be it ours or a peer."""
    for path, name, first in doubles(((*path, "name"), end.name) for path, end in case.ends):
        yield path, f"the name {name} is taken by {first[0]}[{first[1]}]", "give each host and peer its own name"


def machine_names_are_free(case: Case) -> Iterator[Found]:
    """No machine bears a name that a tool gives another meaning."""
    for path, end in case.ends:
        if end.name in _RESERVED:
            yield (*path, "name"), f"the name {end.name} has another meaning for Ansible and DNS", "choose another name"


def ae_titles_are_unique(case: Case) -> Iterator[Found]:
    """One AE title, one application entity: archives tell callers apart by it."""
    titles = (((*path, "ae", "title"), end.ae.title) for path, end in case.ends if end.ae is not None)
    for path, title, first in doubles(titles):
        owner = (case.site.hosts if first[0] == "hosts" else case.site.peers)[int(first[1])].name
        yield path, f"the AE title {title} is taken by {owner}", "give each application entity its own title"


def archives_are_described(case: Case) -> Iterator[Found]:
    """An archive has an AE and its settings; nothing else has settings of an archive."""
    for path, host in case.hosts:
        if host.host_class == "archive":
            for field in ("ae", "archive"):
                if getattr(host, field) is None:
                    yield path, f"{host.name} is an archive without `{field}`", f"add `{field}:` to the host"
        elif host.archive is not None:
            what = f"{host.name} is a {host.host_class} and has settings of an archive"
            yield (*path, "archive"), what, "remove `archive:`, or write `class: archive`"


def modalities_say_which(case: Case) -> Iterator[Found]:
    """A worklist is asked for by modality, so a modality says which it is; nothing else does."""
    for path, peer in case.peers:
        if peer.kind == "modality" and peer.modality is None:
            yield path, f"{peer.name} is a modality and does not say which", "add `modality:` with its code, as CT"
        if peer.kind != "modality" and peer.modality is not None:
            what = f"{peer.name} is a {peer.kind} and names a modality"
            yield (*path, "modality"), what, "remove `modality:`, or write `kind: modality`"


def web_users_are_unique(case: Case) -> Iterator[Found]:
    """Within one archive a user's name means one password and one set of rights."""
    for path, host in _archives(case):
        users = host.archive.users if host.archive is not None else ()
        names = (((*path, "archive", "users", number, "name"), user.name) for number, user in enumerate(users))
        for place, name, _ in doubles(names):
            yield place, f"the web user {name} is written twice", "give each user its own name"
        for number, user in enumerate(users):
            rights = (((*path, "archive", "users", number, "may", i), right) for i, right in enumerate(user.may))
            for place, right, _ in doubles(rights):
                yield place, f"the web user {user.name} is given {right} twice", "write it once"


def stand_ins_have_something_to_play(case: Case) -> Iterator[Found]:
    """A stand-in plays the routes of its peer; without a route there is nothing to boot it for."""
    for path, peer in case.peers:
        if peer.stand_in and peer.name not in case.index.routes_from and peer.name not in case.index.routes_to:
            what = f"{peer.name} is to be played in the lab, but no route names it"
            yield (*path, "stand_in"), what, "add a route, or remove `stand_in:`"


def archive_folders_are_apart(case: Case) -> Iterator[Found]:
    """Images and backups lie in folders of their own: a backup that holds itself never ends."""
    for path, host in _archives(case):
        if host.archive is None:
            continue
        storage, backup = host.archive.storage_directory, host.archive.backup.repository
        places = (
            ((*path, "archive", "storage_directory"), storage),
            ((*path, "archive", "backup", "repository"), backup),
        )
        for place, folder in places:
            if {"..", "."} & set(folder.split("/")):
                yield place, f"the folder {folder} leads through `.` or `..`", "write it without them"
        if f"{backup}/".startswith(f"{storage}/") or f"{storage}/".startswith(f"{backup}/"):
            what = f"backups ({backup}) and images ({storage}) lie within one another"
            yield places[1][0], what, "choose two folders apart"


def _archives(case: Case) -> Iterator[tuple[FieldPath, Host]]:
    return ((path, host) for path, host in case.hosts if host.archive is not None)
