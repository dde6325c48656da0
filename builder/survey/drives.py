"""Each drive of a Linux host, what its own health record says, and what is encrypted: `lsblk -J` and `smartctl` (pure).

smartctl asks only drives that are awake (`-n standby`): a survey wakes none.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from builder.survey.json_text import document, documents, shaped
from builder.survey.question import ABSENT, Noted, Question, Reply, Said, UnreadableError

Device = dict[str, Any]
LSBLK = "lsblk -J -b -o NAME,TYPE,SIZE,ROTA,TRAN,MODEL,SERIAL,REV,FSTYPE,MOUNTPOINT"
# The kinds that smartctl's scan calls scsi are often SATA: without -d it finds that out itself.
SMARTCTL = (
    "command -v smartctl >/dev/null || { echo 'smartctl: not found, so install smartmontools' >&2; exit 127; }; "
    "smartctl --scan | while read -r drive _ kind _; do "
    'if [ "$kind" = scsi ]; then set --; else set -- -d "$kind"; fi; '
    'smartctl --json=c -n standby -i -H -A "$@" "$drive"; done; :'
)
DISKS = ("disk.system.encrypted", "disk.system.encryption", "drives.count", "drives.models")
HEALTH = ("drives.health",)
_NOT_DRIVES = re.compile(r"zram|ram|loop|nbd|fd|sr")
_BY_CONTROLLER = re.compile(r"perc|megaraid|logical volume|smart array|virtual d(isk|rive)|raid", re.IGNORECASE)
_BUSES = {"ata": "ATA", "fc": "Fibre Channel", "iscsi": "iSCSI", "nvme": "NVMe", "sas": "SAS", "sata": "SATA",
          "usb": "USB", "virtio": "virtio"}  # fmt: skip
_REALLOCATED, _PENDING = 5, 197  # numbers of SMART attributes that count sectors (ACS-4; the makers agree on these)
UNSEEN = "a drive that encrypts itself would not show here"


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its drives."""
    return (Question("lsblk", LSBLK, DISKS, lsblk), Question("smartctl", SMARTCTL, HEALTH, smartctl, beside=True))


@shaped("lsblk")
def lsblk(reply: Reply) -> dict[str, Said]:
    """`lsblk -J`: `drives.sda.model` and the like of each drive, and whether the system's filesystem is encrypted."""
    every = tree(reply)
    disks = [one for one in every if one["type"] == "disk" and int(one["size"]) and not _is_made(one)]
    said: dict[str, Said] = {"drives.count": len(disks), "drives.models": _models(disks), **_system(every)}
    for one in disks:
        said |= {f"drives.{_word(one['name'])}.{what}": value for what, value in _drive(one).items()}
    return said


def tree(reply: Reply) -> list[Device]:
    """The block devices, each with its children. Raises UnreadableError, also when a line of the output is missing."""
    found = document("lsblk", reply.checked())["blockdevices"]
    return [dict(one) for one in found]


def _is_made(one: Mapping[str, Any]) -> bool:
    return _NOT_DRIVES.match(str(one["name"])) is not None


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def _plain(one: Mapping[str, Any], name: str) -> str:
    return " ".join(str(one[name] or "").split())


def _models(disks: list[Device]) -> Said:
    told = sorted(_model(one) for one in disks if _plain(one, "model"))
    return "; ".join(told) or UnreadableError("no drive states its model")


def _model(one: Mapping[str, Any]) -> str:
    firmware = _plain(one, "rev")
    return f"{_plain(one, 'model')} of {int(one['size'])} B" + (f" with firmware {firmware}" if firmware else "")


def _drive(one: Mapping[str, Any]) -> dict[str, Said]:
    bus = _plain(one, "tran")
    return {
        "bus": _BUSES.get(bus, bus) or UnreadableError("the kernel does not say"),
        "firmware": _plain(one, "rev") or UnreadableError("the drive states none"),
        "medium": _medium(one),
        "model": _plain(one, "model") or UnreadableError("the drive states none"),
        "serial": _plain(one, "serial") or UnreadableError("the drive states none"),
        "size": int(one["size"]),
    }


def _medium(one: Mapping[str, Any]) -> Said:
    if _BY_CONTROLLER.search(_plain(one, "model")):
        return UnreadableError("a RAID controller looks like one drive, and does not say what is behind it")
    if str(one["rota"]).lower() not in ("true", "false", "1", "0"):
        return UnreadableError("lsblk does not say whether it rotates")
    return "rotational" if str(one["rota"]).lower() in ("true", "1") else "ssd"


def _system(every: list[Device]) -> dict[str, Said]:
    encrypted, how = encryption(every, "/")
    return {"disk.system.encrypted": encrypted, "disk.system.encryption": how}


def encryption(every: list[Device], mount: str) -> tuple[Said, Said]:
    """Whether the filesystem at `mount` lies on encrypted devices, and how: on every way down to a drive there must be
    one (dm-crypt)."""
    ways = list(_ways(every, mount, ()))
    if not ways:
        none = UnreadableError("the filesystem lies on no block device that this machine shows")
        return none, none
    crypts = [next((how for how in way if how), None) for way in ways]
    if not any(crypts):
        return Noted(False, UNSEEN), ABSENT
    told = " and ".join(sorted({how for how in crypts if how}))
    return (True if all(crypts) else Noted(False, "encrypted in part")), told


def _ways(nodes: list[Device], mount: str, above: tuple[str, ...], holds: str = "") -> Iterator[tuple[str, ...]]:
    """From a drive to each place where the filesystem is mounted: what each device on the way is encrypted with."""
    for one in nodes:
        opened = "LUKS" if holds == "crypto_LUKS" else "dm-crypt"
        way = (*above, opened if one["type"] == "crypt" else "")
        if one["mountpoint"] == mount:
            yield way
        yield from _ways(one.get("children", []), mount, way, _plain(one, "fstype"))


@shaped("smartctl")
def smartctl(reply: Reply) -> dict[str, Said]:
    """`smartctl --json -i -H -A`, a document a drive: `drives.sda.health` and the like, and which drives are ill."""
    text = reply.checked()
    if not text.strip():
        raise UnreadableError("smartctl finds no drive that it could ask")
    each = {_word(_place(one)): _record(one) for one in documents("smartctl", text)}
    said: dict[str, Said] = {"drives.health": _all_in_all({name: facts["health"] for name, facts in each.items()})}
    for name, facts in each.items():
        said |= {f"drives.{name}.{what}": value for what, value in facts.items()}
    return said


def _place(one: Mapping[str, Any]) -> str:
    """`sda`; behind a RAID controller also the number there: `bus-0-megaraid-8`."""
    if "device" not in one:
        raise UnreadableError(_told(_complaint(one)) if _complaint(one) else "smartctl does not name the drive")
    kind, name = str(one["device"]["type"]), str(one["device"]["name"]).removeprefix("/dev/")
    if re.fullmatch(r"nvme[0-9]+", name):  # the controller; lsblk names the drive on it
        return f"{name}n1"
    return name + (f"-{kind}" if "," in kind else "")


def _told(complaint: str) -> str:
    return f'smartctl says "{complaint}"'


def _complaint(one: Mapping[str, Any]) -> str:
    messages = [str(each.get("string", "")) for each in one["smartctl"].get("messages", [])]
    return next((" ".join(text.split())[:160].rstrip(".") for text in messages if text), "")


def _record(one: Mapping[str, Any]) -> dict[str, Said]:
    said = _complaint(one)
    why = UnreadableError(_told(said) if said else "the drive keeps no such record")
    passed = one.get("smart_status", {}).get("passed")
    wear = one.get("nvme_smart_health_information_log", {}).get("percentage_used")
    sectors = {each["id"]: each["raw"]["value"] for each in one.get("ata_smart_attributes", {}).get("table", [])}
    return {
        "health": {True: "healthy", False: "unhealthy"}.get(passed, why) if isinstance(passed, bool) else why,
        "hours": _count(one.get("power_on_time", {}).get("hours"), why),
        "pending": _count(sectors.get(_PENDING), why),
        "reallocated": _count(sectors.get(_REALLOCATED), why),
        "temperature": _count(one.get("temperature", {}).get("current"), why),
        "wear": _count(wear, why),
    }


def _count(value: Any, why: UnreadableError) -> Said:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else why


def _all_in_all(health: Mapping[str, Said]) -> Said:
    ill = sorted(name for name, said in health.items() if said == "unhealthy")
    if ill:
        return f"unhealthy: {' '.join(ill)}"
    silent = {name: said for name, said in health.items() if isinstance(said, UnreadableError)}
    if silent:
        name, why = min(silent.items())
        return UnreadableError(f"of {name} it is not known: {why}")
    return "healthy"
