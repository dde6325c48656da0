"""Where the system, the storage and the database lie: filesystem, space, and the drives below."""

import re
import shlex
from collections.abc import Mapping

from builder.models.site import Host
from builder.survey.question import Question, Reply, Said, UnreadableError

_DATABASE = "/var/lib/postgresql"
_LINE = re.compile(
    r"^\S.*? +(?P<type>[a-z0-9._-]+) +(?P<size>[0-9]+) +[0-9]+ +(?P<free>[0-9]+) +(?:[0-9]+%|-) +(?P<mount>/.*)$"
)


def questions(host: Host) -> tuple[Question, ...]:
    """Space and drives for each purpose that the host's class has, and which drives there are at all."""
    models = Question("drive-models", "lsblk -d -n -b -P -o TYPE,SIZE,MODEL,REV", ("drives.models",), models_of)
    return (*(question for purpose, path in places(host).items() for question in _about(purpose, path)), models)


def places(host: Host) -> Mapping[str, str]:
    """Purpose -> directory, as {"system": "/", "storage": "/var/lib/orthanc/storage", ...}."""
    if host.archive is None:
        return {"system": "/"}
    return {"system": "/", "storage": host.archive.storage_directory, "database": _DATABASE}


def _about(purpose: str, path: str) -> tuple[Question, Question]:
    quoted = shlex.quote(path)
    return (
        Question(f"space-{purpose}", f"df -P -T -B1 -- {quoted}",
                 tuple(f"disk.{purpose}.{what}" for what in ("filesystem", "free", "mount", "size")),
                 lambda reply: space(reply, purpose)),
        Question(f"drives-{purpose}",
                 f'lsblk -s -n -P -o NAME,TYPE,ROTA -- "$(df --output=source -- {quoted} | tail -n 1)"',
                 (f"disk.{purpose}.medium", f"disk.{purpose}.raid"), lambda reply: drives(reply, purpose)),
    )  # fmt: skip


def space(reply: Reply, purpose: str) -> dict[str, Said]:
    """`df -P -T -B1`: a heading and one line, sizes in bytes."""
    lines = reply.checked().splitlines()
    match = _LINE.match(lines[-1]) if len(lines) == 2 and re.search(r" (1|1B)-blocks ", lines[0]) else None
    if match is None or int(match["free"]) > int(match["size"]):
        raise UnreadableError("df did not print one filesystem with its sizes in bytes")
    return {
        f"disk.{purpose}.filesystem": match["type"],
        f"disk.{purpose}.free": int(match["free"]),
        f"disk.{purpose}.mount": match["mount"],
        f"disk.{purpose}.size": int(match["size"]),
    }


def devices(reply: Reply) -> tuple[tuple[str, str, bool], ...]:
    """`lsblk -s -n -P`: name, type and whether it rotates, of the filesystem's device and all below it.

    Raises UnreadableError when the filesystem is not on a block device that this machine shows.
    """
    if reply.code != 0:
        why = "" if "not a block device" in reply.errors else f" ({reply.reason()})"
        raise UnreadableError(f"the filesystem lies on no block device that this machine shows{why}")
    lines = [line for line in reply.text.splitlines() if line.strip()]
    found = [re.fullmatch(r'NAME="([^"]+)" TYPE="([^"]+)" ROTA="([01])"', line.strip()) for line in lines]
    if not found or None in found:
        raise UnreadableError("lsblk did not print names, types and rotation")
    return tuple((match[1], match[2], match[3] == "1") for match in found if match)


def models_of(reply: Reply) -> dict[str, Said]:
    """`lsblk -d -n -b -P`: model, size in bytes and firmware of each drive that has a model; sorted, since their names
    depend on the order in which they were found."""
    found = re.findall(r'^TYPE="disk" SIZE="([0-9]+)" MODEL="([^"]*)" REV="([^"]*)"', reply.checked(), re.MULTILINE)
    named = [(" ".join(model.split()), int(size), revision.strip()) for size, model, revision in found if model.strip()]
    told = sorted(f"{model} of {size} B" + (f" with firmware {rev}" if rev else "") for model, size, rev in named)
    return {"drives.models": "; ".join(told) or UnreadableError("no drive states its model")}


def drives(reply: Reply, purpose: str) -> dict[str, Said]:
    """Medium of the physical drives, and the level of a software RAID between them and the filesystem."""
    below = devices(reply)
    disks = [rotates for _, kind, rotates in below if kind == "disk"]
    raid = sorted({kind for _, kind, _ in below if kind.startswith("raid")})
    medium: Said = UnreadableError("lsblk shows no drive below")
    if disks:
        medium = "rotational" if any(disks) else "ssd"
    return {
        f"disk.{purpose}.medium": medium,
        f"disk.{purpose}.raid": " on ".join(raid)
        or UnreadableError("there is no software RAID, and a RAID controller looks like one drive"),
    }


def apart(storage: Reply | None, database: Reply | None, same_mount: bool | None) -> Said:
    """Whether storage and database share no drive."""
    if same_mount:
        return False
    if storage is None or database is None:
        return UnreadableError("the drives were not read")
    try:
        first, second = ({name for name, kind, _ in devices(reply) if kind == "disk"} for reply in (storage, database))
    except UnreadableError as why:
        return why
    return first.isdisjoint(second) if first and second else UnreadableError("lsblk shows no drive below")
