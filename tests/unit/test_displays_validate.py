"""`pacsmith validate` of a site with calibration reports beside it, and the rule on standards, with exact messages."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from builder.cli import assess, validate
from builder.errors import BadInput
from builder.inventory.rules import check_site
from builder.inventory.rules_displays import strangers
from builder.load import LoadErrors
from builder.workflows.validate import read_checked_site
from tests.unit.held_sample import CSV, LEFT, LOADED, RIGHT, SHEETS, TODAY, station_data
from tests.unit.site_parts import hospital_data, site_of

APP = typer.Typer()
APP.command()(validate.validate)
APP.command()(assess.assess)
PLAIN = {name: value for name, value in LEFT.items() if name not in ("standard", "class")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the example's site, whose first station has the left display; and its folder for reports."""
    monkeypatch.chdir(tmp_path)
    data = hospital_data()
    its = next(host for host in data["hosts"] if host["class"] == "workstation")
    its["workstation"]["displays"] = [LEFT]
    site = Path("inventory/st-brigid/site.yml")
    (site.parent / "calibration").mkdir(parents=True)
    site.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return site.parent / "calibration"


def lines(*words: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(APP, list(words))
    if isinstance(result.exception, BadInput):
        raise result.exception
    return result.exit_code, result.stdout.splitlines()


def test_a_report_of_a_display_of_the_site_is_read_and_not_noted(folder: Path) -> None:
    (folder / "left.csv").write_bytes(CSV.read_bytes())
    code, said = lines("validate", "--no-secrets")
    assert code == 0
    assert not [line for line in said if "calibration" in line]
    checked = read_checked_site(folder.parent / "site.yml", today=TODAY, secrets="unasked")
    assert [(one.file, one.sha256) for one in checked.reports] == [("calibration/left.csv", LOADED.sha256)]


def test_every_fault_of_every_report_comes_with_the_others(folder: Path) -> None:
    text = CSV.read_text(encoding="utf-8")
    (folder / "a.csv").write_text(text.replace("2026-09-14", "14.9.2026").replace("255,412.0", "255,bright"))
    (folder / "b.csv").write_text("")
    site = folder.parent / "site.yml"
    site.write_text(site.read_text(encoding="utf-8").replace("standard: ranzcr", "standard: ranzr"), encoding="utf-8")
    code, said = lines("validate", "--no-secrets")
    assert code == 2
    place = text[: text.index("2026-09-14")].count("\n") + 1, text[: text.index("255,412.0")].count("\n") + 1
    assert said[0] == (f'{folder}/a.csv:{place[0]}:13: measured on: "14.9.2026" is no day; write YYYY-MM-DD')
    assert said[1].startswith(f'{folder}/a.csv:{place[1]}:5: grey steps[17].luminance cd/m2: "bright" is no luminance;')
    assert said[2] == f"{folder}/b.csv:1:1: the file is empty; write a report as docs/calibration.md shows"
    assert said[3].endswith("there is no standard for displays called ranzr; did you mean ranzcr?")
    assert len(said) == 4


def test_a_report_is_told_of_when_the_site_file_itself_is_broken(folder: Path) -> None:
    (folder / "b.csv").write_text("")
    site = folder.parent / "site.yml"
    site.write_text("name: [", encoding="utf-8")
    with pytest.raises(LoadErrors) as caught:
        read_checked_site(site, today=TODAY, secrets="unasked")
    assert {problem.file.name for problem in caught.value.problems} == {"site.yml", "b.csv"}


def test_a_report_of_no_display_of_the_site_is_told(folder: Path) -> None:
    text = CSV.read_text(encoding="utf-8").replace("27700017", "27700071")
    (folder / "left.csv").write_text(text, encoding="utf-8")
    code, said = lines("validate", "--no-secrets")
    assert code == 0
    line = text[: text.index("27700071")].count("\n") + 1
    assert said[-1] == (
        f"note: {folder}/left.csv:{line}:16: ENC 2651, serial 27700071 is no display of this site, so that this "
        "calibration report counts for none; correct its numbers, or the display's in the site file"
    )


def test_a_report_of_the_future_and_two_of_one_day_are_faults(folder: Path) -> None:
    text = CSV.read_text(encoding="utf-8")
    (folder / "a.csv").write_text(text)
    (folder / "b.csv").write_text(text)
    (folder / "c.csv").write_text(text.replace("2026-09-14", "2126-09-14"))
    code, said = lines("validate", "--no-secrets")
    assert code == 2
    line = text[: text.index("2026-09-14")].count("\n") + 1
    assert said == [
        f"{folder}/b.csv:{line}:13: measured on: a.csv is a report of ENC 2651, serial 27700017 of the same day, and "
        "only one can count; remove one of the two files, or correct its day or its display",
        f"{folder}/c.csv:{line}:13: measured on: the report is of 2126-09-14, which is still to come; correct the day",
    ]


def test_what_a_report_leaves_open_is_noted_before_anybody_relies_on_it(folder: Path) -> None:
    text = CSV.read_text(encoding="utf-8")
    head = text[: text.index("driving level,lum")].count("\n") + 1
    (folder / "left.csv").write_text(text.replace("30,3.32", "30,5.734").replace("45,5.734", "45,3.32"))
    code, said = lines("validate", "--no-secrets")
    assert code == 0
    assert said[-1] == (
        f"note: {folder}/left.csv:{head}:1: not all can be told from this calibration report: level 45 (3.32 cd/m2) "
        "was not measured brighter than level 30 (5.734 cd/m2)"
    )
    (folder / "left.csv").write_text(text.replace("45,5.734\n", "").replace("2026-09-14", "2026-09-15"))
    (folder / "old.csv").write_text(text.replace("45,5.734\n", ""))  # an older one, which no longer counts
    code, said = lines("validate", "--no-secrets")
    told = [one for one in said if "not all can be told" in one]
    assert [one.rpartition(": ")[2] for one in told] == ["of the 18 evenly spaced levels 45 was not measured"]


def test_a_display_without_a_serial_number_in_the_site_file_may_be_any_of_its_make() -> None:
    site = site_of([station_data({name: value for name, value in LEFT.items() if name != "serial"})])
    other = LOADED.value.model_copy(update={"product": "2741"})
    nobody = LOADED.value.model_copy(update={"serial": None})
    assert strangers(site, [LOADED.value, other, nobody]) == (other, nobody)
    assert strangers(site_of([station_data()]), [LOADED.value]) == ()


def test_assess_takes_the_reports_beside_the_site_file(folder: Path) -> None:
    """And it says what is wrong with one."""
    site = yaml.safe_load((folder.parent / "site.yml").read_text(encoding="utf-8"))
    name = next(host["name"] for host in site["hosts"] if host["class"] == "workstation")
    Path("answers", name).mkdir(parents=True)
    Path("answers", name, "uname.txt").write_text("Linux 6.12.43+deb13-amd64 x86_64\n")
    (folder / "left.csv").write_bytes(CSV.read_bytes())
    code, said = lines("assess", "--host", name, "--recorded", "answers")
    assert code == 1  # the darkest grey is too dark
    text = "\n".join(said)
    assert "left-greys: Greatest deviation of a grey step from the GSDF: 3.44 %, as asked." in text
    assert "short               left-darkest: Minimum luminance" in text
    (folder / "left.csv").write_text("")
    with pytest.raises(BadInput, match="the file is empty"):
        lines("assess", "--host", name, "--recorded", "answers")


@pytest.mark.parametrize(
    ("display", "path", "said"),
    [
        (LEFT, None, None),
        (PLAIN, None, None),
        (LEFT | {"standard": "radics-acr", "class": None}, None, None),
        (LEFT | {"standard": "ranzr"}, "standard",
         "there is no standard for displays called ranzr; did you mean ranzcr?"),
        (LEFT | {"class": "diagnostics"}, "class", "ranzcr knows no class diagnostics; did you mean diagnostic?"),
        (LEFT | {"class": "xyz"}, "class", "ranzcr knows no class xyz; it has diagnostic, mammography"),
        (LEFT | {"class": None}, "standard",
         "left names no class of ranzcr; add `class:`, one of diagnostic, mammography"),
        (PLAIN | {"class": "diagnostic"}, "class",
         "left names the class diagnostic and no standard; add `standard:` (acr-aapm-siim, din-6868-157, din-6868-57, "
         "fda-mammography, racs-ddi, radics-acr, ranzcr, rcr, totoku-mqsa), or remove the class"),
    ],
)  # fmt: skip
def test_the_rule(display: dict[str, Any], path: str | None, said: str | None) -> None:
    found = check_site(site_of([station_data(display)]), SHEETS, today=date(2026, 11, 22))
    its = [one for one in found if one.rule == "displays_are_held_to_a_standard"]
    assert [f"{one.what}; {one.remedy}" for one in its] == ([said] if said else [])
    assert [one.path for one in its] == ([("hosts", 0, "workstation", "displays", 0, path)] if path else [])


def test_a_waiver_may_name_a_line_of_a_display() -> None:
    def said(requirement: str) -> list[str]:
        waiver = {"requirement": requirement, "reason": "so", "owner": "Ada", "until": "2027-01-31"}
        site = site_of([station_data(LEFT, RIGHT, waivers=[waiver])])
        found = check_site(site, SHEETS, today=date(2026, 11, 22))
        return [one.remedy for one in found if one.rule == "waivers_name_a_requirement"]

    assert said("left-darkest") == said("right-greys") == []
    assert said("left-darkness") == ["did you mean left-darkest?"]
    assert said("left-display")  # that it hangs there is not waived, but corrected
