"""What the firmware records beside the machine's name: its own version, the board, and the memory slots."""

import re
from collections import Counter
from typing import NamedTuple

from builder.survey.question import Question, Reply, Said, UnreadableError

_SYSFS = {"bios.date": "bios_date", "bios.vendor": "bios_vendor", "bios.version": "bios_version",
          "board.model": "board_name", "board.version": "board_version"}  # fmt: skip
_MEMORY = ("memory.modules", "memory.parts", "memory.places", "memory.slots", "memory.slots_used")
_NOTHING = {"", "0", "default string", "none", "not specified", "to be filled by o.e.m.", "unknown", "not provided",
            "no dimm", "n/a"}  # fmt: skip
_UNITS = {"kB": 1 << 10, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
RECORDED = (*_SYSFS, *_MEMORY)
"""Facts that only a machine with firmware of its own has."""


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its firmware."""
    files = " ".join(sorted(_SYSFS.values()))
    return (
        Question("firmware", f"cd /sys/class/dmi/id && grep -s '' {files}", tuple(_SYSFS), record),
        Question("memory-slots", "dmidecode -t memory", _MEMORY, slots),
    )


def record(reply: Reply) -> dict[str, Said]:
    """`grep -s ''` over files of /sys/class/dmi/id: `name:value` lines (Linux, sysfs-class-dmi). Exit code 2 tells that
    one of the files is missing, 1 that none was there."""
    if reply.code not in (0, 2) or not reply.text.strip():
        raise UnreadableError(reply.reason() if reply.errors else "the kernel shows no record of the firmware")
    fields = dict(line.split(":", 1) for line in reply.text.splitlines() if ":" in line)
    return {fact: _written(fields.get(file, "")) for fact, file in _SYSFS.items()}


def _written(text: str) -> Said:
    told = " ".join(text.split())
    return UnreadableError(f'the firmware says "{told}"') if told.lower() in _NOTHING else told


class _Module(NamedTuple):
    place: str
    what: str
    part: str


def slots(reply: Reply) -> dict[str, Said]:
    """`dmidecode -t memory`: a block "Memory Device" a slot (SMBIOS, type 17). Its GB are of 1024 MB, and what older
    versions call MHz are megatransfers a second."""
    blocks = re.findall(r"^Memory Device\n((?:[ \t]+.*\n?)+)", reply.checked(), re.MULTILINE)
    if not blocks:
        raise UnreadableError("the firmware lists no memory slots")
    found = [dict(re.findall(r"^[ \t]+([^:\n]+):[ \t]*(.*?)[ \t]*$", block, re.MULTILINE)) for block in blocks]
    devices = [fields for fields in found if fields.get("Type", "").lower() != "flash"]
    modules = [module for fields in devices if (module := _module(fields)) is not None]
    none = UnreadableError("the firmware names no module")
    return {
        "memory.modules": _counted([module.what for module in modules]) or none,
        "memory.parts": _counted([module.part for module in modules if module.part]) or none,
        "memory.places": " ".join(module.place for module in modules) or none,
        "memory.slots": len(devices),
        "memory.slots_used": len(modules),
    }


def _module(fields: dict[str, str]) -> _Module | None:
    """The module in a slot; None when it is empty. Raises UnreadableError when nobody can tell."""
    size = fields.get("Size", "")
    if size == "No Module Installed":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8}) ([kKMGT]B)", size)
    if match is None:
        raise UnreadableError(f'the firmware says of the size of a memory module "{size}"')
    amount = int(match[1]) * _UNITS[match[2]]
    kind = fields.get("Type", "")
    words = [f"{amount // (1 << 30)} GiB" if amount % (1 << 30) == 0 else f"{amount // (1 << 20)} MiB"]
    words += [kind] if kind.lower() not in _NOTHING else []
    speeds = [_speed(fields.get(name, "")) for name in
              ("Speed", "Configured Memory Speed", "Configured Clock Speed")]  # fmt: skip
    able, runs = speeds[0], speeds[1] or speeds[2]
    if able and runs and able != runs:
        words.append(f"at {runs} of {able} MT/s")
    elif able or runs:
        words.append(f"at {able or runs} MT/s")
    part = " ".join(fields.get("Part Number", "").split())
    place = "-".join((fields.get("Locator", "") or "?").split())
    return _Module(place, " ".join(words), "" if part.lower() in _NOTHING else part)


def _speed(text: str) -> str:
    match = re.match(r"([1-9][0-9]{1,5}) (MT/s|MHz)", text)
    return match[1] if match else ""


def _counted(items: list[str]) -> str:
    """`12 x 32 GiB DDR4 at 2933 MT/s, 1 x ...`, the most frequent first."""
    counts = sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} x {item}" for item, count in counts)
