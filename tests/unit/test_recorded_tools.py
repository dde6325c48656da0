"""What existing tools printed, and which facts come of it, value by value.

The files in recorded/ were written for these tests in the shape of real ones; beside each lies NAME.facts.yml with all
of its facts. A value stands as it is; {absent: true} and {unknown: why} are the other two answers of a fact.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS
from builder.survey.question import Question
from builder.survey.tools import TOOLS, facts_of, text_of

RECORDED = Path(__file__).parent / "recorded"
FOLDERS = ("dmidecode", "edid", "ip", "lsblk", "lscpu", "lspci", "nvidia-smi", "smartctl", "xrandr", "wmi")
FILES = sorted(
    file for folder in FOLDERS for file in (RECORDED / folder).iterdir() if not file.name.endswith(".facts.yml")
)


def tool_of(file: Path) -> Question:
    """The tool by its folder; a class of WMI by the end of the file's name."""
    return TOOLS[file.stem.rpartition("-")[2] if file.parent.name == "wmi" else file.parent.name]


def told(fact: Fact) -> Any:
    if fact.absent:
        return {"absent": True}
    if fact.error is not None:
        return {"unknown": fact.error}
    return fact.value if fact.note is None else {"note": fact.note, "value": fact.value}


def read(file: Path) -> dict[str, Fact]:
    return facts_of(tool_of(file), file.read_bytes())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_fact_of_a_recorded_output(file: Path) -> None:
    expected = yaml.safe_load(file.with_name(f"{file.name}.facts.yml").read_text(encoding="utf-8"))
    found = {name: told(fact) for name, fact in read(file).items()}
    assert found == expected
    # 1 == True and 433.0 == 433: the kinds must be the same as well
    assert {name: type(value) for name, value in found.items()} == {name: type(expected[name]) for name in found}


def test_every_fact_says_its_command_and_its_unit() -> None:
    server = read(RECORDED / "dmidecode" / "server.txt")
    assert {fact.command for fact in server.values()} == {"dmidecode"}
    assert server["memory.installed"].unit == "B"
    assert server["memory.slot.A1.speed"].unit == "MT/s"
    assert server["cpu.clock"].unit == "Hz"
    assert read(RECORDED / "nvidia-smi" / "quadro-p400.xml")["gpu.temperature"].unit == "°C"
    panel = read(RECORDED / "edid" / "made-up-rx360.bin")
    assert {panel[f"display.{name}"].unit for name in ("pitch", "width", "height")} == {BASE_UNITS["millimetres"]}
    assert (panel["display.megapixels"].unit, panel["display.depth"].unit) == ("MP", "bit")
    adapters = read(RECORDED / "wmi" / "station-MSFT_NetAdapter.wmi")
    assert adapters["network.speed"].unit == "bit/s"
    assert adapters["network.speed"].command.endswith(r"root\StandardCimv2 path MSFT_NetAdapter get /value")


def test_windows_and_linux_call_the_same_thing_by_the_same_name() -> None:
    linux = set(read(RECORDED / "dmidecode" / "server.txt"))
    windows = {name for file in FILES if file.parent.name == "wmi" for name in read(file)}
    shared = {"cpu.clock", "cpu.cores", "cpu.model", "cpu.sockets_used", "memory.installed", "memory.modules",
              "memory.parts", "memory.places", "memory.slots_used"}  # fmt: skip
    assert shared <= linux & windows


def test_the_same_display_in_bytes_in_text_and_on_a_connector_is_one() -> None:
    by_bytes, by_text = (read(RECORDED / "edid" / f"made-up-rx360.{end}") for end in ("bin", "txt"))
    on_x = read(RECORDED / "xrandr" / "verbose.txt")
    for name, fact in by_bytes.items():
        assert by_text[name].value == fact.value
        assert on_x[name.replace("display.", "displays.DP-0.")].value == fact.value


def test_a_card_has_one_name_in_lspci_and_in_nvidia_smi() -> None:
    text = (RECORDED / "nvidia-smi" / "quadro-p400.xml").read_text().replace("00000000:43:00.0", "00000000:01:00.0")
    cards = facts_of(TOOLS["nvidia-smi"], text.encode())
    bus = read(RECORDED / "lspci" / "station.txt")
    assert (cards["gpus.01-00-0.model"].value, bus["gpus.01-00-0.ids"].value) == ("Quadro P400", "10de:1cb3")


@pytest.mark.parametrize("name", sorted(TOOLS))
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", ""),
        (b"\n\n\n", ""),
        (b"sh: 1: tool: Permission denied\n", "ermission denied"),
        (b"/dev/mem: Permission denied\n", "ermission denied"),
        (b"\xff\xfe", ""),
        (b"\x00\x01\x02\x03", ""),
        ("\ufeffERROR:\r\nDescription = Access denied\r\n".encode("utf-16-le"), ""),
    ],
)
def test_without_an_answer_every_promise_says_why(name: str, content: bytes, why: str) -> None:
    facts = facts_of(TOOLS[name], content)
    assert set(facts) == set(TOOLS[name].promises)
    for fact in facts.values():
        assert fact.value is None
        assert fact.error
        assert why in fact.error, (fact.name, fact.error)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a=1\r\nb=2\r\n", "a=1\nb=2\n"),
        (b"a=1\r\r\n", "a=1\n"),
        (b"\xef\xbb\xbfa=\xc3\xa4\n", "a=ä\n"),
        (b"a=\xe4\n", "a=ä\n"),
        ("\ufeffa=ä\r\n".encode("utf-16-le"), "a=ä\n"),
        ("\ufeffa=ä\r\n".encode("utf-16-be"), "a=ä\n"),
        (bytes.fromhex("00ffffffffffff00"), "00ffffffffffff00"),
    ],
)
def test_a_recorded_file_is_text_however_it_was_written(content: bytes, text: str) -> None:
    assert text_of(content) == text
