"""One thing that a recorded output does not tell: exactly the facts that hang on it are unknown, with the reason."""

from pathlib import Path

import pytest

from builder.survey.tools import facts_of
from tests.unit.test_recorded_tools import RECORDED, read, tool_of

MEMORY = {"memory.ecc", "memory.empty", "memory.installed", "memory.maximum", "memory.modules", "memory.parts",
          "memory.places", "memory.slots", "memory.slots_used"}  # fmt: skip
PROCESSORS = {"cpu.clock", "cpu.cores", "cpu.model", "cpu.sockets", "cpu.sockets_used"}
PANEL = {f"displays.DP-0.{what}" for what in (
    "depth", "height", "interface", "made", "maker", "megapixels", "mode", "name", "pitch", "product", "serial",
    "serial_number", "shorter", "width", "year")}  # fmt: skip
PANELS = {"displays.count", "displays.firmware", "displays.panels", "displays.serials"}
GONE: list[tuple[str, str, str, set[str], str]] = [
    ("dmidecode/server.txt", "\tVersion: 2.14.2\n", "", {"bios.version"}, "the firmware says nothing"),
    ("dmidecode/server.txt", "2.14.2", "To Be Filled By O.E.M.", {"bios.version"}, 'says "To Be Filled By O.E.M."'),
    ("dmidecode/server.txt", "Serial Number: 7XMPL63", "Serial Number: 00000000", {"asset.serial"}, 'says "00000000"'),
    ("dmidecode/server.txt", "\tNumber Of Devices: 6\n", "", MEMORY, "the firmware says nothing"),
    ("dmidecode/server.txt", "Number Of Devices: 6", "Number Of Devices: 8", MEMORY, "counts 8 memory slots"),
    ("dmidecode/server.txt", "\tStatus: Populated, Enabled\n", "", PROCESSORS, "the firmware says nothing"),
    ("dmidecode/server.txt", "Core Enabled: 10", "Core Enabled: Unknown", {"cpu.cores"}, 'says "Unknown"'),
    ("dmidecode/server.txt", "@ 2.20GHz", "@ 2.30GHz", {"cpu.model"}, "the 2 processors differ in it"),
    ("dmidecode/server.txt", "15 structures occ", "99 structures occ", PROCESSORS, "a processor may be missing"),
    ("nvidia-smi/quadro-p400.xml", "1998 MiB</total>", "N/A</total>", {"gpu.memory", "gpus.43-00-0.memory"},
     'nvidia-smi says "N/A"'),
    ("nvidia-smi/quadro-p400.xml", "<driver_version>418.43</driver_version>", "", {"gpu.driver"}, "does not say"),
    ("nvidia-smi/quadro-p400.xml", "Quadro P400", "[Insufficient Permissions]", {"gpu.model", "gpus.43-00-0.model"},
     'nvidia-smi says "[Insufficient Permissions]"'),
    ("nvidia-smi/a100-in-mig-mode.xml", "<current_mig>Enabled", "<current_mig>[Unknown Error]",
     {"gpu.mig", "gpus.01-00-0.mig"}, 'nvidia-smi says "[Unknown Error]"'),
    ("nvidia-smi/two-t1000.xml", "<attached_gpus>2", "<attached_gpus>4", {"gpu.count"}, "4 cards are attached and 2"),
    ("lspci/station.txt", "Driver:\tnvidia\n", "", {"gpus.01-00-0.module"}, "names no kernel module in use"),
    ("lspci/station.txt", "Quadro P400] [1cb3]", "Quadro P400]", {"gpus.01-00-0.ids"}, "not asked for numbers (-nn)"),
    ("xrandr/verbose.txt", "00ffffffffffff00", "00ffffffffffff01", PANEL | PANELS, "this is no EDID"),
    ("xrandr/verbose.txt", " *current +preferred", " +preferred", {"displays.DP-0.current_mode"}, "marks no mode"),
    ("xrandr/verbose.txt", "current 5328 x 2048", "current 7376 x 2048", PANELS | {"displays.connected"},
     "one may be missing"),
    ("wmi/station-Win32_OperatingSystem.wmi", "OSArchitecture=64-Bit", "OSArchitecture=", {"os.architecture"},
     "Windows leaves OSArchitecture empty"),
    ("wmi/station-Win32_OperatingSystem.wmi", "Version=10.0.19045", "Version=10,0", {"os.version", "os.kernel"},
     'Windows says of Version "10,0"'),
    ("wmi/station-Win32_BIOS.wmi", "SerialNumber=7XMPL63", "SerialNumber=Default string", {"asset.serial"},
     'the firmware says "Default string"'),
    ("wmi/station-Win32_BIOS.wmi", "ReleaseDate=20240311", "ReleaseDate=20241311", {"bios.date"},
     'Windows says of ReleaseDate "20241311000000.000000+000"'),
    ("wmi/station-Win32_ComputerSystem.wmi", "Model=Precision 7820 Tower", "Model=System Product Name",
     {"asset.model"}, 'the firmware says "System Product Name"'),
    ("wmi/station-Win32_ComputerSystem.wmi", "HypervisorPresent=FALSE", "HypervisorPresent=", {"virtualisation"},
     "Windows leaves HypervisorPresent empty"),
    ("wmi/station-Win32_ComputerSystem.wmi", "NumberOfProcessors=2", "NumberOfProcessors=0", {"cpu.sockets_used"},
     'Windows says of NumberOfProcessors "0"'),
    ("lscpu/station.txt", "Socket(s):                            2\n", "", {"cpu.cores"}, "lscpu does not say"),
    ("lsblk/server.json", '"serial": "S4XMPL-sda"', '"serial": null', {"drives.sda.serial"}, "the drive states none"),
    ("smartctl/rotating.json", '"passed": true', '"passed": null', {"drives.health", "drives.sda.health"},
     "the drive keeps no such record"),
    ("wmi/station-Win32_Processor.wmi", "NumberOfCores=8", "NumberOfCores=", {"cpu.cores"}, "NumberOfCores empty"),
    ("wmi/station-MSFT_PhysicalDisk.wmi", "MediaType=4", "MediaType=0", {"drives.0.medium"}, "leaves it open"),
    ("wmi/station-MSFT_NetAdapter.wmi", "TransmitLinkSpeed=1000000000", "TransmitLinkSpeed=100000000",
     {"network.speed", "network.Ethernet.speed"}, "it receives at 1000000000 bit/s and sends at 100000000 bit/s"),
    ("wmi/station-Win32_EncryptableVolume.wmi", "ProtectionStatus=1", "ProtectionStatus=2", {"disk.system.encrypted"},
     "the volume is locked"),
    ("wmi/quadro-Win32_VideoController.wmi", "31.0.15.2849", "31.0.2849", {"gpu.driver"}, "cannot be told from"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "was", "becomes", "unknown", "why"), GONE)
def test_what_is_gone_is_unknown_and_nothing_else(
    name: str, was: str, becomes: str, unknown: set[str], why: str
) -> None:
    file = RECORDED / name
    content = file.read_bytes()
    encoding = "utf-16-le" if file.suffix == ".wmi" else "utf-8"
    assert was.encode(encoding) in content
    facts = facts_of(tool_of(file), content.replace(was.encode(encoding), becomes.encode(encoding), 1))
    whole = read(file)
    for fact in unknown:
        assert why in (facts[fact].error or ""), (fact, facts[fact])
    listed = {fact for fact in whole if fact.startswith("memory.slot.")} if unknown == MEMORY else set()
    for fact in set(whole) - unknown - listed:
        assert (facts[fact].value, facts[fact].absent, facts[fact].error) == (
            whole[fact].value, whole[fact].absent, whole[fact].error), fact  # fmt: skip


@pytest.mark.parametrize("ram", ["1073741824", "2147483648", "4293918720", "0", "-2147483648", "4294967296", ""])
def test_windows_is_never_believed_on_graphics_memory(ram: str) -> None:
    file = RECORDED / "wmi" / "quadro-Win32_VideoController.wmi"
    content = file.read_bytes().replace(
        "AdapterRAM=1073741824".encode("utf-16-le"), f"AdapterRAM={ram}".encode("utf-16-le")
    )
    memory = facts_of(tool_of(file), content)["gpu.memory"]
    assert memory.value is None
    assert "32 bits" in (memory.error or "")


@pytest.mark.parametrize(
    ("maker", "product", "word"),
    [
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", "qemu"),
        ("innotek GmbH", "VirtualBox", "oracle"),
        ("Microsoft Corporation", "Virtual Machine", "microsoft"),
        ("Xen", "HVM domU", "xen"),
        ("Amazon EC2", "m5.large", "amazon"),
        ("Microsoft Corporation", "Surface Pro", None),
        ("Dell Inc.", "Precision 3660", None),
    ],
)
def test_a_virtual_machine_is_told_as_such(maker: str, product: str, word: str | None) -> None:
    text = (RECORDED / "dmidecode" / "server.txt").read_text()
    text = text.replace(
        "Manufacturer: Dell Inc.\n\tProduct Name: PowerEdge T640",
        f"Manufacturer: {maker}\n\tProduct Name: {product}",
        1,
    )
    facts = facts_of(tool_of(Path("dmidecode/x.txt")), text.encode())
    assert facts["virtualisation"].value == word
    assert facts["asset.model"].note == (f"of the virtual machine, {word}" if word else None)


def test_a_firmware_that_says_it_is_virtual_without_a_name() -> None:
    text = (RECORDED / "dmidecode" / "server.txt").read_text()
    text = text.replace("\tISA is supported\n", "\tISA is supported\n\t\tSystem is a virtual machine\n", 1)
    facts = facts_of(tool_of(Path("dmidecode/x.txt")), text.encode())
    assert facts["virtualisation"].value == "vm-other"
    assert "lscpu" in (facts["cpu.cores"].error or "")
    assert facts["cpu.sockets"].value == 2


def test_indented_by_spaces_as_dmidecode_of_windows_does() -> None:
    file = RECORDED / "dmidecode" / "server.txt"
    facts = facts_of(tool_of(file), file.read_bytes().replace(b"\t", b"        "))
    assert {name: fact.value for name, fact in facts.items()} == {name: fact.value for name, fact in read(file).items()}


def test_a_display_that_was_pulled_off_and_still_has_its_picture() -> None:
    file = RECORDED / "xrandr" / "plain.txt"
    text = file.read_text().replace("DVI-D-0 connected primary 1200", "DVI-D-0 disconnected primary 1200")
    facts = facts_of(tool_of(file), text.encode())
    assert facts["displays.connected"].value == 0
    assert "shows no display" in (facts["displays.panels"].error or "")
