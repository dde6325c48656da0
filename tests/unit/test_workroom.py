"""The folder in memory is gone, and nothing runs in it any more, however the engine ends."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from builder.engines.workroom import memory_folder, workroom
from builder.errors import PacsmithError

# An engine that starts something like Ansible (a session of its own, deaf to SIGHUP), says where, and waits.
ENGINE = textwrap.dedent("""
    import os, subprocess, sys, time
    from builder.engines.workroom import workroom
    with workroom() as folder:
        (folder / "file").write_text("x")
        deaf = ["sh", "-c", "trap '' HUP TERM; sleep 600 & wait"]
        child = subprocess.Popen(deaf, env={**os.environ, "HERE": f"{folder}/file"}, start_new_session=True)
        print(folder, child.pid, flush=True)
        if sys.argv[1] == "raise":
            raise RuntimeError
        if sys.argv[1] == "wait":
            time.sleep(600)
""")


@pytest.mark.parametrize("ending", ["leave", "raise", "wait"])
def test_nothing_is_left(ending: str) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, ending], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert engine.stdout is not None
    folder, started = engine.stdout.readline().split()
    if ending == "wait":
        assert Path(folder, "file").exists()
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        engine.send_signal(signal.SIGKILL)
    assert engine.stdout.read() == ""  # ends only when the caretaker has done its work
    engine.wait(timeout=20)
    assert not Path(folder).exists()
    assert not psutil.pid_exists(int(started)) or psutil.Process(int(started)).status() == psutil.STATUS_ZOMBIE
    assert not [
        one for one in psutil.process_iter(["environ"]) if f"{folder}/file" in (one.info["environ"] or {}).values()
    ]


def test_other_processes_are_left_alone() -> None:
    other = subprocess.Popen(["sleep", "600"], env={**os.environ, "HERE": "/dev/shm/pacsmith-other/file"})
    try:
        with workroom():
            pass
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_machine_without_memory_folder_is_told_what_to_do() -> None:
    assert memory_folder("proc /proc proc rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n") == "/dev/shm"
    with pytest.raises(PacsmithError, match="mount -t tmpfs tmpfs /dev/shm"):
        memory_folder("/dev/vda / ext4 rw 0 0\nshm /dev/shm ext4 rw 0 0\n")
