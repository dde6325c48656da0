"""What existing tools printed, in a file of its own each -> facts (pure). For machines that nobody can log in to, and
for Windows: the same fact names, whatever tool they came from."""

import codecs
import hashlib
import re
from collections.abc import Callable, Mapping

from builder.models.fact import Fact
from builder.survey import (
    displays,
    dmi,
    drives,
    edid,
    firmware,
    graphics,
    hardware,
    lspci,
    network,
    system,
    windows,
    windows_devices,
    windows_machine,
    xrandr,
)
from builder.survey.question import Question, Reply, Said, UnreadableError
from builder.survey.stating import fact_of, parsed
from builder.survey.wmi import objects

_NAMESPACES = {
    "MSFT_NetAdapter": r"root\StandardCimv2",
    "MSFT_PhysicalDisk": r"root\Microsoft\Windows\Storage",
    "Win32_EncryptableVolume": r"root\CIMV2\Security\MicrosoftVolumeEncryption",
}
_ORDINARY = r"root\CIMV2"
_UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def _wmi(name: str, read: Callable[[windows.Objects], Mapping[str, Said]], *promises: str) -> Question:
    command = rf"wmic /namespace:\\{_NAMESPACES.get(name, _ORDINARY)} path {name} get /value"
    return Question(name, command, promises, lambda reply: read(objects(reply)))


def _beginning(
    pattern: str, name: str, command: str, promises: tuple[str, ...], read: Callable[[Reply], Mapping[str, Said]]
) -> Question:
    """A tool whose answer has a line like `pattern`: a complaint in its place is told as such, word for word."""

    def parse(reply: Reply) -> Mapping[str, Said]:
        first = next((line.strip() for line in reply.text.splitlines() if line.strip()), "")
        if not re.search(pattern, reply.text, re.MULTILINE):
            raise UnreadableError(f'{name} says "{first[:120]}"' if first else f"{name} printed nothing")
        if not reply.text.endswith("\n"):
            raise UnreadableError(f"the answer of {name} was cut off in the middle of a line")
        return read(reply)

    return Question(name, command, promises, parse)


def _detected(reply: Reply) -> Mapping[str, Said]:
    """A recorded file has no exit code, which is 1 for "none"."""
    word = reply.text.strip()
    if word and not re.fullmatch(r"[a-z][a-z0-9-]*", word):
        raise UnreadableError(f'systemd-detect-virt says "{" ".join(word.split())[:120]}"')
    if word and not reply.text.endswith("\n"):
        raise UnreadableError("the answer of systemd-detect-virt was cut off in the middle of a line")
    return system.virtualisation(Reply(1 if word == "none" else 0, word, "it printed nothing"))


TOOLS: Mapping[str, Question] = {
    tool.name: tool
    for tool in (
        Question("dmidecode", dmi.COMMAND, dmi.PROMISES, dmi.dmidecode),
        Question("edid", "edid-decode", edid.FACTS, edid.display),
        Question("ip", network.IP, network.ADDRESSES, network.addresses),
        Question("lsblk", drives.LSBLK, drives.DISKS, drives.lsblk),
        _beginning(r"^CPU\(s\):", "lscpu", "lscpu", ("cpu.cores", "cpu.model", "cpu.threads"), hardware.cpu),
        Question("lspci", lspci.COMMAND, lspci.PROMISES, lspci.lspci),
        Question("nvidia-smi", graphics.COMMAND, graphics.CARDS, graphics.cards),
        _beginning(r"^[A-Z_]+=", "os-release", "cat /etc/os-release", ("os.id", "os.name", "os.version"),
                   system.os_release),
        Question("smartctl", drives.SMARTCTL, drives.HEALTH, drives.smartctl),
        Question("systemd-detect-virt", "systemd-detect-virt", ("virtualisation",), _detected),
        _beginning(r"^Linux ", "uname", "uname -s -r -m", ("os.architecture", "os.kernel"), system.kernel),
        Question("xrandr", xrandr.COMMAND, xrandr.PROMISES, xrandr.xrandr),
        _wmi("MSFT_NetAdapter", windows_devices.net_adapter, "network.adapters", "network.duplex", "network.mtu",
             "network.speed"),
        _wmi("MSFT_PhysicalDisk", windows_devices.physical_disk, "drives.count", "drives.models"),
        _wmi("Win32_BIOS", windows_machine.bios, *windows_machine.BIOS),
        _wmi("Win32_ComputerSystem", windows_machine.computer_system, *windows_machine.COMPUTER),
        _wmi("Win32_EncryptableVolume", windows_devices.encryptable_volume, "disk.system.encrypted",
             "disk.system.encryption"),
        _wmi("Win32_OperatingSystem", windows.operating_system, "memory.total", "os.architecture", "os.build", "os.id",
             "os.kernel", "os.name", "os.service_pack", "os.version"),
        _wmi("Win32_PhysicalMemory", windows.physical_memory, "memory.empty", "memory.installed", "memory.modules",
             "memory.parts", "memory.places", "memory.slots", "memory.slots_used"),
        _wmi("Win32_Processor", windows.processor, "cpu.clock", "cpu.cores", "cpu.model", "cpu.sockets_used",
             "cpu.threads"),
        _wmi("Win32_VideoController", windows.video_controller, "gpu.count", "gpu.driver", "gpu.memory", "gpu.model"),
    )
}  # fmt: skip
"""By the name of the tool, or of the class of WMI. `edid` tells of one display (`display.*`), the others of a host."""


_BESIDE: Mapping[str, Question] = {
    one.name: one for one in (*firmware.FORMER, Question("displays", "edid-decode", (), displays.displays))
}
_QUESTIONS = {"cpu": "lscpu", "graphics": "nvidia-smi", "kernel": "uname", "virtualisation": "systemd-detect-virt"}
"""Questions of the live survey whose command is one of the tools, and no more."""


def tool_of(question: str) -> str:
    """The tool that answers a question of the live survey; the question's own name where none is known by another."""
    return _QUESTIONS.get(question, question)


def question_of(section: str) -> Question | None:
    """How a section of a recorded answer is read that no host is asked any more, or that only a file can hold."""
    return TOOLS.get(section) or _BESIDE.get(section)


def named_after(stem: str) -> str | None:
    """The tool that a file is named after: `dmidecode`, or after a last hyphen as in `read7-Win32_BIOS`; None where it
    is none."""
    fits = [name for name in TOOLS if stem == name or stem.endswith(f"-{name}")]
    return max(fits, key=len, default=None)


def facts_of(tool: Question, content: bytes) -> dict[str, Fact]:
    """The facts in a recorded output, sorted by name: all that the tool promises, each with its value or the reason why
    nobody can tell, and those of each card, drive, slot or output that it lists. Never raises."""
    digest = hashlib.sha256(content).hexdigest()
    said = parsed(tool, Reply(0, text_of(content), ""))
    return {name: fact_of(name, said[name], tool.command, None, digest) for name in sorted(said)}


def text_of(content: bytes) -> str:
    """A recorded file as text with line feeds: UTF-8, UTF-16 as Windows redirects it, or a Windows code page; an EDID
    in bytes becomes its hexadecimal digits."""
    if content.startswith(edid.HEADER):
        return content.hex()
    return re.sub(r"\r+\n", "\n", _decoded(content))


def _decoded(content: bytes) -> str:
    for mark, encoding in _UTF_16:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
