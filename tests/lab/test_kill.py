"""`kill -9` of a build at a random moment, then the same build again: accepted, nothing half-written, no debris.

A landing waits for tests/lab/test_waves.py, which does that with three hosts and --resume; this one builds without it.
PACSMITH_KILLS=10 is the full exercise. The moments come from PACSMITH_KILL_SEED, printed when it fails.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.lab.conftest import BuiltSite, bare_site

pytestmark = pytest.mark.long
KILLS = int(os.environ.get("PACSMITH_KILLS", "1"))
SEED = int(os.environ.get("PACSMITH_KILL_SEED", str(int(time.time()))))
WHOLE_BUILD = 50.0  # seconds that a cold build takes on 2 cores (measured 2026-11-21); moments are drawn from this span


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """A lab whose host is only booted: a snapshot of it starts every round."""
    yield from bare_site(tmp_path_factory.mktemp("kill"), "kill.yml")


def children_of_build(folder: Path) -> list[psutil.Process]:
    """Engine processes that still run in this project folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if process.info["cwd"] == str(folder) and "pyinfra_worker" in " ".join(process.info["cmdline"] or []):
            found.append(process)
    return found


@pytest.mark.parametrize("moment", [round(random.Random(SEED + n).uniform(0.3, WHOLE_BUILD), 2) for n in range(KILLS)])
def test_killed_build_is_finished_by_the_next(ward: BuiltSite, moment: float) -> None:
    assert ward.pacsmith("lab", "restore", "--site", ward.name, "booted").returncode == 0
    killed = subprocess.Popen(
        [sys.executable, "-m", "builder.cli.main", "build", "--site", ward.name],
        cwd=ward.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        killed.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    psutil.wait_procs(children_of_build(ward.folder), timeout=20)
    assert not children_of_build(ward.folder), f"seed {SEED}: the engine outlived its killed parent at {moment} s"

    again = ward.pacsmith("build", "--site", ward.name)
    assert again.returncode == 0, f"seed {SEED}, killed at {moment} s:\n{again.stdout}\n{again.stderr}"
    third = ward.pacsmith("build", "--site", ward.name, "--json")
    assert third.returncode == 0
    assert '"changed": 0' in third.stdout
    names = "-name '*.part' -o -name '*.dpkg-new' -o -name '.pacsmith-*'"
    debris = ward.on("kw", f"sudo find / -xdev \\( {names} \\) -print")
    assert debris.stdout.strip() == "", f"seed {SEED}, killed at {moment} s: {debris.stdout}"
    assert not list(ward.folder.rglob("*.part"))
