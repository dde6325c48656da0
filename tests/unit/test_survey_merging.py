"""Several tools on one fact: whose word counts, and how a contradiction is told."""

import pytest

from builder.survey.merging import Told, merged
from builder.survey.question import ABSENT, NOT_RECORDED, NotAskedError, Noted, Said, UnreadableError

UNREAD = UnreadableError("Permission denied")
NOBODY = NotAskedError(NOT_RECORDED.errors)


def one(name: str, *said: tuple[str, Said]) -> tuple[Said, str]:
    """The fact `name` that tools state, and its command: each tool's is `run TOOL`."""
    found = merged([Told(tool, f"run {tool}", {name: value}) for tool, value in said])[name]
    return found.said, found.command


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("name", "believed", "other", "note"),
    [
        ("virtualisation", ("systemd-detect-virt", "lxc"), ("dmidecode", "kvm"), "dmidecode says kvm"),
        ("virtualisation", ("systemd-detect-virt", "none"), ("Win32_ComputerSystem", "vmware"),
         "Win32_ComputerSystem says vmware"),
        ("cpu.cores", ("lscpu", 8), ("dmidecode", 16), "dmidecode says 16 cores"),
        ("gpu.memory", ("nvidia-smi", 8 << 30), ("Win32_VideoController", 4 << 30),
         "Win32_VideoController says 4294967296 B"),
        ("gpu.ecc", ("nvidia-smi", True), ("other", ABSENT), "other says that there is none"),
        ("gpu.ecc", ("nvidia-smi", True), ("other", False), "other says no"),
    ],
)  # fmt: skip
def test_the_nearer_tool_is_believed_and_the_other_told(
    name: str, believed: tuple[str, Said], other: tuple[str, Said], note: str, turned: bool
) -> None:
    both = (other, believed) if turned else (believed, other)
    assert one(name, *both) == (Noted(believed[1], note), f"run {believed[0]}")  # type: ignore[arg-type]


def test_a_contradiction_that_nobody_decides_is_no_value() -> None:
    said, command = one("asset.model", ("dmidecode", "Precision 7820"), ("Win32_ComputerSystem", "OptiPlex 7090"))
    assert isinstance(said, UnreadableError)
    assert str(said) == (
        "dmidecode says Precision 7820 and Win32_ComputerSystem says OptiPlex 7090, and nobody says which is right"
    )
    assert command == "run dmidecode; run Win32_ComputerSystem"


def test_one_and_true_are_two_things() -> None:
    assert isinstance(one("gpu.ecc", ("a", 1), ("b", True))[0], UnreadableError)


@pytest.mark.parametrize("spelt", ["samsung ssd 980", "Samsung_SSD_980", "Samsung  SSD 980 "])
def test_the_same_name_in_other_letters_is_no_contradiction(spelt: str) -> None:
    assert one("drives.sda.model", ("lsblk", "Samsung SSD 980"), ("x", spelt)) == ("Samsung SSD 980", "run lsblk")


@pytest.mark.parametrize("gap", [UNREAD, NOBODY])
def test_a_value_stands_before_a_gap_whoever_is_believed(gap: Said) -> None:
    assert one("cpu.cores", ("lscpu", gap), ("dmidecode", 4)) == (4, "run dmidecode")
    assert one("memory.empty", ("dmidecode", ABSENT), ("Win32_PhysicalMemory", gap)) == (ABSENT, "run dmidecode")


def test_of_two_gaps_the_one_that_says_more_is_told() -> None:
    assert one("cpu.cores", ("lscpu", NOBODY), ("dmidecode", UNREAD)) == (UNREAD, "run dmidecode")
    assert one("cpu.cores", ("lscpu", UNREAD), ("dmidecode", NOBODY)) == (UNREAD, "run lscpu")


def test_a_note_of_its_own_is_kept() -> None:
    said, _ = one("gpu.driver", ("nvidia-smi", Noted("516.94", "of 2 cards")), ("x", "528.49"))
    assert said == Noted("516.94", "of 2 cards; x says 528.49")
