"""Bad days in mid-build: a clear sentence with the place, the right exit code, and the next build finishes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.lab.conftest import BuiltSite, bare_site


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """One booted host; the first test that lets a build through leaves it accepted."""
    yield from bare_site(tmp_path_factory.mktemp("ward"), "kill.yml")


def build(site: BuiltSite) -> subprocess.CompletedProcess[str]:
    return site.pacsmith("build", "--site", site.name)


def test_a_mirror_that_is_down(ward: BuiltSite) -> None:
    file = ward.folder / "inventory" / ward.name / "site.yml"
    text = file.read_text()
    ward.on(
        "kw", "sudo cp -a /etc/apt/sources.list.d/debian.sources /root/"
    )  # a host keeps the last mirror it was given
    file.write_text(text.replace("networks:\n", "packages: {mirror: http://127.0.0.1:9/debian}\nnetworks:\n", 1))
    try:
        done = build(ward)
    finally:
        file.write_text(text)
        ward.on("kw", "sudo cp -a /root/debian.sources /etc/apt/sources.list.d/")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_full_disk(ward: BuiltSite) -> None:
    assert ward.on("kw", "sudo mount -t tmpfs -o size=2m full /var/cache/apt/archives").returncode == 0
    try:
        done = build(ward)
    finally:
        ward.on("kw", "sudo umount /var/cache/apt/archives")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "space" in done.stderr.lower()
    assert "kw" in done.stderr


@pytest.mark.long
def test_power_loss_of_the_host_in_mid_build(ward: BuiltSite) -> None:
    under_way = subprocess.Popen(
        [sys.executable, "-m", "builder.cli.main", "build", "--site", ward.name],
        cwd=ward.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert under_way.stdout is not None
    said = ""
    for line in under_way.stdout:
        said += line
        if "Install the packages" in line or "Let no service start" in line:
            break
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "systemd-nspawn" and "--machine=kw.kill-ward" in process.info["cmdline"]:
            process.kill()
    said += under_way.communicate(timeout=300)[0]
    assert under_way.returncode in (1, 3), said
    assert "Traceback" not in said
    assert ward.pacsmith("lab", "up", ward.name).returncode == 0
    again = build(ward)
    assert again.returncode == 0, again.stdout + again.stderr
    second = ward.pacsmith("build", "--site", ward.name, "--json")
    assert json.loads(second.stdout)["changed"] == 0, second.stderr


def test_a_changed_host_key_is_not_trusted(ward: BuiltSite) -> None:
    pins = ward.folder / ".pacsmith" / ward.name / "ssh" / "known_hosts"
    text = pins.read_text()
    other = Path(ward.folder / "other")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    own = next(line for line in text.splitlines() if "10.85.0.12" in line)
    pins.write_text(text.replace(own, f"{own.split()[0]} {other.with_suffix('.pub').read_text().strip()}"))
    try:
        done = build(ward)
    finally:
        pins.write_text(text)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "host key" in done.stderr


@pytest.mark.long  # test_a_host_that_is_down_is_exit_code_3 is in the gate
def test_a_host_that_is_down(ward: BuiltSite) -> None:
    ward.on("kw", "sudo systemctl poweroff")
    gone = [p for p in psutil.process_iter(["cmdline"]) if "--machine=kw.kill-ward" in (p.info["cmdline"] or [])]
    psutil.wait_procs(gone, timeout=60)
    done = build(ward)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "kw (10.85.0.12)" in done.stderr
    assert ward.pacsmith("lab", "up", ward.name).returncode == 0
    assert ward.on("kw", "true").returncode == 0
