"""The lab stops no host under somebody's work."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from builder.cli import lab as lab_command
from builder.errors import EXIT_LOCKED, Locked
from builder.lab.lab import Lab
from builder.ledger import Lock, ProcessIdentity, open_ledger
from builder.ledger.locking import take
from builder.models.site import Site
from tests.unit.report_sample import sample_run
from tests.unit.site_parts import example_data

SINCE = datetime(2026, 11, 21, 20, 58, tzinfo=UTC)
VERBS = (("snapshot", "clean"), ("restore", "clean"), ("down",))


class Quiet:
    """A lab that only notes that it was asked."""

    asked: list[str]

    def __init__(self, site: object) -> None:
        self.site = site

    def down(self, *_: object, **__: object) -> None:
        self.asked.append("down")

    def snapshot(self, *_: object) -> None:
        self.asked.append("snapshot")

    def restore(self, *_: object) -> None:
        self.asked.append("restore")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The example site's project folder; what reached its lab."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory/st-brigid").mkdir(parents=True)
    (tmp_path / "inventory/st-brigid/site.yml").write_text(yaml.safe_dump(example_data(), sort_keys=False))
    monkeypatch.setattr(lab_command, "Lab", Quiet)
    monkeypatch.setattr(Quiet, "asked", [], raising=False)
    return Quiet.asked


def locked(scope: str, **changes: object) -> None:
    process = ProcessIdentity.of_this().model_copy(update=changes)
    with open_ledger("sqlite:///.pacsmith/st-brigid/ledger.db") as ledger:
        ledger.begin(sample_run("running").model_copy(update={"id": scope, "finished": None}))
        with ledger._database.write() as session:
            take(session, Lock(scope=scope, who="ines", why="build", run=scope, since=SINCE, process=process))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_refused_while_a_living_process_holds_the_site_or_a_host(verb: tuple[str, ...], asked: list[str]) -> None:
    locked("st-brigid/archive01")
    fault = CliRunner().invoke(lab_command.app, verb).exception
    assert isinstance(fault, Locked)
    assert fault.exit_code == EXIT_LOCKED
    assert str(fault).startswith(
        f"lab {verb[0]} would stop the hosts under ines, who since Sat 2026-11-21 20:58 GMT holds "
        "st-brigid/archive01 to "
    )
    assert f"pacsmith unlock archive01 --held-by ines@{os.uname().nodename} --why" in str(fault)
    assert asked == []


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_dead_process_and_another_site_do_not_count(verb: tuple[str, ...], asked: list[str]) -> None:
    locked("st-brigid/archive01", started=1)
    locked("st-brigid-2")
    assert CliRunner().invoke(lab_command.app, verb).exit_code == 0
    assert asked == [verb[0]]


def test_without_a_ledger_nothing_is_asked_and_none_is_made(asked: list[str]) -> None:
    assert CliRunner().invoke(lab_command.app, ["down"]).exit_code == 0
    assert asked == ["down"]
    assert not Path(".pacsmith").exists()


def test_a_ledger_that_cannot_be_asked_does_not_keep_the_lab_up(asked: list[str]) -> None:
    Path(".pacsmith/st-brigid").mkdir(parents=True)
    Path(".pacsmith/st-brigid/ledger.db").write_text("no database " * 100)
    done = CliRunner().invoke(lab_command.app, ["down"])
    assert asked == ["down"]
    assert "whether somebody is at work on the lab's hosts is not known" in done.output


def test_a_lab_that_is_not_there_or_anothers_plays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what runs here for this project folder has no hours: everything else may be the hospital."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACSMITH_LAB_DIR", str(tmp_path / "labs"))
    lab = Lab(Site.model_validate(example_data()))
    assert lab.playing() == frozenset()
    lab.layout.folder.mkdir(parents=True)
    for project in (tmp_path, tmp_path.parent):  # ours, all down; and another's, whose folder is still there
        lab.layout.owner.write_text(json.dumps({"project": str(project)}))
        assert lab.playing() == frozenset()
    lab.layout.owner.write_text("torn")
    assert lab.playing() == frozenset()
