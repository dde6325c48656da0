"""A Windows machine's firmware, maker and hypervisor (Win32_BIOS, Win32_ComputerSystem, as Microsoft documents them)
-> the facts that dmidecode states of a Linux host (pure)."""

import re

from builder.survey.answers import tried
from builder.survey.dmi import hypervisor
from builder.survey.dmi_records import NOTHING
from builder.survey.question import Said, UnreadableError
from builder.survey.windows import Objects
from builder.survey.wmi import WmiObject

BIOS = ("asset.serial", "bios.date", "bios.vendor", "bios.version")
COMPUTER = ("asset.maker", "asset.model", "cpu.sockets_used", "cpu.threads", "virtualisation")


def bios(found: Objects) -> dict[str, Said]:
    """Win32_BIOS: one object. The version is SMBIOSBIOSVersion, which is the firmware's own; Version is the table's."""
    one = _single(found, "records of the firmware")
    return {
        "asset.serial": tried(lambda: _written(one, "SerialNumber")),
        "bios.date": tried(lambda: _date(one)),
        "bios.vendor": tried(lambda: _written(one, "Manufacturer")),
        "bios.version": tried(lambda: _written(one, "SMBIOSBIOSVersion")),
    }


def computer_system(found: Objects) -> dict[str, Said]:
    """Win32_ComputerSystem: one object. Its memory is that which Win32_OperatingSystem tells."""
    one = _single(found, "computers")
    return {
        "asset.maker": tried(lambda: _written(one, "Manufacturer")),
        "asset.model": tried(lambda: _written(one, "Model")),
        "cpu.sockets_used": tried(lambda: _counted(one, "NumberOfProcessors")),
        "cpu.threads": tried(lambda: _counted(one, "NumberOfLogicalProcessors")),
        "virtualisation": tried(lambda: _virtualisation(one)),
    }


def _single(found: Objects, what: str) -> WmiObject:
    if len(found) != 1:
        raise UnreadableError(f"Windows lists {len(found)} {what}")
    return found[0]


def _written(one: WmiObject, name: str) -> str:
    """A text of the firmware. Raises UnreadableError for what makers write where they know nothing."""
    said = one.text(name)
    if said.lower() in NOTHING or not said.strip("0 ."):
        raise UnreadableError(f'the firmware says "{said[:80]}"')
    return said


def _date(one: WmiObject) -> str:
    """`20200409000000.000000+000` as the firmware has it and dmidecode prints it: 04/09/2020."""
    said = one.text("ReleaseDate")
    match = re.fullmatch(r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{6}\.[0-9*]{6}[+-][0-9*]{3}", said)
    if match is None:
        raise UnreadableError(f'Windows says of ReleaseDate "{said[:80]}"')
    return f"{match[2]}/{match[3]}/{match[1]}"


def _counted(one: WmiObject, name: str) -> int:
    count = one.number(name)
    if not 0 < count < 1 << 16:
        raise UnreadableError(f'Windows says of {name} "{count}"')
    return count


def _virtualisation(one: WmiObject) -> str:
    """A hypervisor below Windows may be Windows's own (Hyper-V): then the machine is of metal, and nobody can tell."""
    word = hypervisor([one.text(name) for name in ("Model", "Manufacturer")])
    if word is not None:
        return word
    if one.truth("HypervisorPresent"):
        raise UnreadableError("Windows runs on a hypervisor without a name, which may be its own (Hyper-V)")
    return "none"
