"""A build in waves on three real archives: killed at random moments and resumed, locked, held back, booted anew.

A landing waits for one cold build, killed and resumed; PACSMITH_WAVE_KILLS=50 is the full exercise, with that many
kills. In one round of five the hosts are only booted and the build is killed once. The other rounds start where a build
was cut off once the packages were there: installing these takes half of a cold build, and pacsmith itself does nothing
meanwhile. There the build is killed, and so are the first two that resume it. The moments come from PACSMITH_KILL_SEED,
printed when it fails; PACSMITH_KILL_AT=stocked:31.5,12 repeats a round.
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

from builder.lab.layout import Layout
from builder.ledger import Ledger, open_ledger
from builder.models.event import Event
from tests.lab.conftest import BuiltSite, bare_site, run_steps

HOSTS = ("wa", "wb", "wc")
SEED = int(os.environ.get("PACSMITH_KILL_SEED", str(int(time.time()))))
SPANS = {"booted": 100.0, "stocked": 50.0}  # seconds of a build from there on 2 cores; twice that beside much else
PACKAGES = "system: Install the packages of all roles: changed"
REPAIR = "Finish an interrupted package installation"  # due because of the kill, however often it was done before
DEBRIS = ("*.part", "*.dpkg-new", ".pacsmith-*")


def rounds() -> list[tuple[str, tuple[float, ...]]]:
    """From which snapshot each round starts, and after how many seconds its build, and each that resumes it, dies."""
    if "PACSMITH_KILL_AT" in os.environ:
        start, _, moments = os.environ["PACSMITH_KILL_AT"].partition(":")
        return [(start, tuple(map(float, moments.split(","))))]
    drawn, kills = random.Random(SEED), int(os.environ.get("PACSMITH_WAVE_KILLS", "1"))
    found: list[tuple[str, tuple[float, ...]]] = []
    while (left := kills - sum(len(moments) for _, moments in found)) > 0:
        start = "booted" if kills == 1 or len(found) % 5 == 4 else "stocked"
        times = 1 if start == "booted" else min(3, left)
        found.append((start, tuple(round(drawn.uniform(0.3, SPANS[start]), 2) for _ in range(times))))
    return found


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Three booted hosts; a snapshot of them starts every round, and the last round leaves them accepted."""
    yield from bare_site(tmp_path_factory.mktemp("waves"), "waves.yml")


@pytest.fixture(scope="module")
def stocked(ward: BuiltSite) -> None:
    """A second snapshot: all hosts as builds left them that were killed once the packages were installed."""
    if any(start == "stocked" for start, _ in rounds()):
        for hosts in (("wa", "wc"), ("wb",)):
            build = begin(ward, *(word for name in hosts for word in ("--host", name)))
            wait_for(build, *(f"{name}: {PACKAGES}" for name in hosts))
            kill(build)
        for name in HOSTS:
            ward.on(name, "sudo apt-get clean")  # a third of what each round would copy
        run_steps(ward, ["lab", "snapshot", "--site", ward.name, "stocked"])


def ledger(site: BuiltSite) -> Ledger:
    return open_ledger(f"sqlite:///{site.folder}/.pacsmith/{site.name}/ledger.db")


def begin(site: BuiltSite, *options: str) -> "subprocess.Popen[str]":
    """A build under way, with what it tells on standard error, in a process group of its own, as on a terminal."""
    heeding = ["env", "--default-signal=INT", sys.executable]  # a shell's background job passes on that it ignores it
    return subprocess.Popen(
        [*heeding, "-m", "builder.cli.main", "build", "--site", site.name, *options],
        cwd=site.folder, env={**os.environ, **site.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def wait_for(build: "subprocess.Popen[str]", *told: str) -> None:
    """Until the build has told all of that."""
    assert build.stderr is not None
    left, said = set(told), ""
    for line in build.stderr:
        said += line
        left = {text for text in left if text not in line}
        if not left:
            return
    raise AssertionError(f"the build ended and never told {left}:\n{said}")


def kill(build: "subprocess.Popen[str]") -> None:
    """kill -9 of the build; its engines must go with it."""
    children = psutil.Process(build.pid).children(recursive=True)
    build.send_signal(signal.SIGKILL)
    build.wait()
    workers = [child for child in children if is_engine(child)]
    psutil.wait_procs(workers, timeout=20)
    assert not [worker for worker in workers if worker.is_running()], f"seed {SEED}: an engine outlived its parent"


def is_engine(process: psutil.Process) -> bool:
    try:
        return "_worker" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def killed_after(build: "subprocess.Popen[str]", moment: float) -> bool:
    """kill -9 after so many seconds; False when the build was through before, as it should be."""
    try:
        _, said = build.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        kill(build)
        return True
    assert build.returncode == 0, f"seed {SEED}, not killed at {moment} s:\n{said}"
    return False


def journal(site: BuiltSite) -> tuple[Event, ...]:
    """What the last build's journal says; nothing when no build did anything."""
    with ledger(site) as book:
        runs = book.runs(verbs=["build"], limit=1)
        return book.events(runs[0].id) if runs else ()


def claimed(events: tuple[Event, ...]) -> Counter[tuple[str, str, str]]:
    """Host, role and step of everything that a journal says was done."""
    done = [event for event in events if event.status in ("ok", "changed") and event.previewable]
    return Counter((event.host, event.role, event.step) for event in done if event.step != REPAIR)


def due(site: BuiltSite) -> Counter[tuple[str, str, str]]:
    """Host, role and step of everything that a plan, reading the hosts anew, would change."""
    planned = site.pacsmith("plan", "--site", site.name, "--json")
    assert planned.returncode == 0, planned.stderr
    steps = json.loads(planned.stdout)["steps"]
    return Counter((step["host"], step["role"], step["step"]) for step in steps if step["changed"])


def debris(site: BuiltSite) -> list[Path]:
    """Half-written files in what the hosts have written to their disks, and in the project folder."""
    disks = [Layout.of(site.name).host(name).upper for name in HOSTS]
    return [file for folder in (*disks, site.folder) for name in DEBRIS for file in folder.rglob(name)]


@pytest.mark.parametrize(("start", "moments"), rounds(), ids=str)
def test_a_killed_build_is_resumed_to_its_end(
    ward: BuiltSite, stocked: None, start: str, moments: tuple[float, ...]
) -> None:
    assert ward.pacsmith("lab", "restore", "--site", ward.name, start).returncode == 0
    for file in (ward.folder / ".pacsmith" / ward.name).glob("ledger.db*"):
        file.unlink()
    context = f"seed {SEED}, {start}"
    for moment in moments:
        killed = killed_after(begin(ward, *going_on(ward)), moment)
        done = journal(ward)
        last = f"{done[-1].host} {done[-1].role} {done[-1].step} {done[-1].status}".strip() if done else "nothing"
        context += f"; {'killed at' if killed else 'through before'} {moment} s, in its journal at last: {last}"
        if killed and done:
            false = claimed(done) & due(ward)
            assert not false, f"{context}: claimed, and not so: {sorted(false)}"
    print(context, flush=True)
    resumed = ward.pacsmith("build", "--site", ward.name, *going_on(ward))
    assert resumed.returncode == 0, f"{context}:\n{resumed.stdout}\n{resumed.stderr}"
    assert resumed.stdout.splitlines()[-1].endswith(": accepted")
    assert not due(ward), context
    assert debris(ward) == [], context
    with ledger(ward) as book:
        assert book.locks() == (), context


def going_on(site: BuiltSite) -> list[str]:
    """The option of a build that goes on with the last one, where that was cut off."""
    with ledger(site) as book:
        run = next((run for run in book.runs(verbs=["build"]) if run.outcome != "refused"), None)
    return ["--resume"] if run is not None and run.outcome != "accepted" else []


def test_two_that_serve_together_are_never_changed_at_once(ward: BuiltSite) -> None:
    done = ward.pacsmith("build", "--site", ward.name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^(\w+): (\d+) changed$", done.stdout, re.MULTILINE) == [(name, "0") for name in HOSTS]
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
    assert maeve.pacsmith("build", "--site", ward.name, "--host", "wb").returncode == 0
    assert tomasz.pacsmith("unlock", "wb", "--site", ward.name).returncode == 4
    assert maeve.pacsmith("unlock", "wb", "--site", ward.name).returncode == 0
    assert json.loads(tomasz.pacsmith("locks", "--site", ward.name, "--json").stdout) == []


def test_the_second_of_two_administrators_with_two_ledgers_is_told_who_is_at_work(
    ward: BuiltSite, tmp_path: Path
) -> None:
    other = replace(ward, folder=tmp_path / "other")
    shutil.copytree(ward.folder, other.folder, ignore=shutil.ignore_patterns("ledger.db*", "dossiers"))
    first = begin(replace(ward, environment={"SUDO_USER": "maeve"}))
    wait_for(first, "converge")
    # The lab belongs to the first folder; for the second these are hosts like any others, in their window.
    refused = other.pacsmith("build", "--site", ward.name, "--host", "wa")
    assert refused.returncode == 4, refused.stdout + refused.stderr
    assert "wa is locked on the host itself by maeve@" in refused.stderr
    kill(first)
    freed = other.pacsmith("build", "--site", ward.name, "--host", "wa", timeout=600)
    assert freed.returncode == 0, freed.stdout + freed.stderr


@pytest.mark.long  # the calendar is held against every minute in tests/unit/test_windows.py
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


@pytest.mark.long
def test_ctrl_c_in_the_second_wave_leaves_the_first_one_done(ward: BuiltSite) -> None:
    build = begin(ward)
    wait_for(build, "wave 2 of 2 (wb): converge")
    os.killpg(build.pid, signal.SIGINT)  # as a terminal does: ssh and the engine get it, too
    _, said = build.communicate(timeout=60)
    assert build.returncode == 130, said
    assert "pacsmith: interrupted; the state is saved" in said
    with ledger(ward) as book:
        (run,) = book.runs(verbs=["build"], limit=1)
        assert (run.outcome, book.locks()) == ("interrupted", ())
        accepted = {name: book.host_state(ward.name, name) for name in HOSTS}
    assert [name for name, state in accepted.items() if state and state.accepted_run == run.id] == ["wa", "wc"]
    resumed = ward.pacsmith("build", "--site", ward.name, "--resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "wa: accepted by the run that this one goes on with; it is verified again" in resumed.stderr
    assert "wave 1 of 2" not in resumed.stderr
    assert "wave 2 of 2 (wb) is accepted" in resumed.stderr


@pytest.mark.long
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
