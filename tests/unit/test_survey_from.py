"""`pacsmith survey --from`: machines that no site knows, from what tools printed there."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from builder.cli.main import app
from builder.errors import BadInput
from builder.survey import facts_of_tools, recorded_machines
from builder.survey.tools import TOOLS
from tests.unit.test_recorded_tools import RECORDED

TOOLS_TOLD = f"{', '.join(sorted(TOOLS, key=str.lower))}, edid-CONNECTOR"


def survey(*words: str) -> Result:
    return CliRunner().invoke(app, ["survey", *words])


def put(folder: Path, **files: str) -> Path:
    """A folder with copies of our recorded files: NAME=place below recorded/, __ for a dot and _ for a hyphen."""
    folder.mkdir(parents=True)
    for name, place in files.items():
        shutil.copy(RECORDED / place, folder / name.replace("__", ".").replace("_", "-"))
    return folder


def facts(folder: Path) -> dict[str, Any]:
    (text,) = recorded_machines(folder).values()
    return {
        name: fact.value if fact.error is None else f"? {fact.error}" for name, fact in facts_of_tools(text).items()
    }


@pytest.fixture
def windows(tmp_path: Path) -> Path:
    """A reading station with Windows: every class that we have of it, and what nvidia-smi and two displays say."""
    folder = put(tmp_path / "read7", nvidia_smi__xml="nvidia-smi/quadro-p2000.xml",
                 edid_DP_1__bin="edid/made-up-rx360.bin", edid_DP_2__txt="edid/made-up-rx360.txt")  # fmt: skip
    for file in RECORDED.glob("wmi/station-*.wmi"):
        shutil.copy(file, folder)
    shutil.copy(RECORDED / "wmi" / "quadro-Win32_VideoController.wmi", folder)
    return folder


def test_a_windows_machine_whole(windows: Path) -> None:
    said = facts(windows)
    expected = {
        "asset.maker": "Dell Inc.", "asset.model": "Precision 7820 Tower", "asset.serial": "7XMPL63",
        "bios.date": "03/11/2024", "bios.version": "1.19.1", "cpu.cores": 16, "cpu.threads": 32,
        "disk.system.encrypted": True, "displays.DP-1.mode": "2048x1536", "displays.DP-2.serial": "70521011",
        "displays.count": 2, "displays.panels": "EIZ 2334, EIZ 2334", "drives.count": 3, "gpu.memory": 5 << 30,
        "gpu.model": "Quadro P2000", "memory.installed": 64 << 30, "network.speed": 10**9, "os.id": "windows",
        "virtualisation": "none",
    }  # fmt: skip
    assert {name: said[name] for name in expected} == expected


def test_nvidia_smi_is_believed_on_the_card_and_windows_is_told(windows: Path) -> None:
    done = survey("--from", str(windows))
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "read7"
    assert "gpu.memory 5 GiB" in lines
    assert "gpu.driver 525.125.06 (Win32_VideoController says 528.49)" in lines
    assert "gpu.model Quadro P2000" in lines


def test_a_linux_machine_and_its_contradictions(tmp_path: Path) -> None:
    folder = put(tmp_path / "srv", dmidecode__txt="dmidecode/server.txt", lscpu__txt="lscpu/station.txt",
                 read3_lspci__txt="lspci/station.txt", ip__json="ip/station.json", lsblk__json="lsblk/station.json",
                 smartctl__json="smartctl/worn.json")  # fmt: skip
    (folder / "systemd-detect-virt").write_text("none\n")
    (folder / "uname.txt").write_text("Linux 6.1.0-30-amd64 x86_64\n")
    (folder / "os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n')
    said = facts(folder)
    assert said["virtualisation"] == "none"
    assert (said["os.kernel"], said["os.id"], said["os.version"]) == ("6.1.0-30-amd64", "debian", "12")
    assert (said["cpu.cores"], said["drives.health"]) == (16, "unhealthy: nvme0n1")
    assert (said["drives.nvme0n1.model"], said["drives.nvme0n1.wear"]) == ("PM981a NVMe Samsung 256GB", 101)
    cores = json.loads(survey("--from", str(folder), "--json").stdout)["srv"]["facts"]["cpu.cores"]
    assert (cores["value"], cores["command"], cores["unit"]) == (16, "lscpu", "cores")
    assert cores["note"] == "dmidecode says 20 cores"


def test_the_kernel_is_believed_on_a_virtual_machine(tmp_path: Path) -> None:
    folder = put(tmp_path / "vm", dmidecode__txt="dmidecode/guest.txt", lscpu__txt="lscpu/station.txt",
                 lsblk__json="lsblk/server.json")  # fmt: skip
    (folder / "systemd-detect-virt.txt").write_text("kvm\n")
    said = facts(folder)
    assert (said["virtualisation"], said["cpu.cores"]) == ("kvm", 16)
    assert said["disk.system.encrypted"] == "? kvm does not show whether the machine beneath encrypts its drives"
    assert said["drives.sda.medium"] == "? a drive in kvm does not say what it is made of"


def test_a_folder_a_machine(tmp_path: Path) -> None:
    put(tmp_path / "all" / "read1", lscpu__txt="lscpu/station.txt")
    put(tmp_path / "all" / "read2", dmidecode__txt="dmidecode/part.txt")
    read = json.loads(survey("--from", str(tmp_path / "all"), "--json").stdout)
    assert set(read) == {"read1", "read2"}
    assert set(read["read1"]["facts"]) == {"cpu.cores", "cpu.model", "cpu.threads"}


def test_a_damaged_edid_says_so_on_its_connector(tmp_path: Path) -> None:
    folder = put(tmp_path / "read1", edid_DP_1__bin="edid/made-up-rx360.bin")
    damaged = bytearray((folder / "edid-DP-1.bin").read_bytes())
    damaged[40] ^= 1
    (folder / "edid-DP-2.bin").write_bytes(damaged)
    (folder / "edid-HDMI-A-1.txt").write_text("Permission denied\n")
    said = facts(folder)
    assert said["displays.DP-1.depth"] == 10
    assert said["displays.DP-2.depth"] == "? the EDID of a display is damaged: look at its cable"
    assert said["displays.HDMI-A-1.depth"] == '? this is no EDID: "Permission denied"'
    assert said["displays.count"] == "? the EDID of a display is damaged: look at its cable"


def refused(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        recorded_machines(folder)
    return str(caught.value)


def test_bad_folders_say_what_to_do(tmp_path: Path) -> None:
    assert refused(tmp_path / "no") == (
        f"{tmp_path}/no: there is no such folder; name one with a file a tool, as dmidecode.txt"
    )
    (tmp_path / "none").mkdir()
    assert refused(tmp_path / "none") == (
        f"{tmp_path}/none: it is empty; put a file a tool into it, as dmidecode.txt: {TOOLS_TOLD}"
    )
    mixed = put(tmp_path / "mixed", lscpu__txt="lscpu/station.txt")
    (mixed / "read1").mkdir()
    assert refused(mixed) == (
        f"{mixed}: it holds the file lscpu.txt and the folder read1; put the files of each machine into a folder of "
        "its own"
    )
    twice = put(tmp_path / "twice", lscpu__txt="lscpu/station.txt", read1_lscpu__txt="lscpu/station.txt")
    assert refused(twice) == (
        f"{twice}/read1-lscpu.txt: lscpu.txt is what lscpu printed as well; leave one of them there"
    )


@pytest.mark.parametrize("name", ["gpu.xml", "dmidecode2.txt", "dmidecode.txt.bak", "Win32_Fan.wmi", "README.md"])
def test_a_file_that_no_tool_is_named_after(tmp_path: Path, name: str) -> None:
    folder = put(tmp_path / "read1", lscpu__txt="lscpu/station.txt")
    (folder / name).write_text("x\n")
    assert refused(folder) == (
        f"{folder}/{name}: no tool is called {Path(name).stem}; name the file after what printed it or take it away: "
        f"{TOOLS_TOLD}"
    )
    done = survey("--from", str(folder))
    assert isinstance(done.exception, BadInput)
    assert done.stdout == ""


def test_a_folder_in_a_machine_s_folder_is_no_tool(tmp_path: Path) -> None:
    put(tmp_path / "all" / "read1", lscpu__txt="lscpu/station.txt")
    (tmp_path / "all" / "read1" / "lspci").mkdir()
    assert refused(tmp_path / "all").startswith(f"{tmp_path}/all/read1/lspci: no tool is called lspci; ")


def test_a_site_has_no_place_beside_it(tmp_path: Path) -> None:
    folder = put(tmp_path / "read1", lscpu__txt="lscpu/station.txt")
    done = survey("elm", "--from", str(folder), "--host", "read1", "--outliers")
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == (
        f"--from {folder}: it reads machines that no site knows, so leave out a site and --host and --outliers; "
        "a host of a site is read with --recorded, from the same files in FOLDER/HOST/"
    )


@pytest.mark.parametrize(
    ("virtual", "medium", "encrypted"),
    [
        ("none\n", "ssd", False),
        ("kvm\n", "? a drive in kvm does not say what it is made of",
         "? kvm does not show whether the machine beneath encrypts its drives"),
        ("sh: 1: systemd-detect-virt: not found\n",
         *["? nobody says whether this is a virtual machine, whose drives may be others beneath"] * 2),
        (None, "ssd", False),
    ],
)  # fmt: skip
def test_what_a_drive_is_hangs_on_the_machine(
    tmp_path: Path, virtual: str | None, medium: str, encrypted: str | bool
) -> None:
    folder = put(tmp_path / "srv", lsblk__json="lsblk/server.json")
    if virtual is not None:
        (folder / "systemd-detect-virt.txt").write_text(virtual)
    said = facts(folder)
    assert (said["drives.sda.medium"], said["disk.system.encrypted"]) == (medium, encrypted)
