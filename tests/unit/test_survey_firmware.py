"""Firmware, memory slots, drives and displays, as commands of Linux print them."""

import contextlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.load import load_site
from builder.load.shipped import example_site
from builder.survey import disks, displays, dmi, firmware
from builder.survey.question import ABSENT, Reply, Said, UnreadableError

EDID = Path(__file__).parent / "recorded" / "edid"


def reply(text: str, code: int = 0, errors: str = "") -> Reply:
    return Reply(code, text, errors)


def test_the_record_of_the_firmware() -> None:
    text = "bios_date:04/09/2020\nbios_vendor:Dell Inc.\nbios_version:2.6.4\nboard_name:0RR8YK\nboard_version:\n"
    said = firmware.record(reply(text, 2))
    assert (said["bios.version"], said["board.model"]) == ("2.6.4", "0RR8YK")
    assert isinstance(said["board.version"], UnreadableError)


@pytest.mark.parametrize(("code", "errors"), [(1, ""), (2, "sh: 1: cd: can't cd to /sys/class/dmi/id")])
def test_a_machine_without_firmware(code: int, errors: str) -> None:
    with pytest.raises(UnreadableError):
        firmware.record(reply("", code, errors))


def array(count: int, handle: str = "0x1000", use: str = "System Memory") -> str:
    lines = f"\tUse: {use}\n\tError Correction Type: None\n\tMaximum Capacity: 64 GB\n\tNumber Of Devices: {count}\n"
    return f"Handle {handle}, DMI type 16, 23 bytes\nPhysical Memory Array\n{lines}\n"


def device(handle: int, **fields: str) -> str:
    fields = {"Array_Handle": "0x1000", **fields}
    lines = "".join(f"\t{name.replace('_', ' ')}: {value}\n" for name, value in fields.items())
    length = 84 if "Configured_Memory_Speed" in fields else 27
    return f"Handle 0x11{handle:02X}, DMI type 17, {length} bytes\nMemory Device\n{lines}\n"


FULL = {"Size": "16 GB", "Locator": "DIMM 1", "Type": "DDR4", "Speed": "3200 MT/s", "Part_Number": "ABC  "}


def test_memory_slots() -> None:
    text = "# dmidecode 3.4\n\n" + "".join([
        array(4),
        device(1, **FULL),
        device(2, **{**FULL, "Locator": "DIMM 2", "Configured_Memory_Speed": "2666 MT/s"}),
        device(3, Size="No Module Installed", Locator="DIMM 3", Type="Unknown"),
        device(4, Size="512 MB", Locator="DIMM 4", Type="Unknown", Speed="1333 MHz", Part_Number="Not Specified"),
        array(1, "0x2000", "Flash Memory"),
        device(5, Array_Handle="0x2000", Size="16384 kB", Locator="SYSTEM ROM", Type="Flash"),
    ])  # fmt: skip
    said = dmi.memory(reply(text))
    assert {name: value for name, value in said.items() if not name.startswith("memory.slot.")} == {
        "memory.ecc": "none",
        "memory.empty": "DIMM-3",
        "memory.installed": (32 << 30) + (512 << 20),
        "memory.maximum": 64 << 30,
        "memory.modules": "1 x 16 GiB DDR4 at 2666 of 3200 MT/s, 1 x 16 GiB DDR4 at 3200 MT/s, "
        "1 x 512 MiB at 1333 MT/s",
        "memory.parts": "2 x ABC",
        "memory.places": "DIMM-1 DIMM-2 DIMM-4",
        "memory.slots": 4,
        "memory.slots_used": 3,
    }
    assert (said["memory.slot.DIMM-2.speed"], said["memory.slot.DIMM-2.type"]) == (3200, "DDR4")
    assert (said["memory.slot.DIMM-4.size"], said["memory.slot.DIMM-3.size"]) == (512 << 20, ABSENT)
    assert isinstance(said["memory.slot.DIMM-4.type"], UnreadableError)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "dmidecode printed no record"),
        ("# dmidecode 3.4\n/sys/firmware/dmi/tables/DMI: Permission denied\n", "Permission denied"),
        (array(1) + device(1, Size="Unknown", Locator="DIMM 1"), 'the firmware says "Unknown"'),
        (array(1) + device(1, Size="", Locator="DIMM 1"), "the firmware says nothing"),
        (array(1) + device(1, **FULL | {"Size": "16 G"}), 'says of a size "16 G"'),
        (array(2) + device(1, **FULL), "counts 2 memory slots and lists 1"),
        (array(1) + device(1, **FULL)[:-1], "record was cut off"),
        (array(1) + device(1, Size="16 GB", Locator="DIMM 1"), "lacks lines"),
        (device(1, **FULL), "keeps no memory record"),
    ],
)
def test_memory_slots_that_nobody_can_tell_are_unread(text: str, why: str) -> None:
    try:
        said = dmi.memory(reply(text))
    except UnreadableError as unread:
        said = {"memory.slots": unread}
    assert isinstance(said["memory.slots"], UnreadableError)
    assert why in str(said["memory.slots"])


@given(st.text())
def test_no_output_of_dmidecode_is_a_fault_of_ours(text: str) -> None:
    for tried in (text, f"Handle 0x1100, DMI type 17, 84 bytes\nMemory Device\n\t{text}"):
        with contextlib.suppress(UnreadableError):
            dmi.memory(reply(tried))
        with contextlib.suppress(UnreadableError):
            dmi.dmidecode(reply(tried))


def test_drives_by_model_and_firmware() -> None:
    text = (
        'TYPE="disk" SIZE="1000204886016" MODEL="Samsung SSD 980 1TB" REV="3B4QFXO7"\n'
        'TYPE="disk" SIZE="0" MODEL="" REV=""\n'
        'TYPE="rom" SIZE="1073741312" MODEL="DVD" REV="1"\n'
        'TYPE="disk" SIZE="500107862016" MODEL="CT500" REV=""\n'
    )
    expected = "CT500 of 500107862016 B; Samsung SSD 980 1TB of 1000204886016 B with firmware 3B4QFXO7"
    assert disks.models_of(reply(text)) == {"drives.models": expected}
    assert isinstance(disks.models_of(reply(""))["drives.models"], UnreadableError)


def shown(*blocks: bytes) -> str:
    """As `xrandr --prop` and the survey's command print EDIDs."""
    return "".join(
        f"\tEDID:{end}\n" + "".join(f"\t\t{block[at : at + 16].hex()}\n" for at in range(0, len(block), 16))
        for block, end in zip(blocks, ("", " ") * len(blocks), strict=False)
    )


def changed(block: bytes, at: int, value: bytes) -> bytes:
    new = bytearray(block[:128])
    new[at : at + len(value)] = value
    new[127] = 0
    new[127] = -sum(new) % 256
    return bytes(new)


def test_displays_by_what_they_say_they_are() -> None:
    first, second = (EDID / f"{name}.bin" for name in ("made-up-grey-2mp", "made-up-colour-24"))
    said = displays.displays(reply(shown(first.read_bytes(), second.read_bytes())))
    assert (said["displays.count"], said["displays.panels"]) == (2, "ENC 1749, ENC 2741")
    assert said == displays.displays(reply(shown(second.read_bytes(), first.read_bytes())))
    assert displays.displays(reply("Screen 0: minimum 8 x 8\n"))["displays.panels"] is ABSENT


def test_displays_by_their_connectors() -> None:
    """As the kernel names them, or X.org; one that shows no EDID is not passed over."""
    first, second = (shown((EDID / f"{name}.bin").read_bytes()) for name in ("made-up-grey-2mp", "made-up-colour-24"))

    def products(text: str) -> dict[str, Said]:
        said = displays.displays(reply(text))
        return {name: value for name, value in said.items() if name.endswith(".product")}

    kernel = f"card0-DP-1 connected\n{first}card0-HDMI-A-1 connected\n{second}"
    assert products(kernel) == {"displays.DP-1.product": "1749", "displays.HDMI-A-1.product": "2741"}
    two_cards = f"card0-DP-1 connected\n{first}card1-DP-1 connected\n{second}"
    assert products(two_cards) == {"displays.card0-DP-1.product": "1749", "displays.card1-DP-1.product": "2741"}
    xorg = (
        "Screen 0: minimum 8 x 8\nDP-0 disconnected (normal left)\n\tCTM: 0\n\t\t0 1\n"
        f"DP-2 connected primary 1200x1600+0+0 left\n\t_MUTTER: 1\n{first}\tCTM: 0\n"
        f"VGA-1 connected 1024x768+0+0\n\tCTM: 0\nDP-4 connected 1920x1200+0+0\n{second}"
    )
    found = products(xorg)
    assert (found["displays.DP-2.product"], found["displays.DP-4.product"]) == ("1749", "2741")
    assert str(found["displays.VGA-1.product"]) == "the display shows no EDID"
    assert products(first + second) == products(f"DP-1 connected\n{first}DP-1 connected\n{second}") == {}


def test_another_serial_is_the_same_display_and_another_firmware_is_not() -> None:
    block = (EDID / "made-up-grey-2mp.bin").read_bytes()[:128]
    same = displays.displays(reply(shown(changed(block, 12, b"\x07\0\0\0\x01\x1e"))))
    other = displays.displays(reply(shown(changed(block, 23, b"\x99"))))
    before = displays.displays(reply(shown(block)))
    assert before["displays.firmware"] == same["displays.firmware"]
    assert before["displays.serials"] != same["displays.serials"]
    assert before["displays.firmware"] != other["displays.firmware"]
    assert before["displays.panels"] == other["displays.panels"]


def test_a_damaged_edid_is_unread() -> None:
    block = bytearray((EDID / "made-up-grey-2mp.bin").read_bytes()[:128])
    block[30] ^= 0xFF
    with pytest.raises(UnreadableError, match="cable"):
        displays.displays(reply(shown(bytes(block))))


def test_each_display_on_its_connector() -> None:
    first, second = (EDID / f"made-up-{name}.bin" for name in ("grey-2mp", "rx360"))
    text = "".join(displays.shown_on(name, file.read_bytes().hex()) for name, file in
                   (("card0-DP-1", first), ("card0-HDMI-A-1", second)))  # fmt: skip
    said = displays.displays(reply(text))
    assert (said["displays.count"], said["displays.DP-1.product"], said["displays.HDMI-A-1.depth"]) == (2, "1749", 10)
    assert said["displays.panels"] == "EIZ 2334, ENC 1749"
    twice = displays.displays(reply(text.replace("HDMI-A-1", "DP-1").replace("card0", "card1", 1)))
    assert {"displays.card0-DP-1.depth", "displays.card1-DP-1.depth"} <= set(twice)
    assert "displays.DP-1.depth" not in twice


def test_the_outputs_of_xrandr_are_connectors_as_well() -> None:
    verbose = (EDID.parent / "xrandr" / "verbose.txt").read_text()
    said = displays.displays(reply(verbose))
    assert (said["displays.count"], said["displays.DP-0.mode"]) == (2, "2048x1536")
    assert {name.split(".")[1] for name in said if name.endswith(".depth")} == {
        line.split()[0].replace(".", "-") for line in verbose.splitlines() if " connected " in line
    }


def test_a_damaged_edid_leaves_the_other_display_s() -> None:
    good = (EDID / "made-up-rx360.bin").read_bytes()
    bad = bytearray(good)
    bad[30] ^= 0xFF
    text = displays.shown_on("card0-DP-1", good.hex()) + displays.shown_on("card0-DP-2", bytes(bad).hex())
    said = displays.displays(reply(text))
    assert said["displays.DP-1.mode"] == "2048x1536"
    for name in ("displays.DP-2.mode", "displays.count", "displays.panels"):
        assert str(said[name]) == "the EDID of a display is damaged: look at its cable"


@pytest.mark.parametrize("plugged", [("card0-DP-1",), ("card0-DP-1", "card1-HDMI-A-1"), ()])
def test_the_command_names_the_connectors(tmp_path: Path, plugged: tuple[str, ...]) -> None:
    """The command as a host runs it, on a folder in the shape of the kernel's."""
    edid = (EDID / "made-up-rx360.bin").read_bytes()
    for name in ("card0-DP-1", "card0-DP-2", "card1-HDMI-A-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "edid").write_bytes(edid if name in plugged else b"")
    archive = load_site(example_site()).value.hosts[0]
    station = archive.model_copy(update={"host_class": "workstation", "archive": None})
    (question,) = displays.questions(station)
    command = question.command.replace("/sys/class/drm", str(tmp_path)).replace(" xrandr", " echo xrandr")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    said = displays.displays(reply(done.stdout))
    assert said["displays.count"] == len(plugged)
    short = {name.partition("-")[2] for name in plugged}
    assert {name.split(".")[1] for name in said if name.endswith(".mode")} == short
    assert done.stdout.startswith("xrandr --prop") == (not plugged)
