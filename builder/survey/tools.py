"""What existing tools printed, in a file of its own each -> facts (pure). For machines that nobody can log in to, and
for Windows: the same fact names, whatever tool they came from."""

import codecs
import hashlib
import re
from collections.abc import Callable, Mapping

from builder.models.fact import Fact
from builder.survey import dmi, edid, graphics, lspci, windows, windows_devices, xrandr
from builder.survey.facts import fact_of, parsed
from builder.survey.question import Question, Reply, Said
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


TOOLS: Mapping[str, Question] = {
    tool.name: tool
    for tool in (
        Question("dmidecode", dmi.COMMAND, dmi.PROMISES, dmi.dmidecode),
        Question("edid", "edid-decode", edid.FACTS, edid.display),
        Question("lspci", lspci.COMMAND, lspci.PROMISES, lspci.lspci),
        Question("nvidia-smi", graphics.COMMAND, graphics.CARDS, graphics.cards),
        Question("xrandr", xrandr.COMMAND, xrandr.PROMISES, xrandr.xrandr),
        _wmi("MSFT_NetAdapter", windows_devices.net_adapter, "network.adapters", "network.duplex", "network.mtu",
             "network.speed"),
        _wmi("MSFT_PhysicalDisk", windows_devices.physical_disk, "drives.count", "drives.models"),
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
