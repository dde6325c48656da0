"""Calibration reports as files: what a good one says, what is wrong with a bad one, and that no file is read wrongly.

PACSMITH_REWRITE_GOLDEN=1 writes the messages of the bad files anew.
"""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.load import LoadErrors
from builder.load.calibration import FOLDER, load_calibration, load_calibrations
from builder.models.calibration import Calibration, GreyStep, Spot

HERE = Path(__file__).parent
GOOD = HERE / "recorded" / "calibration" / "made-up.csv"
TEXT = GOOD.read_text(encoding="utf-8")
BAD = sorted((HERE / "bad" / "calibration").glob("*.csv"))

fuzz = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, text: str | bytes) -> Calibration:
    file = folder / "report.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return load_calibration(file).value


def said(folder: Path, text: str | bytes) -> list[str]:
    """Every problem of a report, without the folder; none when it is good."""
    try:
        read(folder, text)
    except LoadErrors as faults:
        return [str(problem).removeprefix(f"{folder}/") for problem in faults.problems]
    return []


def test_the_sample_says_what_stands_in_it() -> None:
    loaded = load_calibration(GOOD)
    report = loaded.value
    assert (report.maker, report.product, report.serial) == ("ENC", "2651", "27700017")
    assert report.display == "ENC 2651, serial 27700017"
    assert report.measured_on == date(2026, 9, 14)
    assert report.instrument == "Example LM-1, serial 1001"
    assert (report.ambient, report.ambient_included, report.highest_level) == (0.28, False, 255)
    assert [step.level for step in report.steps] == [15 * number for number in range(18)]
    assert report.steps[0] == GreyStep(level=0, luminance=0.62)
    assert report.steps[-1] == GreyStep(level=255, luminance=412.0)
    assert len(report.spots) == 10
    assert report.spots[8] == Spot(position="bottom-left", level=204, luminance=161.4)
    assert loaded.position(("grey steps", 0, "luminance cd/m2")) == (12, 3)
    assert len(loaded.sha256) == 64


def as_german(text: str) -> str:
    """What a spreadsheet set to German saves: semicolons, decimal commas, quotes where a cell holds a semicolon."""
    lines = []
    for line in text.splitlines():
        if line.startswith(("#", "instrument")):
            lines.append(line.replace('instrument,"Example LM-1, serial 1001"', "instrument;Example LM-1, serial 1001"))
        else:
            lines.append(line.replace(",", ";").replace(".", ","))
    return "\n".join(lines)


@pytest.mark.parametrize(
    "same",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.rstrip("\n"),
        lambda text: "\n".join(line + ",,," for line in text.splitlines()),
        lambda text: text.replace("display maker,ENC", '"display maker","ENC"').replace("\n90,", '\n"90",'),
        lambda text: text.replace(",", " , ").replace("LM-1 ,  serial", "LM-1, serial"),
        lambda text: text.replace("display maker", "Display  Maker").replace("driving level", "Driving level"),
        lambda text: text.replace("cd/m2", "cd/m\u00b2"),
        lambda text: text.replace("luminances,no", "luminances,No"),
        lambda text: text.replace("# Nobody", '"# Nobody') + '"# a comment, that a spreadsheet put into quotes"\n',
        as_german,
    ],
    ids=["byte order mark", "Windows", "old Mac", "no last line end", "empty cells", "quotes", "spaces", "capitals",
         "raised two", "No", "comments", "German"],
)  # fmt: skip
def test_the_same_report_as_other_programs_write_it(tmp_path: Path, same: Callable[[str], str]) -> None:
    assert same(TEXT) != TEXT
    assert read(tmp_path, same(TEXT)) == load_calibration(GOOD).value


def test_rows_may_come_in_any_order_and_tables_may_be_left_out(tmp_path: Path) -> None:
    fields = TEXT.partition("\n\n")[0]
    assert read(tmp_path, fields).steps == ()
    turned = fields + "\n\ndriving level,luminance cd/m2\n255,400\n0,0.5\n"
    assert [step.level for step in read(tmp_path, turned).steps] == [255, 0]


def test_an_ambient_light_that_nobody_measured_is_left_empty(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT.replace("m2,0.28", "m2,")).ambient is None
    assert said(tmp_path, TEXT.replace("ambient luminance cd/m2,0.28\n", "")) == [
        "report.csv:1:1: ambient luminance cd/m2: is missing; add the field ambient luminance cd/m2 (the room's light "
        "on the dark screen; left empty when not measured)"
    ]


def test_a_report_is_of_one_display() -> None:
    report = load_calibration(GOOD).value
    assert report.of("ENC", "2651", "27700017")
    assert not report.of("ENC", "2651", "27700018")
    assert not report.of("ENC", "2741", "27700017")
    assert not report.of("ENC", "2651", None)
    assert not report.model_copy(update={"serial": None}).of("ENC", "2651", None)


def test_the_reports_of_a_site_lie_beside_its_file(tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    assert load_calibrations(site) == ()
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "b.csv").write_text(TEXT)
    (folder / "a.csv").write_text(TEXT.replace("27700017", "27700018"))
    (folder / "notes.txt").write_text("not a report")
    assert [one.value.serial for one in load_calibrations(site)] == ["27700018", "27700017"]
    (folder / "c.csv").write_text(TEXT.replace("255,412.0", "255,bright"))
    (folder / "d.csv").write_text("")
    with pytest.raises(LoadErrors) as caught:
        load_calibrations(site)
    assert [problem.file.name for problem in caught.value.problems] == ["c.csv", "d.csv"]


def test_there_are_enough_bad_files() -> None:
    assert len(BAD) >= 40
    assert {file.stem for file in BAD} == {file.stem for file in BAD[0].parent.glob("*.txt")}


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    with pytest.raises(LoadErrors) as caught:
        load_calibration(Path(file.name))
    text = "".join(f"{problem}\n" for problem in caught.value.problems)
    golden = file.with_suffix(".txt")
    if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    for file, sentence in (
        (tmp_path, "this is a folder; name a calibration report (CSV)"),
        (tmp_path / "x.csv", "there is no such file; check the name"),
    ):
        with pytest.raises(LoadErrors) as caught:
            load_calibration(file)
        assert str(caught.value) == f"{file}:1:1: {sentence}"


def test_a_file_of_very_many_lines_is_refused_at_once(tmp_path: Path) -> None:
    assert said(tmp_path, TEXT + "0,1\n" * 10_000) == [
        "report.csv:10001:1: the file has more than 10000 lines; name a calibration report, which has some dozens"
    ]


def _plain(problems: list[str]) -> None:
    for problem in problems:
        assert problem.isprintable()
        assert "pydantic" not in problem
        assert "; " in problem


@pytest.mark.parametrize("length", range(0, len(TEXT), 7))
def test_a_report_that_was_cut_off_is_refused_or_says_less_but_nothing_else(tmp_path: Path, length: int) -> None:
    """A cut inside the last number of a table makes another number of it: nobody can see that in a file alone, and it
    is why levels are missing then, and the assessment cannot be told."""
    whole = load_calibration(GOOD).value
    try:
        cut = read(tmp_path, TEXT[:length])
    except LoadErrors as faults:
        _plain([str(problem) for problem in faults.problems])
        return
    assert cut.steps[:-1] == whole.steps[: len(cut.steps)][:-1]
    assert cut.spots[:-1] == whole.spots[: len(cut.spots)][:-1]
    assert len(cut.steps) < 18 or len(cut.spots) < 10 or length > len(TEXT) - 7


@fuzz
@given(content=st.binary(max_size=300))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    problems = said(tmp_path, content)
    assert problems
    _plain(problems)


@fuzz
@given(data=st.data())
def test_a_piece_cut_out_or_put_in(tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    length = data.draw(st.integers(0, 40))
    piece = data.draw(st.text(alphabet='09.,;"\n\t #-eE\u00b2x', max_size=6))
    _plain(said(tmp_path, TEXT[:start] + piece + TEXT[start + length :]))


@fuzz
@given(data=st.data())
def test_a_cell_replaced_is_refused_or_read_as_it_stands(tmp_path: Path, data: st.DataObject) -> None:
    """No luminance is ever another number than the one that a person sees."""
    row = data.draw(st.integers(0, 17))
    seen = data.draw(st.one_of(st.from_regex(r"[0-9]{0,4}[.,]?[0-9]{0,4}", fullmatch=True), st.text(max_size=8)))
    lines = TEXT.splitlines()
    level = lines[11 + row].partition(",")[0]
    lines[11 + row] = f"{level},{seen}"
    try:
        report = read(tmp_path, "\n".join(lines))
    except LoadErrors as faults:
        _plain([str(problem) for problem in faults.problems])
        return
    if len(report.steps) == 18:
        assert report.steps[row].luminance == float(seen.strip(' ",').replace(" ", ""))
