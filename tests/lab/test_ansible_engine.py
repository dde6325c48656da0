"""The Ansible engine on a real host: plan, converge, read again, fail, be killed; secrets stay where they belong.

The roles are tests/lab/roles, in the project folder's own roles/. The tests build on one another, in their order.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.lab.conftest import BuiltSite, new_folder, run_steps

pytestmark = pytest.mark.engine

SECRET = "trial-pw-5Hq9xZ"
ROLES = Path(__file__).parent / "roles"
SHEET = """\
product: {id: trial-viewer, name: Trial viewer, versions: ">=1"}
machine: workstation
source: {title: Test, address: nowhere.example, revision: "1", read: "2026-11-21", trust: A}
requirements:
  - {id: memory, fact: memory.total, minimum: "> 1 MiB", place: nowhere}
"""
# In place of the shipped sheet of the class: the trial's roles keep no clock, which that one asks for.
CLASS_SHEET = """\
product: {id: class-workstation, name: Trial station, versions: ">=12,<14"}
machine: workstation
source: {title: Test, address: nowhere.example, revision: "1", read: "2026-11-21", trust: A}
requirements:
  - {id: host-running, fact: systemd.state, is: running, place: nowhere}
"""
# Everything on the host that a plan could change, with times.
STATE = "sudo find /srv /etc /var/lib/pacsmith /home -type f -printf '%p %m %U %T@ %s\\n' | sort | sha256sum"


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """One booted host and a project folder with roles and a sheet of its own."""
    site = new_folder(tmp_path_factory.mktemp("ansible"), "../trial_site.yml", {"TRIAL_SECRET": SECRET})
    shutil.copytree(ROLES, site.folder / "roles", ignore=shutil.ignore_patterns("__pycache__"))
    (site.folder / "specs").mkdir()
    (site.folder / "specs" / "trial.yml").write_text(SHEET)
    (site.folder / "specs" / "class-workstation.yml").write_text(CLASS_SHEET)
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def told(site: BuiltSite, verb: str, code: int = 0) -> dict[str, Any]:
    """What `plan` or `build` says as data; `errors` is what it wrote beside."""
    done = site.pacsmith(verb, "--site", site.name, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def flags(site: BuiltSite, *names: str) -> None:
    """Leave exactly these flags for the role."""
    touched = " ".join(f"/srv/trial/flag-{name}" for name in names)
    done = site.on("reading1", f"rm -f /srv/trial/flag-*; {f'touch {touched}' if touched else 'true'}")
    assert done.returncode == 0, done.stderr


def at_work(folder: Path) -> list[psutil.Process]:
    """The engine and everything that it has started for this project folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "cwd"]):
        command = " ".join(process.info["cmdline"] or [])
        engine = "ansible_worker" in command and process.info["cwd"] == str(folder)
        if engine or str(folder) in (process.info["environ"] or {}).get("ANSIBLE_ROLES_PATH", ""):
            found.append(process)
    return found


def playing(folder: Path) -> psutil.Process:
    """Ansible itself, at work for this project folder."""
    return next(process for process in at_work(folder) if "ansible-playbook" in " ".join(process.cmdline()))


def test_a_plan_of_a_bare_host_says_what_it_cannot_see(ward: BuiltSite) -> None:
    said = told(ward, "plan")
    assert [step["step"] for step in said["steps"] if step["changed"]] == ["Have a folder"]
    assert said["unseen"] == [
        "reading1: system: Install Python, which Ansible needs on a host",
        "reading1: workstation: Every step of this role: Ansible sees nothing before Python is on the host",
    ]
    assert said["coverage"] == pytest.approx(1 / 3, abs=0.001)


def test_a_cold_build_converges_and_the_second_changes_nothing(ward: BuiltSite) -> None:
    first = told(ward, "build")
    assert first["reasons"] == []
    assert first["outcome"] == "accepted"
    assert first["changed"] == 9  # a folder by pyinfra; Python; six files and folders; the handler
    second = told(ward, "build")
    assert (second["changed"], second["outcome"]) == (0, "accepted")
    greeting = ward.on("reading1", "cat /srv/trial/greeting /srv/trial/restarts").stdout
    assert greeting == "reading1 stands in Test room {{ not a template }}\nrestarted\n"


def test_a_plan_shows_the_difference_and_changes_nothing(ward: BuiltSite) -> None:
    file = ward.folder / "inventory" / ward.name / "site.yml"
    file.write_text(file.read_text().replace("location: Test room", "location: Other room"))
    before = ward.on("reading1", STATE).stdout
    said = told(ward, "plan")
    assert ward.on("reading1", STATE).stdout == before, "a plan has changed something"
    (change,) = [step for step in said["steps"] if step["changed"]]
    assert (change["host"], change["role"], change["step"]) == ("reading1", "workstation", "Greet")
    assert "-reading1 stands in Test room" in change["diff"]
    assert "+reading1 stands in Other room" in change["diff"]
    assert said["unseen"] == ["reading1: workstation: Count a restart"]


def test_killed_in_mid_run_it_leaves_nothing_and_the_next_build_makes_good(ward: BuiltSite) -> None:
    """The greeting is written and its restart still owed when everything is killed."""
    flags(ward, "slow")
    command = [sys.executable, "-m", "builder.cli.main", "build", "--site", ward.name]
    running = subprocess.Popen(
        command, cwd=ward.folder, env={**os.environ, **ward.environment}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    line = next(line for line in running.stdout if "forget to be silent" in line or "Greet: changed" in line)
    assert "Greet" in line
    environment = playing(ward.folder).environ()
    room = Path(environment["ANSIBLE_HOME"]).parent
    assert room.stat().st_mode & 0o777 == 0o700
    assert str(room).startswith("/dev/shm/")
    assert SECRET not in json.dumps(environment)
    assert not [process for process in psutil.process_iter(["cmdline"]) if SECRET in str(process.info["cmdline"])]
    running.send_signal(signal.SIGKILL)
    until(lambda: not at_work(ward.folder) and not room.exists())
    flags(ward)
    again = told(ward, "build")
    assert again["outcome"] == "accepted"
    assert ward.on("reading1", "cat /srv/trial/restarts").stdout == "restarted\n" * 2


def test_a_failing_step_is_a_sentence_and_exit_code_1(ward: BuiltSite) -> None:
    flags(ward, "broken")
    (reason,) = told(ward, "build", code=1)["reasons"]
    assert reason == ("reading1 | workstation | Count the disks: the command ended with exit code 3: no disk in slot 3")


def test_the_secret_is_only_where_it_belongs(ward: BuiltSite) -> None:
    pattern = (
        f"{SECRET[:-1]}[{SECRET[-1]}]"  # not the secret itself: sudo writes what it is asked to do into the journal
    )
    places = "/srv /etc /home /root /tmp /var/tmp /var/lib /var/log /run /dev/shm"
    found = ward.on("reading1", f"sudo grep -rls '{pattern}' {places}")
    assert sorted(found.stdout.split()) == ["/srv/trial/loud", "/srv/trial/password"]
    journal = ward.on("reading1", f"sudo journalctl --no-pager -o cat | grep -c '{pattern}'")
    assert journal.stdout.strip() == "0"
    assert contains(ward.folder, "forget to be silent"), "the ledger is searched, too"
    assert not contains(ward.folder, SECRET)
    assert ward.on("reading1", "find /run/pacsmith-ansible/build ~/.ansible -mindepth 1 2>/dev/null").stdout == ""


def test_a_host_that_is_down_is_exit_code_3(ward: BuiltSite) -> None:
    ward.on("reading1", "sudo systemctl poweroff")
    name = f"--machine=reading1.{ward.name}"
    psutil.wait_procs([p for p in psutil.process_iter(["cmdline"]) if name in (p.info["cmdline"] or [])], timeout=60)
    (reason,) = told(ward, "build", code=3)["reasons"]
    assert reason.startswith("reading1 (10.114.0.12): no SSH connection")


def until(true: Any, seconds: float = 60) -> None:
    """Wait for a condition; fail when it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def contains(folder: Path, text: str) -> bool:
    """Whether any plain file below holds the text."""
    return any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
