"""The main job, as its user sees it: a second build changes nothing, a plan tells the truth, secrets stay secret."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from tests.lab.conftest import NORTH_SECRETS, BuiltSite
from tests.lab.test_from_outside import web_password

NORTH_VAULT = ("north_viewer", "north_feeder", "north_keeper", "north_backup")


def test_cold_build_is_accepted(north: BuiltSite) -> None:
    assert [line for line in north.output.splitlines() if line.startswith("run ")][-1].endswith(": accepted")


def test_second_build_changes_nothing_in_any_role(north: BuiltSite) -> None:
    done = north.pacsmith("build", "--site", north.name, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["changed"] == 0
    assert said["outcome"] == "accepted"


def test_second_build_on_debian_12_with_tls_changes_nothing(tls_ward: BuiltSite) -> None:
    done = tls_ward.pacsmith("build", "--site", tls_ward.name, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changed"] == 0


def test_plan_shows_a_changed_file_and_changes_nothing(north: BuiltSite) -> None:
    before = json.loads(north.pacsmith("plan", "--site", north.name, "--json").stdout)
    assert before["changes"] == 0
    assert before["coverage"] == 1.0
    north.on("vna", "sudo sed -i 's/SystemMaxUse=.*/SystemMaxUse=7M/' /etc/systemd/journald.conf.d/*.conf")
    try:
        text = north.pacsmith("plan", "--site", north.name).stdout
        assert "-SystemMaxUse=7M" in text.replace("    ", "")
        again = json.loads(north.pacsmith("plan", "--site", north.name, "--json").stdout)
        assert again["changes"] >= 1
    finally:
        assert north.pacsmith("build", "--site", north.name).returncode == 0


def test_no_secret_is_seen_anywhere(north: BuiltSite) -> None:
    values = [*NORTH_SECRETS.values(), *(web_password(north, name) for name in NORTH_VAULT)]
    command_lines: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):  # often enough for a command of a tenth of a second, and it leaves the cores alone
            for process in psutil.process_iter(["cmdline"]):
                command_lines.add(" ".join(process.info["cmdline"] or []))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said = north.pacsmith("build", "--site", north.name)
        verified = north.pacsmith("verify", "--site", north.name, "--all")
        reported = north.pacsmith("report", "--site", north.name, "--format", "html,json,junit")
    finally:
        stop.set()
        watcher.join()
    assert said.returncode == verified.returncode == reported.returncode == 0, said.stderr + verified.stderr
    texts = {"command lines": "\n".join(command_lines), "cold build": north.output}
    for name, done in {"build": said, "verify": verified, "report": reported}.items():
        texts[name] = done.stdout + done.stderr
    state = north.folder / ".pacsmith" / north.name
    for file in state.rglob("*"):
        if file.is_file():
            texts[str(file)] = file.read_bytes().decode("utf-8", "replace")
    assert any("ledger.db" in name for name in texts)
    assert any("dossier.html" in name for name in texts)
    for where, text in texts.items():
        for value in values:
            assert value not in text, f"a secret is in {where}"


def test_render_check_tells_whether_files_are_current(north: BuiltSite) -> None:
    assert north.pacsmith("render", north.name).returncode == 0
    assert north.pacsmith("render", north.name, "--check").returncode == 0
    table = next((north.folder / ".pacsmith" / north.name / "rendered").glob("ae*.csv"))
    table.write_text(table.read_text().replace("DESK", "DISK"))
    changed = north.pacsmith("render", north.name, "--check")
    assert changed.returncode == 1
    assert "+" in changed.stdout
    assert "DESK" in changed.stdout
    assert north.pacsmith("render", north.name).returncode == 0


def test_two_builds_at_once_the_second_is_told_who_holds_it(north: BuiltSite) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "builder.cli.main", "build", "--site", north.name],
        cwd=north.folder, env={**_environment(north)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("converge"):
            break
    second = north.pacsmith("build", "--site", north.name)
    first.communicate(timeout=300)
    assert first.returncode == 0
    assert second.returncode == 4, second.stdout + second.stderr
    assert "build" in second.stderr


def _environment(site: BuiltSite) -> dict[str, str]:
    import os  # noqa: PLC0415 - one use

    return {**os.environ, **site.environment}


def test_a_wheel_works_in_an_empty_folder(tmp_path: Path) -> None:
    checkout = Path(__file__).resolve().parents[2]
    beside = Path(sys.executable).parent
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", checkout],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    wheel = next((tmp_path / "dist").glob("*.whl"))
    environment = tmp_path / "environment"
    # The dependencies come from the tests' own environment: installing them again would prove nothing about our wheel.
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    packages = next((environment / "lib").glob("python3*")) / "site-packages"
    tested = next((beside.parent / "lib").glob("python3*")) / "site-packages"
    (packages / "tested.pth").write_text(f"{tested}\n")
    subprocess.run([environment / "bin" / "pip", "install", "-q", "--no-deps", "--ignore-installed", wheel], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments in (["init", "own"], ["validate"], ["render"]):
        done = subprocess.run(
            [environment / "bin" / "pacsmith", *arguments], cwd=empty, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    where = subprocess.run(
        [environment / "bin" / "python", "-c", "import builder; print(builder.__file__)"],
        cwd=empty, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(environment) in where.stdout
    assert (empty / ".pacsmith" / "own" / "rendered").is_dir()
