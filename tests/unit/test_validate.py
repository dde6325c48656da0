"""The verbs `validate`, `schema` and `init`, as a person runs them in an empty project folder."""

import copy
import json
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from builder.cli import init, schema, validate
from builder.errors import BadInput
from builder.load import LoadErrors
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
    file = Path("inventory/st-brigid/site.yml")
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    code, lines = run("validate", "--no-secrets")
    assert code == 2
    told = [line.partition("site.yml:")[2].split(": ", 1) for line in lines]
    assert [place.partition(":")[0].isdecimal() for place, _ in told] == [True, True]
    assert told[0][1].startswith("hosts[1]: role workstation builds Debian 12")
    assert told[1][1].startswith("hosts[3]: role workstation")
    assert told[0][0] != told[1][0]
