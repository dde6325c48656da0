"""The words after `--to`, as the changes that they mean for one host (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from builder.errors import BadInput
from builder.models.archive import OF_RELEASE
from builder.models.quantity import version
from builder.models.site import Host
from builder.models.upgrade import Change, Part

_RELEASES = ("debian-12", "debian-13")


def parts_of(host: Host) -> dict[str, Change]:
    """What of `host` can be upgraded, by the word that names it, each as a change from what it has to that."""
    found = [_part("release", "debian", host.os.removeprefix("debian-"), "os")]
    if host.product.id != "debian":
        found.append(_part("product", host.product.id, host.product.version, "product", "version"))
    if host.archive is not None:
        found.append(_part("database", "postgresql", str(database_of(host)), "archive", "database_version"))
        if host.archive.viewer is not None:
            viewer = host.archive.viewer
            found.append(_part("viewer", viewer.product, viewer.version, "archive", "viewer", "version"))
    if host.workstation is not None and host.workstation.nvidia is not None:
        branch = host.workstation.nvidia.branch
        found.append(_part("driver", "nvidia", branch, "workstation", "nvidia", "branch"))
    found.append(_part("security", "security", f"debian {host.os[7:]} as installed"))
    return {one.name: one for one in found}


def _part(part: Part, name: str, was: str, *field: str) -> Change:
    return Change(part=part, name=name, was=was, to=was, field=field)


def database_of(host: Host) -> int:
    """PostgreSQL's major version of an archive host. Raises ValueError for another host."""
    if host.archive is None:
        raise ValueError(f"{host.name} is no archive")
    own = int(OF_RELEASE[host.os]["postgresql"])
    return host.archive.database_version or own


def changes_of(host: Host, words: Sequence[str]) -> tuple[Change, ...]:
    """The changes that `words` (`debian-13`, `orthanc=1.12.7`, `security`) ask for, in the order of the parts. Raises
    BadInput for a word that means nothing here, for a version that is older, that is there already, or that the host's
    release does not have."""
    known = parts_of(host)
    asked: dict[str, str] = {}
    for word in words:
        name, to = _split(word)
        if name not in known:
            raise BadInput(f"--to {word}: {host.name} has no {name}; it has {', '.join(_examples(known.values()))}")
        if name in asked:
            raise BadInput(f"--to {word}: {name} is named twice; name it once")
        asked[name] = to
    found = [known[name].model_copy(update={"to": asked[name]}) for name in known if name in asked]
    for change in found:
        _possible(host, change, found)
    return tuple(found)


def values_of(host: Host, changes: Sequence[Change]) -> dict[tuple[str, ...], str | int]:
    """What the host's entry in the site file says after `changes`, by field. A database that stays as it is, while its
    release goes on, is named: that release's own is another."""
    found: dict[tuple[str, ...], str | int] = {}
    for one in changes:
        if one.field:
            found[one.field] = f"debian-{one.to}" if one.part == "release" else one.to
            if one.part == "database":
                found[one.field] = int(one.to)
    stays = parts_of(host).get("postgresql")
    if stays is not None and "os" in {field[0] for field in found} and stays.field not in found:
        found[stays.field] = int(stays.was)
    return found


def values_before(host: Host, values: Mapping[tuple[str, ...], str | int]) -> dict[tuple[str, ...], str | int]:
    """What the host's entry says now at the fields of `values`; of a database that it does not name, what its release
    has."""
    known = {one.field: one for one in parts_of(host).values()}
    return {
        field: host.os if field == ("os",) else int(known[field].was) if isinstance(value, int) else known[field].was
        for field, value in values.items()
    }


def _split(word: str) -> tuple[str, str]:
    if word == "security":
        return word, "the newest"
    name, sign, to = word.partition("=" if "=" in word else "-")
    if not (name and sign and to) or name == "security":
        raise BadInput(
            f"--to {word}: write what shall be upgraded and its version, as debian-13 or orthanc=1.12.7, or security "
            "alone for Debian's updates"
        )
    return name, to


def _examples(parts: Iterable[Change]) -> Iterator[str]:
    return (one.name if one.part == "security" else f"{one.name}={one.was}" for one in parts)


def _possible(host: Host, change: Change, every: Sequence[Change]) -> None:
    if change.part == "security":
        return
    word = f"--to {change.name}={change.to}"
    was, to = version(change.was), version(change.to)
    if to is None:
        raise BadInput(f"{word}: {change.to!r} is no version; write it as {change.was}")
    if change.to == change.was:
        raise BadInput(f"{word}: {host.name} has it already; leave it out")
    if was is not None and to < was:
        raise BadInput(f"{word}: {host.name} has {change.was}, which is newer; pacsmith rollback goes back to what was")
    release = next((f"debian-{one.to}" for one in every if one.part == "release"), host.os)
    if release not in _RELEASES:
        raise BadInput(f"{word}: pacsmith knows Debian {' and '.join(one[7:] for one in _RELEASES)}")
    if change.part in ("product", "database") and host.archive is not None:
        own = OF_RELEASE[release].get(change.name)
        if own is not None and change.to != own:
            raise BadInput(f"{word}: Debian {release[7:]} has {change.name} {own}; {_remedy(change, own)}")


def _remedy(change: Change, own: str) -> str:
    newer = next((one for one in _RELEASES if OF_RELEASE[one].get(change.name) == change.to), None)
    return f"name {own}" if newer is None else f"add --to {newer}"
