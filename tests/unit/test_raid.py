"""RAID: what the kernel's list of arrays and lspci's two classes say, whole and damaged."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.survey.question import ABSENT, Reply, UnreadableError
from builder.survey.raid import arrays, controllers

MIRROR = """Personalities : [raid1] [raid6] [raid5] [raid4]
md0 : active raid1 sdb1[1] sda1[0]
      1046528 blocks super 1.2 [2/2] [UU]
      bitmap: 0/1 pages [0KB], 65536KB chunk

unused devices: <none>
"""
BROKEN = """Personalities : [raid1] [raid6] [raid5] [raid4]
md1 : active raid5 sdd1[3] sdc1[1](F) sdb1[0]
      7813770240 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [U_U]
      [==>..................]  recovery = 12.6% (492335104/3906885120) finish=412.8min speed=137835K/sec

md0 : active (auto-read-only) raid1 sda1[0] sde1[1]
      1046528 blocks super 1.2 [2/2] [UU]

md127 : inactive sdf[0](S)
      1953382488 blocks super 1.2

unused devices: <none>
"""
CONTROLLER = (
    "Slot:\t0000:3b:00.0\nClass:\tRAID bus controller [0104]\n"
    "Vendor:\tBroadcom / LSI [1000]\nDevice:\tMegaRAID SAS-3 3108 [005d]\n\n"
)


def test_a_mirror_that_is_whole() -> None:
    assert arrays(Reply(0, MIRROR, "")) == {"raid.arrays": "md0 raid1 of sda1 sdb1", "raid.health": "healthy"}


def test_each_array_that_is_not_whole_is_named() -> None:
    assert arrays(Reply(0, BROKEN, "")) == {
        "raid.arrays": "md0 raid1 of sda1 sde1; md1 raid5 of sdb1 sdc1 sdd1; md127 of no level of sdf",
        "raid.health": "md1 degraded, recovery at 12.6%; md127 does not run",
    }
    gone = MIRROR.replace("sdb1[1] ", "").replace("[2/2] [UU]", "[2/1] [U_]")
    assert arrays(Reply(0, gone, ""))["raid.health"] == "md0 degraded"


@pytest.mark.parametrize("text", ["no md\n", "Personalities : \nunused devices: <none>\n"])
def test_no_array_is_absent(text: str) -> None:
    assert arrays(Reply(0, text, "")) == {"raid.arrays": ABSENT, "raid.health": ABSENT}


@pytest.mark.parametrize("end", range(len(BROKEN) - 1))
def test_a_list_that_was_cut_off_is_no_list(end: int) -> None:
    with pytest.raises(UnreadableError):
        arrays(Reply(0, BROKEN[:end], ""))


@pytest.mark.parametrize("damaged", ["md0 : active raid1 sdb1 sda1[0]", "md0 active raid1", "md0 : lost raid1 sda[0]"])
def test_a_line_that_is_not_understood_is_no_array(damaged: str) -> None:
    with pytest.raises(UnreadableError):
        arrays(Reply(0, MIRROR.replace("md0 : active raid1 sdb1[1] sda1[0]", damaged), ""))


def test_controllers() -> None:
    other = CONTROLLER.replace("3b:00", "3c:00").replace("RAID bus controller [0104]", "SATA controller [0106]")
    assert controllers(Reply(0, CONTROLLER + other, "")) == "Broadcom / LSI MegaRAID SAS-3 3108"
    for text, code, why in (
        (other, 0, "lspci lists no RAID or SAS controller"),
        ("", 0, "lspci printed nothing"),
        (CONTROLLER[:-40], 0, "lspci was cut off in its last device"),
        (CONTROLLER + CONTROLLER, 0, "lspci prints a device twice"),
        ("", 127, "lspci: not found"),
    ):
        said = controllers(Reply(code, text, "sh: 1: lspci: not found"))
        assert isinstance(said, UnreadableError)
        assert str(said) == why
    assert isinstance(controllers(None), UnreadableError)


@given(st.text(max_size=300))
def test_any_text_is_read_or_unread(text: str) -> None:
    with suppress(UnreadableError):
        arrays(Reply(0, text, ""))
    assert isinstance(controllers(Reply(0, text, "")), UnreadableError)
