"""`pacsmith assess` on a project folder with recorded answers: forms, files, a planned product and exit codes."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builder.assess.overview import Overview
from builder.cli.main import app
from builder.errors import BadInput

RECORDED = Path(__file__).parent / "golden" / "survey" / "archive-debian-13.txt"
BIG = """product: {id: big-archive, name: Big Archive, versions: ">=3,<4"}
machine: archive
source: {title: Guide, address: example, revision: "3", read: 2026-11-21, trust: A}
requirements:
  - {id: memory, fact: memory.total, minimum: ">= 64 GiB", place: page 1}
"""


@pytest.fixture
def project(recorded_example: Path) -> Path:
    """The example site, the recorded answer of its archive, and a sheet of a product that is not installed."""
    (recorded_example / "specs" / "big-archive.yml").write_text(BIG)
    return recorded_example


def told(*words: str) -> Result:
    return CliRunner().invoke(app, ["assess", "--host", "archive01", "--recorded", "answers", *words])


def test_a_page_is_written_whole_where_it_is_asked_for(project: Path) -> None:
    done = told("--format", "html", "--out", "assessment.html")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "written: assessment.html\n"
    page = (project / "assessment.html").read_text(encoding="utf-8")
    assert "<h1>St Brigid&#39;s General Hospital</h1>" in page
    assert "The machine is not known to have less than is asked at least." in page


@pytest.mark.parametrize(
    ("name", "begin"), [("a.html", b"<!doctype"), ("a.csv", b"\xef\xbb\xbfsite"), ("a.json", b"{")]
)
def test_the_name_of_a_file_says_its_form(project: Path, name: str, begin: bytes) -> None:
    assert told("--out", name).exit_code == 0
    assert (project / name).read_bytes().startswith(begin)


def test_csv_and_json_go_to_standard_output(project: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(told("--format", "csv").stdout)))
    assert {row["product"] for row in rows} == {"orthanc", "class-archive"}
    text = told("--json").stdout
    assert text == told("--format", "json").stdout
    found = Overview.model_validate_json(text)
    assert [held.product for held in found.hosts[0].held] == ["orthanc", "class-archive"]
    assert len(rows) == sum(len(held.findings) for held in found.hosts[0].held)


def test_a_planned_product_that_the_host_is_too_small_for(project: Path) -> None:
    done = told("--plan-for", "big-archive@3.1", "--json")
    assert done.exit_code == 1
    data = json.loads(done.stdout)
    assert data["planned_for"] == "Big Archive >=3,<4"
    (item,) = data["shopping"]["buy"]
    assert (item["part"], item["needs"][0]["hosts"]) == ("Memory", ["archive01"])
    (want,) = item["needs"][0]["wants"]
    assert (want["change"], want["more"]) == ("at least 64 GiB (has 23.5 GiB)", "40.5 GiB")
    assert item["needs"][0]["lines"][0]["source"] == "Guide @ 3, page 1"


def test_a_file_for_a_spreadsheet_says_that_it_is_utf_8(project: Path) -> None:
    """Else an umlaut is read in the code page of the country; to standard output no mark is written."""
    assert told("--format", "csv", "--out", "a.csv").exit_code == 0
    data = (project / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfsite,day,host,")
    assert data.decode("utf-8-sig").replace("\r\n", "\n") == told("--format", "csv").stdout.replace("\r\n", "\n")


def test_one_host_of_which_nothing_is_recorded_is_told_and_the_others_are_assessed(project: Path) -> None:
    (project / "answers" / "Read-2").mkdir()
    done = CliRunner().invoke(app, ["assess", "--recorded", "answers", "--json"])
    assert done.exit_code == 3
    hosts = {row["host"]: row for row in json.loads(done.stdout)["hosts"]}
    assert hosts["archive01"]["held"]
    assert (hosts["read02"]["held"], hosts["ward01"]["held"]) == ([], [])
    assert hosts["read02"]["fault"] == (
        "answers: nothing is recorded of read02; it wants read02.txt (from pacsmith survey --record) or a folder "
        "read02 with one file a question or a tool; there is Read-2, rename it if that is the one"
    )
    assert "pacsmith: answers: nothing is recorded of ward01" in done.stderr
    assert "rename" not in hosts["ward01"]["fault"]
    (project / "answers" / "archive01.txt").unlink()
    none = CliRunner().invoke(app, ["assess", "--recorded", "answers"])
    assert isinstance(none.exception, BadInput)
    assert str(none.exception).startswith("answers: nothing is recorded of archive01; it wants archive01.txt")


def test_a_host_that_is_short_outweighs_one_that_was_not_read(project: Path) -> None:
    small = RECORDED.read_text().replace("MemTotal:       24684084 kB", "MemTotal:         684084 kB")
    (project / "answers" / "archive01.txt").write_text(small)
    assert CliRunner().invoke(app, ["assess", "--recorded", "answers"]).exit_code == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--json", "--format", "csv"], "--json and --format csv: these are two forms; name one"),
        (["--out", "x.pdf"],
         "--out x.pdf: a file wants --format html, csv or json, or a name that ends in one of them"),
        (["--plan-for", "big-archve"],
         "--plan-for big-archve: there is no sheet of big-archve; did you mean big-archive?"),
        (["--plan-for", "big-archive@4"],
         '--plan-for big-archive@4: no sheet covers this version; those of big-archive cover ">=3,<4"'),
        (["--plan-for", "weasis@4.6"],
         "--plan-for weasis@4.6: it is for a workstation, and none of the hosts that are selected is one"),
        (["--format", "csv", "--out", "answers"],
         "answers: cannot be written (Is a directory); choose another file with --out"),
    ],
)  # fmt: skip
def test_what_is_refused(project: Path, words: list[str], sentence: str) -> None:
    done = told(*words)
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == sentence
