"""`pacsmith lab ssh`: at once a sentence for a host that is not running, and no question where that cannot be seen."""

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from builder.cli import lab as lab_command
from builder.errors import Unreachable
from builder.lab import containers
from builder.lab.layout import Layout
from tests.unit.site_parts import example_data


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The example's project folder and root's lab of it, all down; the programs that took the command's place."""
    programs: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACSMITH_LAB_DIR", str(tmp_path / "labs"))
    monkeypatch.setenv("PACSMITH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "execvp", lambda program, _: programs.append(program))
    (tmp_path / "inventory/st-brigid").mkdir(parents=True)
    (tmp_path / "inventory/st-brigid/site.yml").write_text(yaml.safe_dump(example_data(), sort_keys=False))
    layout = Layout.of("st-brigid")
    layout.folder.mkdir(parents=True)
    layout.owner.write_text(json.dumps({"project": str(tmp_path)}))
    return programs


def ssh(*words: str) -> Result:
    return CliRunner().invoke(lab_command.app, ["ssh", "archive01", *words])


def test_a_host_that_is_not_running_is_told_at_once(begun: list[str]) -> None:
    fault = ssh().exception
    assert isinstance(fault, Unreachable)
    assert str(fault) == "archive01 is not running; start it with: pacsmith lab up"
    assert fault.exit_code == 3
    assert str(ssh("--site", "st-brigid").exception).endswith("start it with: pacsmith lab up --site st-brigid")
    assert begun == []


def test_one_that_vagrant_plays_is_spoken_to(begun: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{Layout.of('st-brigid').container_prefix}archive01"
    monkeypatch.setattr(containers, "names", lambda _: (name,))
    monkeypatch.setattr(containers, "state", {name: "running"}.__getitem__)
    assert ssh().exit_code == 0
    assert begun == ["ssh"]


@pytest.mark.parametrize("why", ["not root", "another's lab", "vagrant by hand"])
def test_where_it_cannot_be_seen_ssh_itself_is_asked(
    begun: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "not root":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    elif why == "vagrant by hand":
        machine = tmp_path / ".vagrant/machines/archive01/libvirt"
        machine.mkdir(parents=True)
        (machine / "id").touch()
    else:
        Layout.of("st-brigid").owner.write_text(json.dumps({"project": str(tmp_path.parent)}))
    assert ssh().exit_code == 0
    assert begun == ["ssh"]
