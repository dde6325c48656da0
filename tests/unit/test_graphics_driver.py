"""Both halves of NVIDIA's driver, and Vulkan: as the tools print them, and damaged."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.survey.graphics_driver import halves, opengl, questions, vulkan
from builder.survey.question import ABSENT, Noted, Reply, UnreadableError

BOTH = "module 535.183.01\nlibrary 535.183.01\nend\n"
SUMMARY = """==========
VULKANINFO
==========

Vulkan Instance Version: 1.3.239


Instance Extensions: count = 2
------------------------------
VK_KHR_surface                         : extension revision 25

Devices:
========
GPU0:
\tapiVersion         = 1.3.242
\tdriverVersion      = 535.183.1.0
\tvendorID           = 0x10de
\tdeviceID           = 0x1fb9
\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
\tdeviceName         = NVIDIA T1000
\tdriverID           = DRIVER_ID_NVIDIA_PROPRIETARY
GPU1:
\tapiVersion         = 4206830 (1.3.238)
\tdriverVersion      = 1 (0x0001)
\tdeviceType         = PHYSICAL_DEVICE_TYPE_CPU
\tdeviceName         = llvmpipe (LLVM 15.0.6, 256 bits)
"""


def read(text: str) -> dict[str, object]:
    return dict(halves(Reply(0, text, "")))


def test_two_halves_of_one_version() -> None:
    assert read(BOTH) == {
        "gpu.driver.library": "535.183.01", "gpu.driver.matched": True, "gpu.driver.module": "535.183.01"
    }  # fmt: skip


def test_an_update_without_a_restart_is_told_with_its_remedy() -> None:
    said = read(BOTH.replace("library 535.183.01", "library 550.163.01"))
    assert said["gpu.driver.matched"] == Noted(
        False, "the kernel runs 535.183.01, the libraries are 550.163.01: restart the machine before anybody reads"
    )
    several = read(BOTH.replace("end", "library 550.163.01\nend"))
    assert str(several["gpu.driver.library"]) == "there are libraries of several versions: 535.183.01 and 550.163.01"
    assert isinstance(several["gpu.driver.matched"], Noted)
    assert several["gpu.driver.matched"].value is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("end\n", "the kernel runs no module of NVIDIA's"),
        ("library 535.183.01\nend\n", "the kernel runs no module of NVIDIA's"),
        ("module 535.183.01\nend\n", "the kernel runs NVIDIA's module 535.183.01, and none of its libraries is there"),
    ],
)
def test_half_a_driver_is_neither_matched_nor_not(text: str, why: str) -> None:
    said = read(text)
    assert str(said["gpu.driver.matched"]) == why
    assert isinstance(said["gpu.driver.matched"], UnreadableError)
    assert (said["gpu.driver.module"] is ABSENT) == ("module" not in text)


@pytest.mark.parametrize("text", ["", "module 535.183.01\n", "module 535\nend\n", "module\nend\n", "x\nend\n"])
def test_damaged_halves_are_unread(text: str) -> None:
    with pytest.raises(UnreadableError):
        halves(Reply(0, text, ""))


def test_the_question_is_answered_by_a_machine_without_a_card(tmp_path: Path) -> None:
    command = next(one.command for one in questions() if one.name == "driver").replace("/usr/lib", f"{tmp_path}/lib")
    folder = tmp_path / "lib" / "x86_64-linux-gnu" / "nvidia" / "current"
    folder.mkdir(parents=True)
    for file in ("libGLX_nvidia.so.535.183.01", "libGLX_nvidia.so.0", "libnvidia-ml.so.535.183.01"):
        (folder / file).touch()
    shell = shutil.which("dash") or "/bin/sh"
    done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if not line.startswith("module")] == ["library 535.183.01", "end"]


def test_vulkan_is_that_of_the_cards_and_not_of_the_processor_or_the_loader() -> None:
    assert vulkan(Reply(0, SUMMARY, "")) == {"gpu.vulkan": "1.3.242"}
    second = SUMMARY.replace("TYPE_CPU", "TYPE_INTEGRATED_GPU")
    assert str(vulkan(Reply(0, second, ""))["gpu.vulkan"]).startswith("the 2 cards differ in it")
    drawn = SUMMARY.replace("TYPE_DISCRETE_GPU", "TYPE_CPU").replace("NVIDIA T1000", "llvmpipe (LLVM 15)")
    with pytest.raises(UnreadableError, match=r"the processor draws \(llvmpipe\) and no graphics card"):
        vulkan(Reply(0, drawn, ""))


@pytest.mark.parametrize(
    ("code", "text", "errors", "why"),
    [
        (1, "", "ERROR: [Loader Message] Code 0 : vkCreateInstance: Found no drivers!", "no driver for Vulkan"),
        (127, "", "sh: 1: vulkaninfo: not found", "vulkaninfo: not found"),
        (0, SUMMARY.partition("GPU0")[0], "", "vulkaninfo lists no device"),
        (0, SUMMARY.replace("\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU\n", ""), "", "lists no device"),
        (0, SUMMARY.replace("1.3.242", "many"), "", "states no version"),
    ],
)
def test_a_vulkan_that_cannot_be_told(code: int, text: str, errors: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        vulkan(Reply(code, text, errors))


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_text_is_read_or_unread(text: str, errors: str) -> None:
    for one in (halves, opengl, vulkan):
        try:
            one(Reply(0, text, errors))
        except UnreadableError:
            continue
