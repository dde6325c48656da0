"""`pacsmith upgrade`, `rollback` and `approve` as far as they go without a host: what they refuse, in which words."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builder.cli.main import app
from builder.cli.upgrade import interrupted
from builder.errors import Locked, PacsmithError, Refused
from builder.lab.errors import LabBusy
from builder.lab.lock import locked
from builder.ledger import open_ledger
from builder.models.run import Run
from builder.models.upgrade import ChangeSet
from builder.workflows import rehearse
from builder.workflows.rehearsed import CHANGE_SET
from builder.workflows.session import now
from builder.workflows.upgrade_record import Phase, Record, Records

ROOT = Path(__file__).parents[2]
TO = ("debian-13", "orthanc=1.12.7", "postgresql=17")
SITES = ROOT / "tests/lab/sites"


def project(folder: Path, file: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with one site and its secrets."""
    monkeypatch.chdir(folder)
    site = folder / "inventory" / name / "site.yml"
    site.parent.mkdir(parents=True)
    shutil.copy(SITES / file, site)
    assert command("secrets", "generate").exit_code == 0
    return site


def command(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def refusal(*words: str) -> str:
    """The sentence of a refusal that is bad input."""
    done = command(*words)
    assert isinstance(done.exception, PacsmithError), done.output
    assert done.exception.exit_code == 2
    return str(done.exception)


def test_a_driver_outside_the_sheet_is_refused_with_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = project(tmp_path, "nvidia.yml", "site-nv", monkeypatch)
    before = site.read_bytes()
    (tmp_path / "specs").mkdir()
    sheet = (ROOT / "specs/aeskulap-0.2.yml").read_text()
    line = '  - {id: driver-tried, fact: gpu.driver, maximum: "< 550", place: section 4.2}\n'
    (tmp_path / "specs/aeskulap-0.2.yml").write_text(sheet + line)
    assert refusal("upgrade", "read1", "--to", "nvidia=580") == (
        "inventory/site-nv/site.yml:30:24: hosts[0].workstation.nvidia.branch: Aeskulap does not allow a driver of "
        "branch 580 (driver-tried: < 550); name a branch that it allows"
    )
    assert site.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["upgrade", "arc"],
            "upgrade: say either what to, as --to debian-13, or --resume to go on with one that was cut off",
        ),
        (["upgrade", "arx", "--to", "debian-13"], "arx: site old has no such host; it has arc"),
        (["upgrade", "workstation", "--to", "security"], "workstation: site old has no host of this class"),
        (["upgrade", "arc", "--resume"], "--resume: no upgrade of arc was cut off on this machine"),
        (
            ["rollback", "arc"],
            "rollback: arc has no upgrade from this machine that it could go back from; for one from another machine: "
            "pacsmith rollback arc --upgraded-elsewhere",
        ),
        (["approve", "arc", "3f9a"], "approve: 3f9a: give at least 8 characters of the change set's digest"),
    ],
)
def test_what_is_no_upgrade_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    assert refusal(*words) == sentence


def test_a_host_that_was_never_accepted_is_not_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    done = command("upgrade", "arc", "--to", "debian-13", "--to", "orthanc=1.12.7", "--to", "postgresql=17")
    assert "not accepted as the site file and the roles are now" in str(done.exception)
    assert "build it first: pacsmith build --host arc" in str(done.exception)


def test_who_has_planned_it_does_not_approve_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    monkeypatch.setenv("SUDO_USER", "ada")
    digest = "3f9a01c2" * 8
    (tmp_path / ".pacsmith/old").mkdir(parents=True, exist_ok=True)
    with open_ledger("sqlite:///.pacsmith/old/ledger.db") as ledger:
        ledger.begin(
            Run(
                id="1", verb="plan", site="old", hosts=("arc",), who="ada", started=now(), tool_version="1",
                inputs={CHANGE_SET: digest},
            )
        )  # fmt: skip
        ledger.finish("1", "done", None)
    assert refusal("approve", "arc", "aaaaaaaa").startswith("approve: nobody has planned an upgrade of arc")
    assert "ada has planned this (run 1); somebody else must approve it" in str(
        command("approve", "arc", digest[:8]).exception
    )
    monkeypatch.setenv("SUDO_USER", "grace")
    done = command("approve", "arc", digest[:8])
    assert done.exit_code == 0
    assert "grace approves of the change set 3f9a01c23f9a… of arc, planned by ada (run 1)" in done.output


def test_a_second_rehearsal_does_not_take_the_first_ones_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    monkeypatch.setattr(rehearse, "_PATIENCE", 0.0)
    with locked(tmp_path / ".pacsmith/old-rehearsal.lock", "a rehearsal", print):
        done = command("upgrade", "arc", *(word for to in TO for word in ("--to", to)), "--rehearse")
    assert isinstance(done.exception, LabBusy), done.output
    assert "a rehearsal of old: another pacsmith command" in str(done.exception)
    assert not (tmp_path / ".pacsmith/old-rehearsal").exists()


def cut_off(folder: Path, phase: Phase, run: str = "20261123T000000-aa") -> None:
    """An upgrade of arc that has come so far and no further."""
    text = (folder / "inventory/old/site.yml").read_text()
    changes = ChangeSet(changes=(), inputs={})
    record = Record(run=run, host="arc", phase=phase, changes=changes, before=text, after=text)
    Records(folder / ".pacsmith/old/upgrades").keep(record)


@pytest.mark.parametrize("words", [["build"], ["upgrade", "arc", "--to", "security", "--plan"]], ids=" ".join)
def test_nothing_is_done_to_a_host_between_two_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    cut_off(tmp_path, "changing")
    done = command(*words)
    assert isinstance(done.exception, Refused), done.output
    told = str(done.exception)
    assert "the upgrade of arc by run 20261123T000000-aa was cut off (changing). Its doors may be closed" in told
    assert "pacsmith upgrade arc --resume" in told
    assert "pacsmith rollback arc" in told


def test_a_way_back_that_was_begun_is_gone_on_with_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    cut_off(tmp_path, "going back")
    assert refusal("upgrade", "arc", "--resume") == (
        "--resume: arc is on its way back (going back); go on with that: pacsmith rollback arc"
    )


def test_a_copy_is_given_up_by_the_name_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    cut_off(tmp_path, "upgraded")
    assert refusal("rollback", "arc", "--give-up-the-way-back-of", "x") == (
        "--give-up-the-way-back-of x: arc keeps no way back of that run; it keeps 20261123T000000-aa"
    )


def test_behind_an_upgrade_whose_way_back_was_given_up_nothing_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older copy would bring the host to before both, and the site file to between them."""
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    cut_off(tmp_path, "upgraded", "20261101T000000-aa")
    cut_off(tmp_path, "kept", "20261102T000000-bb")
    told = refusal("rollback", "arc")
    assert "it was upgraded by run 20261102T000000-bb since, whose way back was given up" in told
    assert told.endswith("pacsmith rollback arc --give-up-the-way-back-of 20261101T000000-aa")


def test_while_another_run_changes_the_host_nobody_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    (tmp_path / ".pacsmith/old").mkdir(parents=True, exist_ok=True)
    with open_ledger("sqlite:///.pacsmith/old/ledger.db") as ledger:
        ledger.begin(
            Run(id="1", verb="upgrade", site="old", hosts=("arc",), who="ada", started=now(), tool_version="1")
        )
        with ledger.lock("old/arc", who="ada", why="upgrade", run="1"):
            for words in (["rollback", "arc"], ["upgrade", "arc", "--resume"]):
                done = command(*words)
                assert isinstance(done.exception, Locked), done.output
                assert "old/arc is locked by ada" in str(done.exception)


def test_who_interrupts_is_told_whether_the_doors_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "upgrade.yml", "old", monkeypatch)
    folder = tmp_path / ".pacsmith/old"
    assert interrupted(folder, "arc") == "interrupted: arc serves, and nothing of it is half changed"
    cut_off(tmp_path, "changing")
    assert interrupted(folder, "arc").startswith("interrupted (changing). Its doors may be closed")
    assert "--resume" in interrupted(folder, "arc")
    cut_off(tmp_path, "putting back")
    assert "--resume" not in interrupted(folder, "arc")
