"""The lock on a host itself, taken here by shells that stand for SSH sessions: held by one, told of to the next, gone
with its holder."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.errors import Locked
from builder.inventory import Machine, build_inventory
from builder.workflows import host_locks
from builder.workflows.host_locks import HostLocks, told_by
from tests.unit.ledger_child import REPOSITORY, line, run
from tests.unit.site_parts import host, site_of, with_roles

# One lock a host: the script's place is below a folder of the host's address.
_SSH = """#!/bin/sh
case "$*" in *10.9.0.9*) exit 255;; esac
for last; do :; done
for where; do case "$where" in root@*) mkdir -p "$PLAYED/${where#*@}" && cd "$PLAYED/${where#*@}";; esac; done
exec sh -c "$last"
"""


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Machine, ...]:
    """Two hosts that answer, and one that does not (arc7)."""
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(_SSH)
    (tmp_path / "bin/ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("PLAYED", str(tmp_path / "hosts"))
    hosts = [host(number, ssh={"user": "root"}) for number in (1, 2, 7)]
    return build_inventory(site_of(hosts)).machines


def locks(name: str) -> HostLocks:
    return HostLocks(run(name), "jump1", "lock")


@pytest.fixture
def first(machines: tuple[Machine, ...]) -> Iterator[HostLocks]:
    held = locks("r1")
    held.hold(machines[:1])
    yield held
    held.let_go()


def test_the_next_is_told_who_holds_it_since_when_and_to_do_what(
    first: HostLocks, machines: tuple[Machine, ...]
) -> None:
    second = locks("r2")
    with pytest.raises(Locked) as caught:
        second.hold(machines[:2])
    assert str(caught.value).startswith("arc1 is locked on the host itself by maeve@jump1 since ")
    assert "UTC to build (run r1, of another ledger than this one); wait for it" in str(caught.value)
    assert caught.value.exit_code == 4
    second.let_go()
    third = locks("r3")
    third.hold(machines[1:2])  # what the second had taken is free again
    third.let_go()


def test_what_is_held_is_not_taken_twice_and_what_was_lost_is_taken_again(
    first: HostLocks, machines: tuple[Machine, ...]
) -> None:
    session = first._held["arc1"].process
    first.hold(machines[:1])
    assert first._held["arc1"].process is session
    session.kill()  # the host boots anew
    session.wait()
    first.hold(machines[:1])
    assert first._held["arc1"].process.poll() is None


def test_a_host_that_does_not_answer_is_left_to_the_build(machines: tuple[Machine, ...]) -> None:
    held = locks("r1")
    held.hold(machines)
    assert sorted(held._held) == ["arc1", "arc2"]
    held.let_go()


def test_a_host_whose_upgrade_was_cut_off_elsewhere_is_given_to_nobody_but_who_ends_it(
    machines: tuple[Machine, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_locks, "CLOSED", "closed.nft")
    monkeypatch.setattr(host_locks, "FOLDER", "way-back")
    on_the_host = Path(os.environ["PLAYED"]) / machines[0].connection.address
    (on_the_host / "way-back/20261123T010203-0a1b2c").mkdir(parents=True)
    (on_the_host / "closed.nft").touch()
    builds = locks("r1")
    with pytest.raises(Locked) as caught:
        builds.hold(machines[:2], whole=True)
    assert str(caught.value).startswith(
        "the doors of arc1 are closed: its upgrade by run 20261123T010203-0a1b2c was cut off, or "
    )
    assert "pacsmith rollback arc1 --upgraded-elsewhere" in str(caught.value)
    builds.let_go()
    goes_back = locks("r2")
    goes_back.hold(machines[:1])  # whoever was refused holds nothing
    assert sorted(goes_back._held) == ["arc1"]
    goes_back.let_go()


_HOLD = """
import sys
from tests.unit.test_host_locks import locks
from tests.unit.site_parts import host, site_of
from builder.inventory import build_inventory
held = locks("killed")
held.hold(build_inventory(site_of([host(1, ssh={"user": "root"})])).machines)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_it_goes_with_its_holder_however_that_ends(machines: tuple[Machine, ...], end: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD], env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert line(holder) == "held"
    with pytest.raises(Locked, match="run killed"):
        locks("r2").hold(machines[:1])
    holder.send_signal(end)
    holder.wait()
    taken_within(5, lambda: locks("r3"), machines[:1])


def taken_within(seconds: float, made: Callable[[], HostLocks], machines: tuple[Machine, ...]) -> None:
    """The holder's shells see the end of their input a moment after it has died."""
    waiting = subprocess.run(
        ["flock", "-w", str(seconds), f"{os.environ['PLAYED']}/10.9.0.3/lock", "true"], check=False
    )
    assert waiting.returncode == 0
    held = made()
    held.hold(machines)
    held.let_go()


@pytest.mark.parametrize("mark", ["", "not json", "[]", '{"who": "maeve"}'])
def test_a_mark_that_cannot_be_read_is_told_of(mark: str) -> None:
    assert told_by("arc1", mark) == (
        "arc1 is locked on the host itself, by somebody who has not said who; try again in a minute"
    )
