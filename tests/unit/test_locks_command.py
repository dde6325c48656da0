"""`pacsmith locks`, `lock` and `unlock` on a project folder with a ledger, and what `build` refuses to be told."""

import copy
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from builder.cli import locks as command_module
from builder.cli.build import build
from builder.errors import BadInput, Locked
from builder.lab.lab import Lab
from builder.ledger import Ledger, Lock, ProcessIdentity, open_ledger
from builder.ledger.locking import take
from tests.unit.report_sample import BEGAN, RUN, sample_run
from tests.unit.site_parts import example_data

HERE = os.uname().nodename
SUNDAY_NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
APP = typer.Typer()
for verb in (command_module.locks, command_module.lock, command_module.unlock, build):
    APP.command()(verb)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """The example's project folder on a Sunday night; Maeve is at work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUDO_USER", "maeve")
    monkeypatch.setenv("PACSMITH_LAB_DIR", str(tmp_path / "no-lab"))
    monkeypatch.setattr(command_module, "now", lambda: SUNDAY_NIGHT)
    (tmp_path / "inventory/st-brigid").mkdir(parents=True)
    (tmp_path / "inventory/st-brigid/site.yml").write_text(yaml.safe_dump(example_data(), sort_keys=False))
    with open_ledger("sqlite:///.pacsmith/st-brigid/ledger.db", now=lambda: SUNDAY_NIGHT) as opened:
        yield opened


def command(*arguments: str) -> Result:
    return CliRunner().invoke(APP, arguments)


def running_elsewhere(ledger: Ledger, scope: str = "st-brigid") -> None:
    if RUN not in {run.id for run in ledger.runs()}:
        ledger.begin(sample_run("running"))
    elsewhere = ProcessIdentity.of_this().model_copy(update={"hostname": "adminbox2"})
    with ledger._database.write() as session:
        take(session, Lock(scope=scope, who="ines", why="upgrade", run=RUN, since=BEGAN, process=elsewhere))


def test_a_runs_lock_is_listed_and_freed_by_name(ledger: Ledger) -> None:
    assert command("locks").stdout == "nothing is locked\n"
    running_elsewhere(ledger)
    listed = command("locks").stdout
    assert "st-brigid  ines@adminbox2  upgrade  Sat 2026-11-21 20:58 GMT  the run ends" in listed
    assert "on adminbox2" in listed
    assert json.loads(command("locks", "--json").stdout)[0]["who"] == "ines"
    refused = command("unlock", "--whole-site").exception
    assert isinstance(refused, Locked)
    assert "pacsmith unlock --whole-site --held-by ines@adminbox2 --why '…'" in str(refused)
    freed = command("unlock", "--whole-site", "--held-by", "ines@adminbox2", "--why", "it was scrapped")
    assert freed.stdout == f"removed the lock on st-brigid of ines@adminbox2 (run {RUN})\n"
    assert command("locks").stdout == "nothing is locked\n"
    assert [run.note for run in ledger.runs(verbs=["unlock"])] == ["it was scrapped"]
    left = ledger.run(RUN)
    assert left.outcome == "interrupted", "another may resume it"
    assert str(left.note).endswith(f"; its last lock was removed by maeve@{HERE}: it was scrapped")


def test_a_persons_lock_is_taken_listed_and_given_back(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = command("lock", "archive01", "--why", "new disks", "--until", "2099-06-01 04:00")
    assert taken.stdout == f"st-brigid/archive01 is locked by maeve@{HERE} until Mon 2099-06-01 04:00 IST: new disks\n"
    listed = command("locks").stdout
    assert f"st-brigid/archive01  maeve@{HERE}  new disks" in listed
    assert "Mon 2099-06-01 04:00 IST" in listed
    (entry,) = json.loads(command("locks", "--json").stdout)
    assert (entry["kind"], entry["scope"], entry["until"]) == ("person", "st-brigid/archive01", "2099-06-01T03:00:00Z")
    (recorded,) = ledger.runs(verbs=["lock"])
    assert (recorded.hosts, recorded.who, recorded.outcome) == (("archive01",), "maeve", "done")
    monkeypatch.setenv("SUDO_USER", "tomasz")
    assert isinstance(command("unlock", "archive01").exception, Locked)
    monkeypatch.setenv("SUDO_USER", "maeve")
    assert command("unlock", "archive01").exit_code == 0
    assert ledger.reservations() == ()


def test_refusals_tell_times_as_locks_does(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    command("lock", "archive01", "--why", "new disks", "--until", "2099-06-01 04:00")
    monkeypatch.setenv("SUDO_USER", "tomasz")
    assert " until Mon 2099-06-01 04:00 IST: new disks; wait" in str(command(*LOCK).exception)
    running_elsewhere(ledger)
    assert "since Sat 2026-11-21 20:58 GMT: upgrade" in str(command("unlock", "--whole-site").exception)


def test_the_calendars_locks_are_listed_with_the_hour_at_which_they_open(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "now", lambda: MONDAY)
    assert command("locks").stdout == (
        "nothing is locked by a run or a person\n"
        "locked by the site's calendar: archive01: it is peak hours until 18:00 (reading rooms and theatres); it opens "
        "Sun 2026-11-29 22:00 GMT\n"
    )
    (entry,) = json.loads(command("locks", "--json").stdout)
    assert (entry["kind"], entry["hosts"], entry["until"]) == ("calendar", ["archive01"], "2026-11-29T22:00:00+00:00")


def test_hosts_that_the_lab_plays_have_no_hours(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_module, "now", lambda: MONDAY)
    monkeypatch.setattr(Lab, "playing", lambda _: frozenset({"archive01"}))
    assert command("locks").stdout == "nothing is locked\n", "a build of them is not refused"


def test_locks_of_the_hosts_that_are_named_are_listed_and_no_other_site_s(ledger: Ledger) -> None:
    command("lock", "--class", "archive", "--why", "new disks", "--until", "3d")
    running_elsewhere(ledger, "st-brigid/retired01")
    running_elsewhere(ledger, "hill/archive01")
    assert [one["scope"] for one in held("locks", "--host", "archive01")] == ["st-brigid/archive01"]
    running_elsewhere(ledger, "st-brigid")
    assert {one["scope"] for one in held("locks", "--class", "archive")} == {"st-brigid", "st-brigid/archive01"}


def held(*arguments: str) -> list[dict[str, str]]:
    done = command(*arguments, "--json")
    assert done.stdout, (done.output, done.exception)
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_a_lock_and_its_end_as_data(ledger: Ledger) -> None:
    (taken,) = held("lock", "--host", "archive01", "--why", "new disks", "--until", "2099-06-01 04:00")
    assert (taken["kind"], taken["scope"], taken["who"]) == ("person", "st-brigid/archive01", "maeve")
    (gone,) = held("unlock", "archive01")
    assert (gone["scope"], gone["run"]) == (taken["scope"], taken["run"])
    assert held("locks") == []


@pytest.fixture
def two(ledger: Ledger) -> Ledger:
    """The same with a second archive."""
    data = example_data()
    first = next(host for host in data["hosts"] if host["name"] == "archive01")
    second = first | {"name": "archive02", "address": "10.78.0.12", "ae": {"title": "BRIGID_ARC2", "port": 11112}}
    data["hosts"].append(copy.deepcopy(second))
    Path("inventory/st-brigid/site.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    return ledger


LOCK = ("lock", "--class", "archive", "--why", "new disks", "--until", "2099-06-01 04:00")


def test_several_hosts_are_locked_together_or_not_at_all(two: Ledger) -> None:
    running_elsewhere(two, "st-brigid/archive02")
    fault = command(*LOCK).exception
    assert isinstance(fault, Locked)
    assert str(fault).startswith("nothing was locked: st-brigid/archive02 is locked by ines@")
    assert two.reservations() == ()
    assert two.runs(verbs=["lock"]) == ()
    two.unlock("st-brigid/archive02", run=sample_run("done").model_copy(update={"id": "u"}),
               named="ines@adminbox2", why="done")  # fmt: skip
    assert command(*LOCK).stdout.count(" is locked by maeve@") == 2
    assert [one.scope for one in two.reservations()] == ["st-brigid/archive01", "st-brigid/archive02"]


def test_of_several_hosts_those_that_are_locked_are_unlocked(two: Ledger) -> None:
    command("lock", "archive02", "--why", "new disks", "--until", "3d")
    done = command("unlock", "--class", "archive")
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith(f"removed the lock on st-brigid/archive02 of maeve@{HERE} ")
    assert done.stderr == "note: st-brigid/archive01: nothing is locked there; pacsmith locks lists what is\n"
    assert two.reservations() == ()
    assert command("unlock", "--class", "archive").exit_code != 0, "nothing is locked at all"
    assert isinstance(command("unlock", "--class", "archive").exception, BadInput)


def test_another_s_lock_does_not_keep_one_s_own(two: Ledger) -> None:
    command("lock", "archive02", "--why", "new disks", "--until", "3d")
    running_elsewhere(two, "st-brigid/archive01")
    done = command("unlock", "--class", "archive")
    assert isinstance(done.exception, Locked)
    assert "st-brigid/archive01 is locked by ines@adminbox2" in str(done.exception)
    assert done.stdout.startswith("removed the lock on st-brigid/archive02 ")
    assert two.reservations() == ()
    assert len(two.locks()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lock", "archive01"], "lock: a lock says why and until when"),
        (["lock", "archive01", "--why", " ", "--until", "22:00"], "lock: a lock says why and until when"),
        (["lock", "--why", "w", "--until", "22:00"], "lock: name hosts, or --whole-site for all of st-brigid"),
        (["lock", "archive01", "--whole-site", "--why", "w", "--until", "22:00"], "lock: name hosts, or --whole-site"),
        (["lock", "archive1", "--why", "w", "--until", "22:00"], "no such host; did you mean archive01"),
        (["lock", "archive01", "--why", "w", "--until", "soon"], "--until soon: that is no time"),
        (["unlock", "archive01"], "st-brigid/archive01: nothing is locked there"),
        (["unlock", "archive01", "--held-by", "ines@adminbox2"], "unlock: another's lock is removed for a reason"),
        (["build", "--resume", "--host", "archive01"], "--resume goes on with the hosts and waves of the build"),
        (["build", "--resume", "--canary"], "--resume goes on with the hosts and waves of the build"),
    ],
)
def test_bad_input_is_one_sentence(ledger: Ledger, arguments: list[str], said: str) -> None:
    fault = command(*arguments).exception
    assert isinstance(fault, BadInput)
    assert said in str(fault)
    assert ledger.runs() == ()


@pytest.mark.parametrize("reason", ["", "  "])
def test_now_needs_a_reason(ledger: Ledger, reason: str) -> None:
    said = command("build", "--now", reason)
    assert said.exit_code == 2
    assert "it needs a reason" in said.output
