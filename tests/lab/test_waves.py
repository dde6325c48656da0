"""A build in waves on three real archives: killed at random moments and resumed, locked, held back, booted anew.

CI kills one build three times in a row; PACSMITH_WAVE_KILLS=50 is the full exercise: 50 builds, each killed once and
resumed. The moments come from PACSMITH_KILL_SEED, printed when it fails.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from builder.ledger import Ledger, open_ledger
from tests.lab.conftest import BuiltSite, bare_site

SEED = int(os.environ.get("PACSMITH_KILL_SEED", str(int(time.time()))))
WHOLE_BUILD = 110.0  # seconds of a cold build of these three on 2 cores; moments are drawn from this span
_MOMENTS = random.Random(SEED)
ROUNDS = (
    [[round(_MOMENTS.uniform(0.3, WHOLE_BUILD), 2)] for _ in range(int(os.environ["PACSMITH_WAVE_KILLS"]))]
    if "PACSMITH_WAVE_KILLS" in os.environ
    else [[round(_MOMENTS.uniform(0.3, WHOLE_BUILD * part), 2) for part in (1, 0.7, 0.5)]]
)
REPAIR = "Finish an interrupted package installation"  # due because of the kill, however often it was done before


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Three booted hosts; a snapshot of them starts every round, and the last round leaves them accepted."""
    yield from bare_site(tmp_path_factory.mktemp("waves"), "waves.yml")


def ledger(site: BuiltSite) -> Ledger:
    return open_ledger(f"sqlite:///{site.folder}/.pacsmith/{site.name}/ledger.db")


def killed_after(site: BuiltSite, moment: float, *options: str) -> bool:
    """Build, and kill -9 after so many seconds; False when the build was through before."""
    build = subprocess.Popen(
        [sys.executable, "-m", "builder.cli.main", "build", "--site", site.name, *options],
        cwd=site.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    children = []
    try:
        build.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        children = psutil.Process(build.pid).children(recursive=True)
        build.send_signal(signal.SIGKILL)
        build.wait()
        workers = [child for child in children if is_engine(child)]
        psutil.wait_procs(workers, timeout=20)
        assert not [worker for worker in workers if worker.is_running()], f"seed {SEED}: an engine outlived its parent"
        return True
    return False


def is_engine(process: psutil.Process) -> bool:
    try:
        return "_worker" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def claimed(site: BuiltSite) -> Counter[tuple[str, str, str]]:
    """Host, role and step of everything that the last build's journal says was done."""
    with ledger(site) as book:
        (run,) = book.runs(verbs=["build"], limit=1)
        done = [event for event in book.events(run.id) if event.status in ("ok", "changed") and event.previewable]
    return Counter((event.host, event.role, event.step) for event in done if event.step != REPAIR)


def due(site: BuiltSite) -> Counter[tuple[str, str, str]]:
    """Host, role and step of everything that a plan, reading the hosts anew, would change."""
    planned = site.pacsmith("plan", "--site", site.name, "--json")
    assert planned.returncode == 0, planned.stderr
    steps = json.loads(planned.stdout)["steps"]
    return Counter((step["host"], step["role"], step["step"]) for step in steps if step["changed"])


@pytest.mark.parametrize("moments", ROUNDS, ids=str)
def test_a_killed_build_is_resumed_to_its_end(ward: BuiltSite, moments: list[float]) -> None:
    context = f"seed {SEED}, killed at {moments} s"
    assert ward.pacsmith("lab", "restore", "--site", ward.name, "booted").returncode == 0
    for file in (ward.folder / ".pacsmith" / ward.name).glob("ledger.db*"):
        file.unlink()
    for number, moment in enumerate(moments):
        killed = killed_after(ward, moment, *(["--resume"] if number and begun(ward) else []))
        if killed and begun(ward):
            false = claimed(ward) & due(ward)
            assert not false, f"{context}: claimed, and not so: {sorted(false)}"
    resumed = ward.pacsmith("build", "--site", ward.name, *(["--resume"] if unfinished(ward) else []))
    assert resumed.returncode == 0, f"{context}:\n{resumed.stdout}\n{resumed.stderr}"
    assert resumed.stdout.splitlines()[-1].endswith(": accepted")
    second = ward.pacsmith("build", "--site", ward.name, "--json")
    assert second.returncode == 0, f"{context}:\n{second.stderr}"
    assert json.loads(second.stdout)["changed"] == 0, context
    assert json.loads(ward.pacsmith("locks", "--site", ward.name, "--json").stdout) == []


def begun(site: BuiltSite) -> bool:
    """Whether the ledger knows of a build that did anything."""
    with ledger(site) as book:
        return any(run.outcome != "refused" for run in book.runs(verbs=["build"]))


def unfinished(site: BuiltSite) -> bool:
    """Whether the last build was cut off."""
    with ledger(site) as book:
        runs = book.runs(verbs=["build"], limit=1)
        return bool(runs) and runs[0].outcome not in ("accepted", "refused")


def test_two_that_serve_together_are_never_changed_at_once(ward: BuiltSite) -> None:
    done = ward.pacsmith("build", "--site", ward.name)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("wave ")]
    assert [re.sub(r" \(\d+ s\)$", "", line) for line in told] == [
        "wave 1 of 2 (wa, wc) begins", "wave 1 of 2 (wa, wc): converge", "wave 1 of 2 (wa, wc): verify",
        "wave 1 of 2 (wa, wc) is accepted", "wave 2 of 2 (wb) begins", "wave 2 of 2 (wb): converge",
        "wave 2 of 2 (wb): verify", "wave 2 of 2 (wb) is accepted",
    ]  # fmt: skip
    with ledger(ward) as book:
        (run,) = book.runs(verbs=["build"], limit=1)
        proven = {item.subject: item.verdict for item in book.evidence(run.id)}
    assert proven["wa -> wb: store"] == proven["wb -> wa: store"] == "met", "proven at the end, everything together"


def test_a_persons_lock_keeps_others_from_changing_and_not_from_reading(ward: BuiltSite) -> None:
    tomasz = replace(ward, environment={"SUDO_USER": "tomasz"})
    maeve = replace(ward, environment={"SUDO_USER": "maeve"})
    locked = maeve.pacsmith("lock", "wb", "--why", "new disks", "--until", "2h", "--site", ward.name)
    assert locked.returncode == 0, locked.stderr
    refused = tomasz.pacsmith("build", "--site", ward.name, "--host", "wb")
    assert refused.returncode == 4, refused.stdout + refused.stderr
    assert "wav/wb is locked by maeve@" in refused.stderr
    assert ": new disks; wait for that, ask maeve" in refused.stderr
    assert tomasz.pacsmith("verify", "--site", ward.name, "--host", "wb").returncode == 0
    assert tomasz.pacsmith("build", "--site", ward.name, "--host", "wc").returncode == 0
    assert maeve.pacsmith("build", "--site", ward.name, "--host", "wb").returncode == 0
    assert tomasz.pacsmith("unlock", "wb", "--site", ward.name).returncode == 4
    assert maeve.pacsmith("unlock", "wb", "--site", ward.name).returncode == 0
    assert tomasz.pacsmith("build", "--site", ward.name, "--host", "wb").returncode == 0


def test_the_second_of_two_administrators_with_two_ledgers_is_told_who_is_at_work(
    ward: BuiltSite, tmp_path: Path
) -> None:
    other = replace(ward, folder=tmp_path / "other")
    shutil.copytree(ward.folder, other.folder, ignore=shutil.ignore_patterns("ledger.db*", "dossiers"))
    first = subprocess.Popen(
        [sys.executable, "-m", "builder.cli.main", "build", "--site", ward.name],
        cwd=ward.folder, env={**os.environ, "SUDO_USER": "maeve"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert first.stderr is not None
    next(line for line in first.stderr if "converge" in line)
    # The lab belongs to the first folder; for the second these are hosts like any others, in their window.
    refused = other.pacsmith("build", "--site", ward.name, "--host", "wa")
    assert refused.returncode == 4, refused.stdout + refused.stderr
    assert "wa is locked on the host itself by maeve@" in refused.stderr
    first.send_signal(signal.SIGKILL)
    first.wait()
    freed = other.pacsmith("build", "--site", ward.name, "--host", "wa", timeout=600)
    assert freed.returncode == 0, freed.stdout + freed.stderr


def test_hours_hold_for_hosts_that_the_lab_does_not_play(ward: BuiltSite, tmp_path: Path) -> None:
    file = ward.folder / "inventory" / ward.name / "site.yml"
    text = file.read_text()
    never = text.replace('start: "00:00", end: "23:59"', 'start: "03:00", end: "03:01"')
    assert never != text
    file.write_text(never)
    try:
        elsewhere = replace(ward, environment={"PACSMITH_LAB_DIR": str(tmp_path)})
        refused = elsewhere.pacsmith("build", "--site", ward.name)
        assert refused.returncode == 4, refused.stdout + refused.stderr
        assert re.search(
            r"wa, wb, wc: for each it is outside .*; it opens \w{3} \d{4}-\d\d-\d\d 03:00 UTC", refused.stderr
        )
        assert elsewhere.pacsmith("plan", "--site", ward.name).returncode == 0
        forced = elsewhere.pacsmith("build", "--site", ward.name, "--host", "wc", "--now", "the archive is down, 4711")
        assert forced.returncode == 0, forced.stdout + forced.stderr
        (dossier,) = re.findall(r"^dossier \(html\): (.*)$", forced.stdout, re.MULTILINE)
        assert "the archive is down, 4711" in (ward.folder / dossier).read_text()
        assert ward.pacsmith("build", "--site", ward.name, "--host", "wc").returncode == 0, "the lab serves nobody"
    finally:
        file.write_text(text)


def test_a_reboot_counts_with_a_new_boot_id(ward: BuiltSite) -> None:
    before = ward.on("wc", "cat /proc/sys/kernel/random/boot_id").stdout.strip()
    assert ward.on("wc", "echo linux-image | sudo tee /run/reboot-required /run/reboot-required.pkgs").returncode == 0
    done = ward.pacsmith("build", "--site", ward.name, "--host", "wc")
    assert done.returncode == 0, done.stdout + done.stderr
    after = ward.on("wc", "cat /proc/sys/kernel/random/boot_id").stdout.strip()
    assert after != before
    with ledger(ward) as book:
        (run,) = book.runs(verbs=["build"], limit=1)
        steps = [event for event in book.events(run.id) if event.step == "Reboot"]
    assert [event.status for event in steps] == ["started", "changed"]
    assert steps[1].diff == f"-boot {before}\n+boot {after}\n packages ask for it: linux-image "
    again = ward.pacsmith("build", "--site", ward.name, "--host", "wc", "--json")
    assert json.loads(again.stdout)["changed"] == 0


def test_a_host_that_is_lost_holds_back_its_partner_and_not_the_others(ward: BuiltSite) -> None:
    ward.on("wa", "sudo systemctl poweroff")
    gone = [p for p in psutil.process_iter(["cmdline"]) if f"--machine=wa.{ward.name}" in (p.info["cmdline"] or [])]
    psutil.wait_procs(gone, timeout=60)
    done = ward.pacsmith("build", "--site", ward.name)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "wb: not begun: wa, which serves together with it, was not accepted" in done.stdout
    with ledger(ward) as book:
        (run,) = book.runs(verbs=["build"], limit=1)
        accepted = {name: book.host_state(ward.name, name) for name in ("wa", "wb", "wc")}
    assert [name for name, state in accepted.items() if state and state.accepted_run == run.id] == ["wc"]
    assert ward.pacsmith("lab", "up", ward.name).returncode == 0
    resumed = ward.pacsmith("build", "--site", ward.name, "--resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "verify what was done" in resumed.stderr
