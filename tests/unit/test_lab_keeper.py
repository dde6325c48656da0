"""The keeper with a shell script in nspawn's place, and locks that a dead process cannot keep."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from builder.lab import cgroups
from builder.lab.errors import LabBusy
from builder.lab.keeper import Keeper, verdict
from builder.lab.layout import HostFolder
from builder.lab.lock import locked
from builder.lab.machine import read_keeper
from builder.lab.processes import Process, myself


def test_what_nspawn_s_exit_codes_mean() -> None:
    assert verdict(133, [1.0] * 9, 2.0) == "again"
    assert verdict(0, [], 0.0) == "off"
    assert verdict(-9, [1.0, 2.0, 3.0, 4.0], 5.0) == "again"
    assert "fell over 6 times" in verdict(1, [1.0, 2.0, 3.0, 4.0, 5.0], 6.0)
    assert verdict(1, [1.0, 2.0, 3.0, 4.0, 5.0], 100.0) == "again"


@pytest.fixture
def outside_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "join", lambda group: None)
    monkeypatch.setattr(cgroups, "kill", lambda group: True)


@pytest.mark.usefixtures("outside_groups")
def test_keeper_starts_a_rebooting_host_again_and_ends_when_it_powers_off(tmp_path: Path) -> None:
    script = f"echo boot >> {tmp_path}/boots; test $(wc -l < {tmp_path}/boots) -ge 3 || exit 133"
    keeper = Keeper(HostFolder(tmp_path), "none", ["sh", "-c", script])
    assert keeper.keep() == 0
    state = read_keeper(HostFolder(tmp_path))
    assert state is not None
    assert (state.boots, state.ended) == (3, "powered off")
    assert not state.machine.alive


@pytest.mark.usefixtures("outside_groups")
def test_keeper_gives_a_host_up_that_falls_over_at_once(tmp_path: Path) -> None:
    assert Keeper(HostFolder(tmp_path), "none", ["sh", "-c", "echo why; exit 1"]).keep() == 1
    state = read_keeper(HostFolder(tmp_path))
    assert state is not None
    assert state.ended == "nspawn fell over 6 times in 60 s"
    assert HostFolder(tmp_path).console.read_text() == "why\n"


def test_state_of_an_earlier_boot_or_a_torn_one_is_nobody_s(tmp_path: Path) -> None:
    folder = HostFolder(tmp_path)
    assert read_keeper(folder) is None
    folder.keeper_state.write_text('{"boot_id"')
    assert read_keeper(folder) is None
    folder.keeper_state.write_text(json.dumps({"boot_id": "another"}))
    assert read_keeper(folder) is None


def test_a_pid_that_came_back_is_not_the_same_process() -> None:
    me = myself()
    assert me.alive
    assert not Process(me.pid, me.start - 1).alive


def test_a_zombie_does_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    while Path(f"/proc/{child.pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.01)
    assert not any(Process(child.pid, start).alive for start in (0, 1))
    child.wait()


def test_lock_waits_says_so_and_gives_up(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        locked(tmp_path / "run" / "x.lock", "lab hill", said.append),
        pytest.raises(LabBusy, match="lab hill: another pacsmith command"),
        locked(tmp_path / "run" / "x.lock", "lab hill", said.append, seconds=0.1),
    ):
        raise AssertionError("both held the lock")
    assert len(said) == 1
    assert not (tmp_path / "run" / "x.lock").exists()


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\nfrom builder.lab.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1]), 'x', print):\n    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.lock")], check=False).returncode == -9
    assert (tmp_path / "x.lock").exists()
    with locked(tmp_path / "x.lock", "x", print, seconds=0):
        pass


def test_many_waiters_hold_the_lock_one_at_a_time(tmp_path: Path) -> None:
    """Each holder removes the file: a waiter that has opened the removed one must not think that it holds the lock."""
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locked(tmp_path / "x.lock", "x", lambda _: None):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
