"""`dmidecode`: the firmware, the machine's name, its processors' sockets and its memory slots (pure)."""

import re
from collections.abc import Callable, Sequence

from builder.survey import memory_modules
from builder.survey.answers import tried
from builder.survey.dmi_records import NOTHING, Record, Table, table
from builder.survey.memory_modules import Slot, slot_facts
from builder.survey.question import Noted, Reply, Said, UnreadableError

COMMAND = "dmidecode"
_UNITS = {"kB": 1 << 10, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}  # dmidecode's are of 1024
_RECORDED = {
    0: {"bios.date": "Release Date", "bios.vendor": "Vendor", "bios.version": "Version"},
    1: {"asset.maker": "Manufacturer", "asset.model": "Product Name", "asset.serial": "Serial Number",
        "asset.version": "Version"},
    2: {"board.model": "Product Name", "board.version": "Version"},
}  # fmt: skip
_TITLES = {0: "firmware", 1: "system", 2: "main board", 4: "processor", 16: "memory", 17: "memory"}
_PROCESSORS = ("cpu.clock", "cpu.cores", "cpu.model", "cpu.sockets", "cpu.sockets_used")
_ARRAYS = ("memory.ecc", "memory.maximum")
_WITH_RUNNING_SPEED = 34  # bytes of a memory module's record that states it (SMBIOS 2.7)
_VIRTUAL = "virtualisation"
MEMORY = (*_ARRAYS, *memory_modules.FACTS)
PROMISES = (*(fact for facts in _RECORDED.values() for fact in facts), *_PROCESSORS, *MEMORY, _VIRTUAL)  # fmt: skip
# The words of systemd-detect-virt, by how a hypervisor begins one of its names in the firmware.
_HYPERVISORS = {
    "vmware": "vmware", "vmw": "vmware", "qemu": "qemu", "kvm": "kvm", "bochs": "bochs", "xen": "xen",
    "innotek gmbh": "oracle", "virtualbox": "oracle", "oracle corporation virtualbox": "oracle", "hyper-v": "microsoft",
    "parallels": "parallels", "bhyve": "bhyve", "amazon ec2": "amazon", "google compute engine": "google",
    "openstack": "kvm", "ovirt": "kvm", "rhev": "kvm", "nutanix ahv": "kvm",
}  # fmt: skip


def dmidecode(reply: Reply) -> dict[str, Said]:
    """All facts of the firmware's table. Raises UnreadableError when there is no table, or lines of it are missing."""
    found = table(reply)
    virtual = virtualisation(found)
    note = f"of the virtual machine, {virtual}" if isinstance(virtual, str) else None
    said: dict[str, Said] = {}
    for kind, facts in _RECORDED.items():
        said |= {fact: _noted(value, note) for fact, value in _named(found, kind, facts).items()}
    said |= _tried(_PROCESSORS, processors, found)
    if note and isinstance(said["cpu.cores"], int):
        said["cpu.cores"] = UnreadableError("a virtual machine's firmware need not count its cores; lscpu does")
    return {**said, **_memory(found), _VIRTUAL: virtual}


def memory(reply: Reply) -> dict[str, Said]:
    """The facts of the memory alone, also from `dmidecode -t memory`. Raises UnreadableError as `dmidecode` does."""
    return _memory(table(reply))


def _memory(found: Table) -> dict[str, Said]:
    return {**_tried(_ARRAYS, arrays, found), **_tried(memory_modules.FACTS, slots, found)}


def _tried(names: tuple[str, ...], read: Callable[[Table], dict[str, Said]], found: Table) -> dict[str, Said]:
    try:
        return read(found)
    except UnreadableError as why:
        return dict.fromkeys(names, why)


def _noted(value: Said, note: str | None) -> Said:
    return Noted(value, note) if note and isinstance(value, str) else value


def _named(found: Table, kind: int, facts: dict[str, str]) -> dict[str, Said]:
    """The texts of the first record of a type; a machine has one of each, or some firmware adds its parts' own."""
    first = next(iter(found.of(kind)), None)
    if first is None:
        return dict.fromkeys(facts, UnreadableError(f"the firmware keeps no {_TITLES[kind]} record"))
    return {fact: _text(first, name) for fact, name in facts.items()}


def _text(record: Record, name: str) -> Said:
    return tried(lambda: record.text(name))


def virtualisation(found: Table) -> Said:
    """The hypervisor that the firmware names, as systemd-detect-virt calls it.

    A firmware that names none proves nothing: a virtual machine may carry its host's record.
    """
    said = [_text(record, name) for kind in (1, 0, 2) for record in found.of(kind)[:1]
            for name in ("Product Name", "Manufacturer", "Vendor", "Version") if name in record.fields]  # fmt: skip
    word = hypervisor([value for value in said if isinstance(value, str)])
    if word is not None:
        return word
    if any("System is a virtual machine" in record.remarks for record in found.of(0)):
        return "vm-other"
    return UnreadableError("the firmware names no hypervisor, which proves none; systemd-detect-virt tells")


def hypervisor(names: Sequence[str]) -> str | None:
    """The hypervisor that gave a machine one of these names of its maker and model; None where none is known."""
    small = [name.lower() for name in names]
    for name in small:
        for begins, word in _HYPERVISORS.items():
            if name.startswith(begins):
                return word
    return "microsoft" if "microsoft corporation" in small and "virtual machine" in small else None


def _all(found: Table, kind: int) -> tuple[Record, ...]:
    """All records of a type. Raises UnreadableError when there is none, or one may be missing."""
    records = found.of(kind)
    if not records:
        raise UnreadableError(f"the firmware keeps no {_TITLES[kind]} record")
    if not all(record.whole for record in records):
        raise UnreadableError(f"the firmware's {_TITLES[kind]} record was cut off")
    return records


def processors(found: Table) -> dict[str, Said]:
    """Sockets (SMBIOS 3.7, section 7.5); the clock is that at which the firmware started them.

    Raises UnreadableError when the table does not show that it has them all, as an output of `dmidecode -t` does not.
    """
    every = [record for record in _all(found, 4) if record.fields.get("Type") in ("Central Processor", None)]
    if not found.complete:
        raise UnreadableError("dmidecode did not print the whole table, so a processor may be missing")
    states = [record.text("Status") for record in every]
    used = [record for record, state in zip(every, states, strict=True) if state.startswith("Populated")]
    if not all(state.startswith(("Populated", "Unpopulated")) for state in states):
        raise UnreadableError(f'the firmware says of its processors "{"; ".join(states)}"')
    cores = [_number(record, "Core Enabled", r"([1-9][0-9]{0,4})") for record in used]
    wrong = next((one for one in cores if isinstance(one, UnreadableError)), None)
    return {
        "cpu.clock": _alike([_hertz(record) for record in used]),
        "cpu.cores": wrong or sum(one for one in cores if isinstance(one, int)),
        "cpu.model": _alike([_text(record, "Version") for record in used]),
        "cpu.sockets": len(every),
        "cpu.sockets_used": len(used),
    }


def _hertz(record: Record) -> Said:
    clock = _number(record, "Current Speed", r"([1-9][0-9]{1,4}) MHz")
    return clock * 1_000_000 if isinstance(clock, int) else clock


def _number(record: Record, name: str, pattern: str) -> int | UnreadableError:
    try:
        match = re.fullmatch(pattern, record.text(name))
    except UnreadableError as why:
        return why
    return int(match[1]) if match else UnreadableError(f'the firmware says of {name} "{record.fields[name]}"')


def _alike(values: list[Said]) -> Said:
    if not values:
        return UnreadableError("the firmware shows no processor")
    if isinstance(values[0], UnreadableError) or all(value == values[0] for value in values):
        return values[0]
    return UnreadableError(f"the {len(values)} processors differ in it")


def _main_arrays(found: Table) -> list[Record]:
    """Arrays of main memory (section 7.17): flash, video and cache have their own."""
    return [record for record in _all(found, 16) if record.text("Use") == "System Memory"]


def arrays(found: Table) -> dict[str, Said]:
    """What the board takes. Raises UnreadableError when the arrays do not say how many slots they have, or a slot that
    they count is missing: then an array may be, too."""
    _counted_slots(found)
    main = _main_arrays(found)
    sizes = [_size(record.text("Maximum Capacity")) for record in main]
    wrong = next((size for size in sizes if isinstance(size, UnreadableError)), None)
    kinds = {record.fields.get("Error Correction Type", "") for record in main}
    ecc = kinds.pop() if len(kinds) == 1 else ""
    silent = UnreadableError("the firmware does not say")
    return {
        "memory.ecc": silent if ecc.lower() in NOTHING - {"none"} else ecc.lower() if ecc == "None" else ecc,
        "memory.maximum": wrong or sum(size for size in sizes if isinstance(size, int)) or silent,
    }


def _counted_slots(found: Table) -> list[Record]:
    """The records of the slots of main memory. Raises UnreadableError when their number is not that of the arrays."""
    main = _main_arrays(found)
    handles = {f"0x{record.handle.upper()}" for record in main}
    owners = [record.fields.get("Array Handle", "").upper().replace("0X", "0x") for record in _all(found, 17)]
    slots = [one for one, owner in zip(found.of(17), owners, strict=True) if owner in handles]
    for record in main:
        said = record.text("Number Of Devices")
        its = owners.count(f"0x{record.handle.upper()}")
        if said != str(its):
            raise UnreadableError(f"the firmware counts {said} memory slots and lists {its}")
    if not slots or "" in owners:
        raise UnreadableError("the firmware does not say which memory slots are of the main memory")
    return slots


def slots(found: Table) -> dict[str, Said]:
    """Every slot of the main memory and what is in it. Raises UnreadableError when one is missing or says nothing."""
    return slot_facts([_slot(record) for record in _counted_slots(found)])


def _slot(record: Record) -> Slot:
    place = " ".join(record.fields.get("Locator", "").split())
    if not place:
        raise UnreadableError("the firmware does not name a memory slot")
    if record.fields.get("Size") == "No Module Installed":
        return Slot(place)
    size = _size(record.text("Size"))
    if isinstance(size, UnreadableError):
        raise size
    # By the length of its structure a record states these lines; where one is missing, so may be the truth.
    wanted = [name for name, length in (("Type", 21), ("Speed", 23), ("Part Number", 27)) if record.length >= length]
    running = [name for name in ("Configured Memory Speed", "Configured Clock Speed") if name in record.fields]
    if not set(wanted) <= record.fields.keys() or (record.length >= _WITH_RUNNING_SPEED and not running):
        raise UnreadableError("the firmware's record of a memory module lacks lines")
    kind, part = (" ".join(record.fields.get(name, "").split()) for name in ("Type", "Part Number"))
    runs = _speed(record, running[0]) if running else None
    return Slot(place, size, "" if kind.lower() in NOTHING else kind, _speed(record, "Speed"), runs,
                "" if part.lower() in NOTHING else part)  # fmt: skip


def _size(text: str) -> int | UnreadableError:
    match = re.fullmatch(r"([1-9][0-9]{0,8}) ([kKMGT]B)", text)
    return int(match[1]) * _UNITS[match[2]] if match else UnreadableError(f'the firmware says of a size "{text}"')


def _speed(record: Record, name: str) -> int:
    """In MT/s, which older versions call MHz; 0 where it is not known. Raises UnreadableError for anything else."""
    said = record.fields.get(name, "")
    match = re.fullmatch(r"([1-9][0-9]{1,5}) (?:MT/s|MHz)(?: \(.*\))?", said)
    if match is None and said.lower() not in NOTHING:
        raise UnreadableError(f'the firmware says of the speed of a memory module "{said[:80]}"')
    return int(match[1]) if match else 0
