"""The verbs `validate`, `schema` and `init`, as a person runs them in an empty project folder."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from builder.cli import init, schema, validate
from builder.errors import BadInput
from builder.load import LoadErrors
from builder.load.place import find_site
from builder.load.schema import schema_text
from builder.workflows.validate import read_checked_site
from tests.unit.bad_files import FOLDER, TODAY
from tests.unit.site_parts import hospital_data

app = typer.Typer()
for verb in (init.init, schema.schema, validate.validate):
    app.command()(verb)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_beside(*words: str) -> str:
    """Standard error of a command that ends in a fault it tells itself."""
    return CliRunner().invoke(app, list(words)).stderr


def written(data: dict[str, Any]) -> None:
    """The site file of the project."""
    file = Path("inventory/st-brigid/site.yml")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def run(*words: str) -> tuple[int, list[str]]:
    """Exit code and lines of standard output. Raises BadInput as `main` would get it."""
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, BadInput):
        raise result.exception
    return result.exit_code, result.stdout.splitlines()


def test_a_new_site_validates_without_its_secrets_and_says_so() -> None:
    code, lines = run("init", "elm-park")
    assert code == 0
    assert lines[:2] == ["written  inventory/elm-park/site.yml", "written  schema/site.json"]
    code, lines = run("validate")
    assert code == 0
    assert lines[-2] == "inventory/elm-park/site.yml: site elm-park, 1 host, 2 peers, 4 routes, 1 network, 1 window"
    assert lines[-1].startswith("note: the vault .pacsmith/elm-park/secrets.yml does not exist yet: its 5 secrets")
    assert "pacsmith secrets generate --site elm-park" in lines[-1]
    assert any(": sheet of orthanc " in line for line in lines)


@pytest.mark.parametrize(
    ("folder", "named"), [("inventory/abbey", "abbey"), ("elsewhere/here", "elsewhere/here/site.yml")]
)
def test_a_hint_names_the_site_as_it_is_found_and_not_as_it_is_called(folder: str, named: str) -> None:
    run("init", "elm-park")
    Path(folder).parent.mkdir(exist_ok=True)
    Path("inventory/elm-park").rename(folder)
    _, lines = run("validate", "--site", named)
    assert lines[-1].endswith(f"for a new site make them with: pacsmith secrets generate --site {named}")
    assert find_site(named) == Path(folder, "site.yml")


def test_a_build_needs_the_secrets_that_validate_only_notes() -> None:
    run("init", "elm-park")
    with pytest.raises(LoadErrors) as caught:
        read_checked_site(Path("inventory/elm-park/site.yml"), today=TODAY)
    said = str(caught.value)
    assert said.startswith("inventory/elm-park/site.yml:")
    assert "the vault file is missing" in said
    assert len(caught.value.problems) == 1


def test_a_vault_that_is_there_and_does_not_open_is_a_problem() -> None:
    run("init", "elm-park")
    vault = Path(".pacsmith/elm-park/secrets.yml")
    vault.parent.mkdir(parents=True)
    vault.write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n", encoding="utf-8")
    code, lines = run("validate", "elm-park")
    assert code == 2
    assert len(lines) == 1
    assert "the vault password file is missing" in lines[0]
    code, lines = run("validate", "elm-park", "--no-secrets")
    assert code == 0
    assert lines[-1] == "note: whether the secrets can be read was not asked"


def test_problems_of_sheets_and_site_come_together() -> None:
    bad = (FOLDER / "site" / "address-taken.yml").read_text(encoding="utf-8")
    Path("site.yml").write_text(bad.replace("10.9.0.0/24", "10.9.0.3/24"), encoding="utf-8")
    Path("specs").mkdir()
    Path("specs/own.yml").write_text("machine: archive\n", encoding="utf-8")
    code, lines = run("validate", "site.yml")
    assert code == 2
    assert [line.split(":")[0] for line in lines] == ["site.yml", "specs/own.yml", "specs/own.yml", "specs/own.yml"]


def test_a_broken_sheet_does_not_make_hosts_lack_theirs() -> None:
    run("init", "elm-park")
    Path("specs").mkdir()
    Path("specs/own.yml").write_text("[", encoding="utf-8")
    code, lines = run("validate", "elm-park")
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith("specs/own.yml:")


def test_problems_as_json() -> None:
    file = FOLDER / "site" / "network-with-host-bits.yml"
    code, lines = run("validate", str(file), "--json")
    answer = json.loads("\n".join(lines))
    assert code == 2
    assert answer["read"] == []
    assert answer["problems"] == [
        {
            "file": str(file),
            "line": 10,
            "column": 30,
            "path": "networks[0].address",
            "what": "'10.9.0.5/24' is an address inside a network, not a network",
            "remedy": "write 10.9.0.0/24",
        }
    ]


def test_what_was_read_as_json() -> None:
    run("init", "elm-park")
    code, lines = run("validate", "--site", "elm-park", "--json")
    answer = json.loads("\n".join(lines))
    assert code == 0
    assert answer["problems"] == []
    assert answer["read"][-1]["hosts"] == 1
    assert len(answer["notes"]) == 1


def test_the_sheets_alone_need_no_site() -> None:
    code, lines = run("validate", "--sheets")
    assert code == 0
    assert len(lines) >= 2
    assert all(": sheet of " in line for line in lines)


def test_a_site_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="begin one with: pacsmith init NAME"):
        run("validate")
    code, lines = run("validate", "absent.yml")
    assert (code, lines) == (2, ["absent.yml:1:1: there is no such file; check the name"])


def test_init_overwrites_nothing() -> None:
    run("init", "elm-park", "--folder", "project")
    site = Path("project/inventory/elm-park/site.yml")
    site.write_text("mine", encoding="utf-8")
    Path("project/schema/site.json").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match=r"site\.yml exists already; edit it, or choose another name"):
        run("init", "elm-park", "--folder", "project")
    _, lines = run("init", "oak", "--folder", "project")
    assert lines[0] == "written  project/inventory/oak/site.yml"
    assert lines[1].startswith("Change it")
    assert site.read_text(encoding="utf-8") == "mine"
    assert Path("project/schema/site.json").read_text(encoding="utf-8") == "mine"


def test_init_where_nothing_can_be_written() -> None:
    Path("taken").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be written"):
        run("init", "elm", "--folder", "taken")


@pytest.mark.parametrize("kind", ["site", "sheet", "depot"])
def test_a_schema_is_printed(kind: str) -> None:
    code, lines = run("schema", kind)
    assert code == 0
    assert "\n".join(lines) + "\n" == schema_text(kind)
    assert json.loads(schema_text(kind))["additionalProperties"] is False


def test_all_schemas_are_written_to_a_folder() -> None:
    assert run("schema", "--out", "a/b") == (0, [f"written  a/b/{kind}.json" for kind in ("site", "sheet", "depot")])
    assert Path("a/b/sheet.json").read_text(encoding="utf-8") == schema_text("sheet")
    with pytest.raises(BadInput, match="one schema can be printed at a time"):
        run("schema")
    with pytest.raises(BadInput, match="cannot be written"):
        run("schema", "--out", "a/b/site.json/x")


def test_what_a_role_cannot_build_is_a_problem_of_each_host_with_its_line() -> None:
    data = hospital_data()
    station = next(host for host in data["hosts"] if host["class"] == "workstation")
    other = {**copy.deepcopy(station), "name": "read03", "address": "10.78.0.33"}
    other["ae"]["title"] = "BRIGID_READ3"
    other["workstation"]["depth"] = 30
    for place, display in enumerate(other["workstation"]["displays"]):
        display["serial"] = f"SYN{place}"
    station["os"] = "debian-13"
    data["hosts"].append(other)
    data["routes"].append({"from": "read03", "to": "archive01", "may": ["find", "move"]})
    data["routes"].append({"from": "archive01", "to": "read03", "may": ["store"]})
    written(data)
    code, lines = run("validate", "--no-secrets")
    assert code == 2
    told = [line.partition("site.yml:")[2].split(": ", 1) for line in lines]
    assert [place.partition(":")[0].isdecimal() for place, _ in told] == [True, True]
    assert told[0][1].startswith("hosts[1]: role workstation builds Debian 12")
    assert told[1][1].startswith("hosts[3]: role workstation")
    assert told[0][0] != told[1][0]


def test_a_viewer_that_the_depot_does_not_describe_is_a_problem_at_its_version() -> None:
    data = hospital_data()
    data["hosts"][0]["archive"]["viewer"]["version"] = "3.12.9"
    written(data)
    code, lines = run("validate", "--no-secrets")
    assert code == 2
    assert len(lines) == 1
    assert "hosts[0].archive.viewer.version: archive01 wants ohif 3.12.9, which the depot's manifest" in lines[0]
    assert "it has ohif 3.12.10: write that in the site file" in lines[0]
    Path("specs").mkdir()
    own = {"name": "ohif", "version": "3.12.9", "title": "Viewer", "file": "ohif.tgz", "licence": "MIT"}
    manifest = {"artefacts": [{**own, "sha256": "a" * 64, "npm": "@ohif/app"}]}
    Path("specs/depot.yml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    assert run("validate", "--no-secrets")[0] == 0


def test_problems_of_the_rules_and_of_the_roles_come_together() -> None:
    data = hospital_data()
    data["hosts"][0]["archive"]["viewer"]["version"] = "3.12.9"
    data["hosts"][1]["workstation"]["depth"] = 30
    data["hosts"][2]["address"] = data["hosts"][0]["address"]
    written(data)
    code, lines = run("validate", "--no-secrets")
    assert code == 2
    for line, words in zip(lines, ("ohif 3.12.9", "draws images at depth 24", "is taken by"), strict=True):
        assert words in line
    assert said_beside("validate", "--no-secrets").splitlines()[0] == "3 problems"


@pytest.mark.parametrize(
    ("field", "value", "unchecked"),
    [
        (("hosts", 1, "class"), "workstaton", "how hosts, products, routes and secrets fit together"),
        (("hosts", 1, "address"), "10.78.0.11", "whether the hosts named here can be built as they stand"),
        (("time", "zone"), "Nowhere/Town", ""),
    ],
)
def test_what_the_present_faults_keep_from_being_checked_is_said(
    field: tuple[str | int, ...], value: str, unchecked: str
) -> None:
    data: Any = hospital_data()
    place = data
    for step in field[:-1]:
        place = place[step]
    place[field[-1]] = value
    written(data)
    sentence = f"{unchecked} is checked once these are mended: run pacsmith validate again, more may follow"
    said = said_beside("validate", "--no-secrets").splitlines()
    assert said == ["1 problem", *([f"note: {sentence}"] if unchecked else [])]
    _, lines = run("validate", "--no-secrets", "--json")
    assert json.loads("\n".join(lines))["unchecked"] == (sentence if unchecked else None)


def test_a_broken_sheet_and_a_missing_site_say_what_else_there_is_to_check() -> None:
    written(hospital_data())
    Path("specs").mkdir()
    Path("specs/own.yml").write_text("[", encoding="utf-8")
    assert "note: what the hosts' products have to do with their sheets" in said_beside("validate", "--no-secrets")
    assert said_beside("validate", "absent.yml").splitlines() == ["2 problems"]


def test_titles_that_differ_in_case_alone_are_noted_and_not_refused() -> None:
    data = hospital_data()
    data["peers"][0]["ae"]["title"] = data["hosts"][0]["ae"]["title"].lower()
    written(data)
    code, lines = run("validate", "--no-secrets")
    assert code == 0
    assert lines[-1] == (
        "note: the AE titles BRIGID_ARC (archive01) and brigid_arc (ct01) differ in upper and lower case alone: DICOM "
        "and pacsmith's archives tell them apart, some devices do not; if one is a slip, correct it"
    )


def test_stations_of_a_site_without_any_archive_are_noted_and_not_refused() -> None:
    data = hospital_data()
    data["hosts"] = [host for host in data["hosts"] if host["class"] == "workstation"]
    data["routes"], data["peers"] = [], []
    written(data)
    code, lines = run("validate", "--no-secrets")
    assert code == 0
    assert lines[-1].startswith(
        "note: read02 has no archive to fetch from: it can be surveyed and burnt in, and will not"
    )


def test_a_workstation_is_told_the_routes_that_it_lacks() -> None:
    data = hospital_data()
    for route in data["routes"]:
        if route["from"] == "read02":
            route["may"] = ["echo", "find"]
    data["routes"] = [route for route in data["routes"] if route["to"] != "read02"]
    written(data)
    code, lines = run("validate", "--no-secrets")
    assert code == 2
    assert len(lines) == 1
    assert lines[0].endswith(
        "add the routes {from: read02, to: archive01, may: [move]} and "
        "{from: archive01, to: read02, may: [echo, store]}"
    )
