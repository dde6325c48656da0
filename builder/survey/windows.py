"""What Windows says of its machine (WMI classes, as Microsoft documents them) -> the facts that a Linux host states.

Every function takes the objects of one class; it raises UnreadableError when none of its facts can be told.
"""

import re
from collections.abc import Callable, Sequence

from builder.survey.answers import alike, tried
from builder.survey.memory_modules import Slot, slot_facts
from builder.survey.question import Noted, Said, UnreadableError
from builder.survey.wmi import WmiObject

Objects = Sequence[WmiObject]
_PLACEHOLDERS = {"", "0", "00000000", "undefined", "unknown", "not specified", "none"}
_KINDS = {20: "DDR", 21: "DDR2", 24: "DDR3", 26: "DDR4", 30: "LPDDR4", 34: "DDR5", 35: "LPDDR5"}  # SMBIOS 3.7, 7.18.2
_ON_PCI = re.compile(r"PCI\\VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", re.IGNORECASE)
_NVIDIA = "10DE"


def summed(read: Callable[[WmiObject], int], found: Objects) -> int:
    """The sum over all; one that cannot be told makes the sum unread."""
    return sum(read(one) for one in found)


def processor(found: Objects) -> dict[str, Said]:
    """Win32_Processor: an object a socket in use. AddressWidth is that of Windows and not of the processor."""
    return {
        "cpu.clock": alike([_hertz(one) for one in found], "processors"),
        "cpu.cores": tried(lambda: summed(lambda one: one.number("NumberOfCores"), found)),
        "cpu.model": alike([_named(one) for one in found], "processors"),
        "cpu.sockets_used": len(found),
        "cpu.threads": tried(lambda: summed(lambda one: one.number("NumberOfLogicalProcessors"), found)),
    }


def _hertz(one: WmiObject) -> Said:
    return tried(lambda: one.number("MaxClockSpeed") * 1_000_000)


def _named(one: WmiObject) -> Said:
    return tried(lambda: one.text("Name"))


def physical_memory(found: Objects) -> dict[str, Said]:
    """Win32_PhysicalMemory: an object a module; of empty slots it says nothing."""
    none = UnreadableError("Windows lists memory modules (Win32_PhysicalMemory), and not the slots that are empty")
    return {**slot_facts([_slot(one) for one in found]), "memory.empty": none, "memory.slots": none}


def _slot(module: WmiObject) -> Slot:
    size = module.number("Capacity")
    if not size:
        raise UnreadableError("Windows states a memory module of 0 bytes")
    part = tried(lambda: module.text("PartNumber"))
    kind, runs = "", None
    if module.has("SMBIOSMemoryType"):  # since Windows 10, which states both
        kind = _KINDS.get(module.number("SMBIOSMemoryType"), "")
        runs = module.number("ConfiguredClockSpeed")
    place, able = module.text("DeviceLocator"), module.number("Speed")
    known = isinstance(part, str) and part.lower() not in _PLACEHOLDERS
    return Slot(place, size, kind, able, runs, str(part) if known else "")


def operating_system(found: Objects) -> dict[str, Said]:
    """Win32_OperatingSystem. The memory is what Windows can use, as MemTotal is what Linux can (both in KiB)."""
    if len(found) != 1:
        raise UnreadableError(f"Windows names {len(found)} operating systems")
    (one,) = found
    return {
        "memory.total": tried(lambda: one.number("TotalVisibleMemorySize") * 1024),
        "os.architecture": tried(lambda: _architecture(one)),
        "os.build": tried(lambda: one.number("BuildNumber")),
        "os.id": tried(lambda: _windows(one)),
        "os.kernel": tried(lambda: _dotted(one, "Version")),
        "os.name": tried(lambda: one.text("Caption")),
        "os.service_pack": tried(lambda: one.number("ServicePackMajorVersion")),
        "os.version": tried(lambda: _dotted(one, "Version")),
    }


def _dotted(one: WmiObject, name: str) -> str:
    said = one.text(name)
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,6}){1,3}", said):
        raise UnreadableError(f'Windows says of {name} "{said[:80]}"')
    return said


def _windows(one: WmiObject) -> str:
    caption = one.text("Caption")
    if "windows" not in caption.lower():
        raise UnreadableError(f'the operating system calls itself "{caption[:80]}"')
    return "windows"


def _architecture(one: WmiObject) -> Said:
    """As `uname -m` says it. Windows writes "64-bit", "64 bits", "64 bit" and the like, by its language."""
    said = one.text("OSArchitecture")
    match = re.fullmatch(r"(ARM )?(32|64)\D{0,10}.*", said, re.IGNORECASE)
    if match is None:
        raise UnreadableError(f'Windows says of OSArchitecture "{said[:80]}"')
    if match[1]:
        return {"32": "armv7l", "64": "aarch64"}[match[2]]
    return {"32": "i686", "64": "x86_64"}[match[2]]


def video_controller(found: Objects) -> dict[str, Said]:
    """Win32_VideoController: the cards on the PCI bus; screens of remote sessions and mirrors are none.

    AdapterRAM has 32 bits: a card of 8 GiB says 4 GiB less 1 MiB, or what is left of its size beyond 4 GiB. No value
    of it can be believed.
    """
    cards = [one for one in found if _ON_PCI.match(one.text("PNPDeviceID"))]
    if not cards:
        raise UnreadableError("Windows lists no graphics card on the PCI bus")
    return {
        "gpu.count": len(cards),
        "gpu.driver": alike([_driver(one) for one in cards], "cards"),
        "gpu.memory": UnreadableError("Windows counts graphics memory in 32 bits (AdapterRAM); nvidia-smi tells it"),
        "gpu.model": alike([_named(one) for one in cards], "cards"),
    }


def _driver(card: WmiObject) -> Said:
    return tried(lambda: _numbered(card))


def _numbered(card: WmiObject) -> Noted:
    """NVIDIA's own number stands in the last five digits of the one of Windows: 31.0.15.1694 is 516.94."""
    version = _dotted(card, "DriverVersion")
    vendor = _ON_PCI.match(card.text("PNPDeviceID"))
    if vendor is None or vendor[1].upper() != _NVIDIA:
        return Noted(version, "as Windows numbers it, which need not be as its maker does")
    digits = "".join(part.zfill(4) for part in version.split(".")[-2:])[-5:]
    if version.count(".") != 3 or len(version.split(".")[-1]) > 4:
        raise UnreadableError(f'NVIDIA\'s number cannot be told from "{version}"')
    return Noted(f"{int(digits[:3])}.{digits[3:]}", f"Windows calls it {version}")
