"""Graphics cards: what `nvidia-smi -q -x` says of them, on what a sheet's lines then stand, and recorded answers.

The documents in recorded/nvidia-smi are short ones of our own in the shape of real ones, versions 10 to 13.
"""

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from builder.assess.applies import uses_of
from builder.assess.assessment import assess
from builder.cli.main import app
from builder.errors import BadInput
from builder.load.sheets import load_sheet, sheet_files
from builder.models.fact import Fact
from builder.models.site import Host, Site
from builder.survey import facts_from, recorded_answer
from builder.survey.graphics import cards
from builder.survey.graphics_driver import opengl
from builder.survey.question import ABSENT, Noted, Reply, UnreadableError
from tests.unit.site_parts import host as archive
from tests.unit.site_parts import site_of

RECORDED = Path(__file__).parent / "recorded" / "nvidia-smi"
SLICER = next(sheet for file in sheet_files() if (sheet := load_sheet(file).value).product.id == "slicer")
STATION: dict[str, Any] = {
    "name": "read1", "class": "workstation", "os": "debian-12", "product": {"id": "slicer", "version": "5.6.2"},
    "network": "imaging", "address": "10.9.1.1", "location": "Room 1", "ae": {"title": "READ1", "port": 11112},
    "workstation": {
        "uses": ["volume-rendering"],
        "displays": [{"name": "left", "maker": "EIZ", "product": "2334", "mode": "2048x1536", "primary": True}],
    },
}  # fmt: skip
FAILED = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA "
    "driver is installed and running.\n\n"
)


def log(name: str) -> str:
    return (RECORDED / f"{name}.xml").read_text()


def site() -> Site:
    return site_of([archive(1), STATION])


def station() -> Host:
    return next(one for one in site().hosts if one.name == "read1")


def two_cards(first: str, second: str) -> str:
    """One log with the cards of both."""
    more = re.findall(r"<gpu id=.*?</gpu>", log(second), re.DOTALL)[0].replace("<gpu id=", '<gpu id="x" was=', 1)
    text = log(first).replace("<attached_gpus>1<", "<attached_gpus>2<")
    return text.replace("</nvidia_smi_log>", f"{more}</nvidia_smi_log>")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "quadro-p400",
            {"gpu.model": "Quadro P400", "gpu.memory": 1998 * 2**20, "gpu.driver": "418.43", "gpu.ecc": ABSENT},
        ),
        ("quadro-p2000", {"gpu.model": "Quadro P2000", "gpu.memory": 5120 * 2**20, "gpu.architecture": "Pascal"}),
        ("rtx-4000-sff-ada", {"gpu.memory": 20475 * 2**20, "gpu.cuda": "13.2", "gpu.ecc": False, "gpu.count": 1}),
        (
            "a100-in-mig-mode",
            {"gpu.memory": Noted(80 * 2**30, "cut into 2 MIG instances of 4.75 GiB"), "gpu.ecc": True},
        ),
    ],
)
def test_what_a_card_says_of_itself(name: str, said: dict[str, object]) -> None:
    found = cards(Reply(0, log(name), ""))
    assert {fact: found[fact] for fact in said} == said


def test_two_cards_alike_speak_for_each_other_and_two_that_differ_do_not() -> None:
    twins = cards(Reply(0, two_cards("quadro-p2000", "quadro-p2000"), ""))
    assert twins["gpu.memory"] == Noted(5120 * 2**20, "each of 2 cards")
    assert twins["gpu.count"] == 2
    apart = cards(Reply(0, two_cards("quadro-p2000", "quadro-p400"), ""))
    assert str(apart["gpu.memory"]) == "the 2 cards differ in it, and nobody says which one counts"
    assert isinstance(apart["gpu.model"], UnreadableError)
    assert apart["gpu.driver"] == "525.125.06"
    assert apart["gpu.ecc"] is ABSENT


def test_a_card_that_does_not_answer_is_said() -> None:
    lost = cards(Reply(0, log("quadro-p2000").replace("<attached_gpus>1<", "<attached_gpus>2<"), ""))
    assert str(lost["gpu.count"]) == "2 cards are attached and 1 answers"
    assert lost["gpu.memory"] == Noted(5120 * 2**20, "of 2 cards 1 answers")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(127, "", "sh: 1: nvidia-smi: not found"), "nvidia-smi: not found"),
        (Reply(9, FAILED, ""), "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver"),
        (Reply(0, FAILED, ""), "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver"),
        (Reply(18, "Failed to initialize NVML: Driver/library version mismatch\n", ""), "Failed to initialize NVML"),
        (Reply(6, "No devices were found\n", ""), "No devices were found"),
        (Reply(124, "", ""), "the command did not end in time"),
        (Reply(0, "", ""), "nvidia-smi did not print a whole document"),
        (Reply(0, log("quadro-p2000")[:400], ""), "nvidia-smi did not print a whole document"),
        (Reply(3, log("quadro-p2000"), ""), "exit code 3"),
        (Reply(0, "<html><body>Log in</body></html>", ""), "nvidia-smi did not print its log"),
        (Reply(0, "<nvidia_smi_log></nvidia_smi_log>", ""), "nvidia-smi lists no card"),
        (Reply(0, '<!DOCTYPE a [<!ENTITY b "c">]><nvidia_smi_log/>', ""), "does not print entities"),
    ],
)
def test_without_a_whole_answer_nothing_is_known(reply: Reply, why: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        cards(reply)
    assert why in str(caught.value)


@given(st.integers(0, len(log("a100-in-mig-mode"))))
def test_a_log_cut_off_anywhere_gives_no_wrong_card(end: int) -> None:
    text = log("a100-in-mig-mode")[:end]
    try:
        assert cards(Reply(0, text, "")) == cards(Reply(0, log("a100-in-mig-mode"), ""))
    except UnreadableError:
        assert not text.rstrip().endswith("</nvidia_smi_log>")


@pytest.mark.parametrize("total", ["N/A", "[N/A]", "", "many MiB", "1998", "-1 MiB"])
def test_a_memory_that_is_no_amount_is_unread(total: str) -> None:
    said = cards(Reply(0, log("quadro-p400").replace("1998 MiB", total, 1), ""))
    assert isinstance(said["gpu.memory"], UnreadableError)
    assert said["gpu.model"] == "Quadro P400"


GLX = """name of display: :0
direct rendering: Yes
OpenGL vendor string: {vendor}
OpenGL renderer string: {renderer}
OpenGL core profile version string: {version}
OpenGL shading language version string: 4.60 NVIDIA
"""


def test_opengl_is_that_of_a_card_and_not_of_the_processor() -> None:
    card = GLX.format(vendor="NVIDIA Corporation", renderer="Quadro P400/PCIe/SSE2", version="4.6.0 NVIDIA 535.54.03")
    assert opengl(Reply(0, card, "")) == {"gpu.mesa": ABSENT, "gpu.opengl": "4.6.0"}
    old = card.replace("OpenGL core profile version", "OpenGL version").replace("4.6.0 ", "2.1 ")
    assert opengl(Reply(0, old, "")) == {"gpu.mesa": ABSENT, "gpu.opengl": "2.1"}
    drawn = GLX.format(
        vendor="Mesa", renderer="llvmpipe (LLVM 15.0.6, 256 bits)", version="4.5 (Core Profile) Mesa 22.3.6"
    )
    said = opengl(Reply(0, drawn, ""))
    assert said["gpu.mesa"] == "22.3.6"
    assert str(said["gpu.opengl"]) == "the processor draws (llvmpipe) and no graphics card"
    for nothing in ("", card.replace("4.6.0 NVIDIA", "NVIDIA"), card.replace("renderer string", "renderer")):
        with pytest.raises(UnreadableError):
            opengl(Reply(0, nothing, ""))


def folder_with(folder: Path, text: str) -> Path:
    (folder / "answers" / "read1").mkdir(parents=True)
    (folder / "answers" / "read1" / "graphics.xml").write_text(text)
    return folder / "answers"


def facts_of(folder: Path, text: str) -> dict[str, Fact]:
    return facts_from(recorded_answer(folder_with(folder, text), station()), station())


@pytest.mark.parametrize(
    ("text", "verdict", "sentence"),
    [
        (log("quadro-p400"), "short", "Graphics memory: 1.95 GiB; asked is > 4 GiB."),
        (log("quadro-p2000"), "met", "Graphics memory: 5 GiB, as asked."),
        (log("rtx-4000-sff-ada"), "met", "Graphics memory: 20 GiB, as asked."),
        (
            log("a100-in-mig-mode"),
            "met",
            "Graphics memory: 80 GiB (cut into 2 MIG instances of 4.75 GiB), as asked.",
        ),
        (
            two_cards("quadro-p2000", "quadro-p400"),
            "unknown",
            "Graphics memory: cannot be told, since the 2 cards differ in it, and nobody says which one counts.",
        ),
        (
            FAILED,
            "unknown",
            "Graphics memory: cannot be told, since NVIDIA-SMI has failed because it couldn't communicate with the "
            "NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
        ),
        (log("quadro-p2000")[:-20], "unknown", "Graphics memory: cannot be told, since nvidia-smi did not print a"),
    ],
)
def test_a_line_that_asks_for_graphics_memory(tmp_path: Path, text: str, verdict: str, sentence: str) -> None:
    found = assess(SLICER, facts_of(tmp_path, text), use=uses_of(station()), today=date(2026, 11, 22))
    memory = next(one for one in found if one.requirement == "volume-rendering-memory")
    assert memory.verdict == verdict
    assert memory.sentence.startswith(sentence)
    assert {one.verdict for one in found if one.requirement not in ("volume-rendering-memory",)} == {
        "unknown", "not applicable"
    }  # fmt: skip


def test_what_nobody_has_recorded_says_so(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, log("quadro-p400"))
    assert facts["memory.total"].error == "nobody has recorded it"
    assert facts["gpu.opengl"].error == "nobody has recorded it"
    assert facts["package.libc6"].error == "nobody has recorded it"


def test_a_recorded_file_must_answer_a_question(tmp_path: Path) -> None:
    (folder_with(tmp_path, "") / "read1" / "gpu.xml").write_text("")
    with pytest.raises(BadInput, match=r"gpu\.xml: no question is called gpu; there are clock-first, clock-kept, "):
        recorded_answer(tmp_path / "answers", station())
    (tmp_path / "read1.txt").write_text("Quadro P400\n")
    with pytest.raises(BadInput, match=r"read1\.txt: this is no recorded survey; pacsmith survey --record FOLDER"):
        recorded_answer(tmp_path, station())
    with pytest.raises(BadInput, match="nothing is recorded of read1"):
        recorded_answer(tmp_path / "nowhere", station())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with one reading station that no role of ours builds."""
    data = site().model_dump(mode="json", by_alias=True, exclude_none=True)
    (tmp_path / "inventory" / "elm").mkdir(parents=True)
    (tmp_path / "inventory" / "elm" / "site.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(*words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--host", "read1", "--recorded", "answers"])


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("quadro-p400", 1, "  short               {id}: Graphics memory: 1.95 GiB; asked is > 4 GiB."),
        ("quadro-p2000", 0, "  met (minimum)       {id}: Graphics memory: 5 GiB, as asked."),
        (None, 0, "  unknown             {id}: Graphics memory: cannot be told, since nvidia-smi: not found."),
    ],
)
def test_assess_prints_what_recorded_cards_come_to(project: Path, name: str | None, code: int, line: str) -> None:
    folder_with(project, log(name) if name else "nvidia-smi: not found\n")
    done = told("assess")
    assert done.exit_code == code, done.output
    begin = line.format(id="volume-rendering-memory")
    assert any(said.startswith(begin) for said in done.stdout.splitlines()), done.stdout
    assert "                      3D Slicer: getting started @ 017ba8f68807, Docs/user_guide/" in done.stdout


def test_survey_shows_recorded_answers_and_keeps_them_for_the_next_time(project: Path) -> None:
    folder_with(project, log("quadro-p2000"))
    done = told("survey", "--record", "kept")
    assert done.exit_code == 0, done.output
    assert re.search(r"^  gpu\.memory +5 GiB$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^  gpu\.opengl +\? nobody has recorded it$", done.stdout, re.MULTILINE)
    (project / "answers" / "read1" / "graphics.xml").unlink()
    (project / "kept").rename(project / "answers" / "all")
    again = CliRunner().invoke(app, ["survey", "--host", "read1", "--recorded", "answers/all", "--json"])
    assert json.loads(again.stdout)["read1"]["facts"]["gpu.driver"]["value"] == "525.125.06"


def test_a_host_of_a_site_is_read_from_files_of_tools_as_well(project: Path) -> None:
    """Files named after tools beside those named after questions, Windows's too: each by its rank."""
    folder = project / "answers" / "read1"
    folder.mkdir(parents=True)
    shutil.copy(RECORDED / "quadro-p2000.xml", folder / "nvidia-smi.xml")
    for name in ("station-Win32_ComputerSystem", "quadro-Win32_VideoController", "station-Win32_Processor"):
        shutil.copy(RECORDED.parent / "wmi" / f"{name}.wmi", folder)
    (folder / "os-release.txt").write_text("ID=debian\r\nVERSION_ID=12\r\n")
    done = told("survey", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)["read1"]["facts"]
    assert (said["gpu.memory"]["value"], said["gpu.memory"]["command"]) == (5 << 30, "nvidia-smi -q -x")
    assert said["gpu.driver"]["note"] == "Win32_VideoController says 528.49"
    assert (said["asset.model"]["value"], said["cpu.cores"]["value"]) == ("Precision 7820 Tower", 16)
    assert (said["virtualisation"]["value"], said["os.version"]["value"]) == ("none", "12")
    assert said["memory.slots"]["error"] == "nobody has recorded it"
    kept = CliRunner().invoke(app, ["survey", "--host", "read1", "--recorded", "answers", "--record", "kept"])
    again = CliRunner().invoke(app, ["survey", "--host", "read1", "--recorded", "kept", "--json"])
    assert kept.exit_code == 0, kept.output
    facts = json.loads(again.stdout)["read1"]["facts"]
    assert {name: fact["value"] for name, fact in facts.items()} == {name: fact["value"] for name, fact in said.items()}
    assessed = told("assess")
    assert any("Graphics memory: 5 GiB" in line for line in assessed.stdout.splitlines()), assessed.output
