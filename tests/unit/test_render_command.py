"""`pacsmith render`: writes, checks, removes what it once made, leaves a person's files alone, shows no secret."""

import json
import stat
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner, Result

from builder.cli.render import render
from builder.errors import BadInput
from builder.inventory import build_inventory
from builder.load import LoadErrors
from builder.render import render as render_site
from builder.render.files import carry_out, differences
from tests.unit.site_parts import example, example_data, with_roles

OUT = Path(".pacsmith/st-brigid/rendered")
SECRETS = {
    "archive_database": "Plum-Kestrel-4411",
    "web_reading_room": "Otter;Quartz%77",
    "site_ca_key": "Not-A-Key-9931",
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path)
    (tmp_path / "inventory" / "st-brigid").mkdir(parents=True)
    text = yaml.safe_dump(example_data(), sort_keys=False)
    (tmp_path / "inventory" / "st-brigid" / "site.yml").write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    app = Typer()
    app.command()(render)
    return CliRunner().invoke(app, list(arguments))


def test_it_writes_once_and_then_has_nothing_to_change() -> None:
    first = run()
    assert first.exit_code == 0, first.output
    assert first.output.count("written") == 7
    assert (OUT / "ansible" / "inventory.yml").is_file()
    again = run()
    assert (again.exit_code, again.output) == (0, f"nothing to change in {OUT}\n")


def test_check_says_what_is_missing_and_writes_nothing() -> None:
    checked = run("--check")
    assert checked.exit_code == 1
    assert f"--- /dev/null\n+++ {OUT}/hosts (rendered)\n" in checked.output
    assert not OUT.exists()


def test_check_shows_the_difference_of_a_changed_file() -> None:
    run()
    hosts = OUT / "hosts"
    hosts.write_text(hosts.read_text().replace("10.78.0.21", "10.78.0.99"))
    checked = run("--check")
    assert checked.exit_code == 1
    assert "-10.78.0.99\tct01.imaging.st-brigid.example ct01\n" in checked.output
    assert "+10.78.0.21\tct01.imaging.st-brigid.example ct01\n" in checked.output
    assert "10.78.0.99" in hosts.read_text()
    assert run().exit_code == 0
    assert run("--check").exit_code == 0


def test_a_file_that_is_no_longer_rendered_goes_and_a_persons_own_stays() -> None:
    run()
    old, own = OUT / "vagrant" / "old.yml", OUT / "notes.yml"
    old.parent.mkdir()
    first = (OUT / "hosts").read_text().splitlines()[0]
    old.write_text(f"{first}\nhosts: []\n")
    own.write_text("# mine\n" + f"{first}\n")
    other = OUT / "other-site"
    other.write_text(first.replace("st-brigid", "st-brigid-2") + "\n")
    checked = run("--check")
    assert checked.exit_code == 1
    assert "+++ /dev/null\n" in checked.output
    assert old.exists()
    assert f"removed  {old}" in run().output
    assert not old.exists()
    assert own.exists() and other.exists()


def test_it_writes_where_it_is_told_and_takes_the_site_by_name(tmp_path: Path) -> None:
    assert run("st-brigid", "--out", "elsewhere/deep").exit_code == 0
    assert (tmp_path / "elsewhere" / "deep" / "ssh_config").is_file()
    assert not OUT.exists()
    assert run("--site", "st-brigid", "--out", "elsewhere/deep", "--check").exit_code == 0


def test_json_lists_the_files() -> None:
    said = json.loads(run("--json", "--check").output)
    assert said["checked_only"] is True
    assert {row["state"] for row in said["changes"]} == {"missing"}
    assert len(said["changes"]) == 7


def test_rendered_files_are_for_everyone_to_read_and_nothing_else_is_left() -> None:
    run()
    files = [path for path in OUT.rglob("*") if path.is_file()]
    assert len(files) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o644}


def test_no_value_of_a_secret_is_rendered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = example_data()
    archive = data["hosts"][0]["archive"]
    monkeypatch.setenv("ARCHIVE_DB", SECRETS["archive_database"])
    archive["database_password"] = {"env": "ARCHIVE_DB"}
    (tmp_path / "secret.txt").write_text(SECRETS["web_reading_room"])
    archive["users"][0]["password"] = {"command": ["cat", "secret.txt"]}
    (tmp_path / "inventory" / "st-brigid" / "site.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    assert run().exit_code == 0
    texts = "".join(path.read_text() for path in OUT.rglob("*") if path.is_file())
    assert "ARCHIVE_DB" in texts  # the reference is there, so its value could have been
    for value in SECRETS.values():
        assert value not in texts


def test_rendering_needs_no_vault_and_makes_none() -> None:
    assert run().exit_code == 0
    assert sorted(path.name for path in OUT.parent.iterdir()) == ["rendered"]


def test_a_site_that_breaks_a_rule_is_not_rendered(tmp_path: Path) -> None:
    data = example_data()
    data["peers"][0]["address"] = "10.78.0.11"
    (tmp_path / "inventory" / "st-brigid" / "site.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    refused = run()
    assert isinstance(refused.exception, LoadErrors)
    assert "10.78.0.11" in str(refused.exception)
    assert not OUT.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "flat").write_text("a file, not a folder")
    site = example()
    wanted = render_site(site, build_inventory(site))
    with pytest.raises(
        BadInput, match=r"flat/ae-table\.csv: cannot be (read|written) \(.*\); mend that, or choose another folder"
    ):
        carry_out(differences(site, tmp_path / "flat", wanted))


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    before = (OUT / "hosts").read_text()
    (OUT / "hosts").write_text(before + "changed\n")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builder.durable.os.fsync", full)
    site = example()
    with pytest.raises(BadInput, match="No space left on device"):
        carry_out(differences(site, OUT, render_site(site, build_inventory(site))))
    assert (OUT / "hosts").read_text() == before + "changed\n"
    assert [path.name for path in OUT.rglob("*.part")] == []
