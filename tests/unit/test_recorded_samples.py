"""The same readers over outputs of real machines, which lie beside the checkout and are not ours to include."""

from pathlib import Path

import pytest

from builder.models.fact import Fact
from builder.survey.tools import TOOLS, facts_of

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the recorded outputs of real machines are not beside this checkout"
)
ABSENT, UNKNOWN = object(), object()
GIB = 1 << 30
SAID: dict[str, dict[str, object]] = {
    "dmidecode/dell-r640.txt": {
        "bios.vendor": "Dell Inc.", "bios.version": "2.6.4", "bios.date": "04/09/2020", "asset.model": "PowerEdge R640",
        "asset.serial": "2RJF153", "asset.version": UNKNOWN, "board.model": "06NR82", "cpu.sockets": 2,
        "cpu.cores": 16, "cpu.clock": 3_600_000_000, "memory.slots": 24, "memory.slots_used": 8,
        "memory.installed": 256 * GIB, "memory.maximum": 7680 * GIB, "memory.modules": "8 x 32 GiB DDR4 at 2933 MT/s",
        "memory.parts": "8 x M393A4K40CB2-CVF", "memory.places": "A1 A2 A4 A5 B1 B2 B4 B5",
        "memory.slot.A3.size": ABSENT, "memory.slot.B5.size": 32 * GIB, "virtualisation": UNKNOWN,
    },
    "dmidecode/hp-dl360-gen8.txt": {
        "bios.version": "P71", "asset.model": "ProLiant DL360p Gen8", "asset.serial": "USE2236835",
        "board.model": UNKNOWN, "cpu.model": "Intel(R) Xeon(R) CPU E5-2640 0 @ 2.50GHz", "cpu.sockets": 2,
        "cpu.cores": 12, "memory.slots": 24, "memory.slots_used": 8, "memory.installed": 64 * GIB,
        "memory.maximum": 768 * GIB, "memory.modules": "8 x 8 GiB DDR3 at 1333 MT/s", "memory.ecc": "Single-bit ECC",
    },
    "dmidecode/lenovo-10a9004tfr.txt": {
        "bios.vendor": UNKNOWN, "asset.model": UNKNOWN, "cpu.sockets": UNKNOWN, "memory.slots": UNKNOWN,
    },
    "dmidecode/lenovo-thinkpad.txt": {
        "bios.version": "8NET32WW (1.16 )", "asset.model": "1298A8G", "asset.version": "ThinkPad Edge E320",
        "asset.serial": "LR9NKZ7", "board.version": UNKNOWN, "cpu.sockets": 1, "cpu.cores": 2, "memory.slots": 4,
        "memory.slots_used": 2, "memory.installed": 8 * GIB, "memory.ecc": "none",
        "memory.parts": "1 x M471B5273CH0-CH9, 1 x M471B5273DH0-CH9",
    },
    "dmidecode/vmware.txt": {
        "virtualisation": "vmware", "asset.maker": "VMware, Inc.", "bios.version": "6.00", "cpu.sockets": 4,
        "cpu.sockets_used": 2, "cpu.model": UNKNOWN, "cpu.cores": UNKNOWN, "memory.slots": 4, "memory.slots_used": 1,
        "memory.installed": 2 * GIB, "memory.parts": UNKNOWN,
    },
    "edid/eizo-l997.bin": {
        "display.maker": "ENC", "display.product": "1749", "display.name": "L997", "display.serial": "21211015",
        "display.serial_number": UNKNOWN, "display.made": "week 5 of 2005", "display.mode": "1600x1200",
        "display.width": 432.0, "display.height": 324.0, "display.pitch": 0.27, "display.megapixels": 1.92,
        "display.depth": UNKNOWN, "display.interface": UNKNOWN,
    },
    "edid/eizo-ev2785.bin": {
        "display.name": "EV2785", "display.serial_number": "68056070", "display.made": "week 28 of 2020",
        "display.mode": "3840x2160", "display.megapixels": 8.2944, "display.pitch": 0.1555, "display.depth": 8,
        "display.interface": "DisplayPort",
    },
    "edid/ENC2741-59A6BE582CE9.txt": {
        "display.name": "CS2420", "display.depth": 10, "display.interface": "DisplayPort", "display.mode": "1920x1200",
        "display.width": 519.0, "display.height": 324.0, "display.year": 2016, "display.serial_number": "31982116",
    },
    "edid/ENC2651-368EE475D610.txt": {
        "display.name": "EV2730Q", "display.mode": "1920x1920", "display.shorter": 1920, "display.megapixels": 3.6864,
        "display.pitch": 0.2479, "display.made": "week 16 of 2017",
    },
    "lspci/lspci-mmv.txt": {
        "gpus.count": 1, "gpus.models": "1 x VMware SVGA II Adapter", "gpus.00-0f-0.ids": UNKNOWN,
        "gpus.00-0f-0.module": UNKNOWN,
    },
    "lspci/lspci-nnmmv.txt": {
        "gpus.count": 1, "gpus.00-0f-0.ids": "15ad:0405", "gpus.00-0f-0.device": "SVGA II Adapter",
    },
    "nvidia-smi/quadro-p400.xml": {
        "gpu.model": "Quadro P400", "gpu.memory": 1998 << 20, "gpu.driver": "418.43", "gpu.cuda": "10.1",
        "gpu.bios": "86.07.3B.00.4A", "gpu.temperature": 33, "gpu.ecc": ABSENT, "gpu.mig": UNKNOWN,
        "gpu.display_active": False, "gpus.43-00-0.memory": 1998 << 20,
    },
    "nvidia-smi/quadro-p2000-v12.xml": {
        "gpu.model": "Quadro P2000", "gpu.memory": 5 * GIB, "gpu.driver": "525.125.06", "gpu.temperature": 34,
        "gpu.mig": False, "gpus.17-00-0.serial": "0322218049033",
    },
    "nvidia-smi/rtx-4000-sff-ada-v13.xml": {
        "gpu.model": "NVIDIA RTX 4000 SFF Ada Generation", "gpu.memory": 20475 << 20, "gpu.driver": "595.84",
        "gpu.cuda": "13.2", "gpu.ecc": False, "gpu.display_active": True, "gpu.temperature": 38,
        "gpus.06-00-0.serial": UNKNOWN,
    },
    "nvidia-smi/a100-sxm4-v12.xml": {
        "gpu.count": UNKNOWN, "gpu.memory": 80 * GIB, "gpu.mig": True, "gpu.ecc": True, "gpu.driver": "535.54.03",
        "gpu.temperature": 27, "gpus.01-00-0.memory": 80 * GIB,
    },
    "wmi/10-net-MSFT_NetAdapter.wmi": {
        "network.speed": 1_000_000_000, "network.duplex": "full", "network.Ethernet-4.adapter": "Targus Giga Ethernet",
        "network.Ethernet-4.address": "00:50:b6:00:00:6d", "network.Wi-Fi.link": False, "network.Wi-Fi.speed": ABSENT,
    },
    "wmi/7-Win32_PhysicalMemory.wmi": {
        "memory.installed": 4 * GIB, "memory.slots_used": 2, "memory.slots": UNKNOWN, "memory.places": "DIMM1 DIMM3",
        "memory.modules": "2 x 2 GiB at 1600 MT/s", "memory.parts": "2 x F3-12800CL9-2GBXL",
    },
    "wmi/7-Win32_Processor.wmi": {
        "cpu.model": "Intel(R) Core(TM) i5-2300 CPU @ 2.80GHz", "cpu.cores": 4, "cpu.threads": 4,
        "cpu.clock": 2_801_000_000, "cpu.sockets_used": 1,
    },
    "wmi/latitude-7480-MSFT_PhysicalDisk.wmi": {
        "drives.count": 1, "drives.0.medium": "ssd", "drives.0.size": 512_110_190_592, "drives.0.bus": "NVMe",
        "drives.0.model": "PC300 NVMe SK hynix 512GB", "drives.0.firmware": "20007A00",
    },
    "wmi/nvidia-geforce-rtx-2060-super-Win32_VideoController.wmi": {
        "gpu.model": "NVIDIA GeForce RTX 2060 SUPER", "gpu.memory": UNKNOWN, "gpu.driver": "516.94", "gpu.count": 1,
    },
    "wmi/win10-crypt-Win32_EncryptableVolume.wmi": {
        "disk.system.encrypted": True, "disk.system.encryption": "BitLocker, AES 256",
    },
    "wmi/win7-sp1-x64-Win32_OperatingSystem.wmi": {
        "os.name": "Microsoft Windows 7 Professionnel", "os.version": "6.1.7600", "os.build": 7600,
        "os.architecture": "i686", "os.service_pack": 0, "memory.total": 2_096_696 * 1024,
    },
    "xrandr/nvidia-1.txt": {
        "displays.connected": 1, "displays.primary": UNKNOWN, "displays.HDMI-0.current_mode": "1920x1080",
        "displays.HDMI-0.depth": UNKNOWN, "displays.count": UNKNOWN,
    },
    "xrandr/properties-1.txt": {
        "displays.connected": 1, "displays.primary": "eDP-1", "displays.eDP-1.current_mode": "1920x1080",
        "displays.eDP-1.maker": "AUO", "displays.eDP-1.width": 309.0, "displays.eDP-1.height": 174.0,
        "displays.eDP-1.depth": 8, "displays.eDP-1.pitch": 0.1609, "displays.eDP-1.serial": UNKNOWN,
    },
}  # fmt: skip


def read(name: str) -> dict[str, Fact]:
    folder, _, file = name.partition("/")
    tool = Path(file).stem.rpartition("-")[2] if folder == "wmi" else folder
    return facts_of(TOOLS[tool], (SAMPLES / name).read_bytes())


@needs_samples
@pytest.mark.parametrize("name", sorted(SAID))
def test_what_a_real_output_says(name: str) -> None:
    facts = read(name)
    found = {
        fact: ABSENT if facts[fact].absent else UNKNOWN if facts[fact].error else facts[fact].value
        for fact in SAID[name]
    }
    assert found == SAID[name]


@needs_samples
def test_every_sample_is_asserted() -> None:
    there = {str(file.relative_to(SAMPLES)) for file in SAMPLES.glob("*/*")}
    assert there == set(SAID)
