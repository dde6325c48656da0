"""The lab with Vagrant's provider lxc in nspawn's place: one host of each class, built and accepted; what a kill
leaves; and the Vagrantfile for hypervisors that cannot run here."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.lab import containers
from builder.lab.layout import Layout
from builder.lab.vagrant import Vagrant
from builder.load.shipped import vagrantfile
from tests.lab.conftest import BuiltSite, new_folder, run_steps
from tests.lab.test_lab import Project

pytestmark = [
    pytest.mark.vagrant,
    pytest.mark.skipif(
        platform.freedesktop_os_release().get("VERSION_ID") != "12",
        reason="Debian 12 alone has the package vagrant-lxc",
    ),
]
HOSTS = ("bedside", "read1", "store")


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """A site brought up and built by one command."""
    site = new_folder(tmp_path_factory.mktemp("boxed"), "boxed.yml", {})
    try:
        secrets = ["secrets", "generate", "--site", site.name]
        said = run_steps(site, ["depot", "fetch"], secrets, ["build", "--site", site.name, "--lab", "vagrant"])
        yield BuiltSite(site.folder, site.name, {}, said)
    finally:
        site.pacsmith("lab", "down", site.name)


def left_of(layout: Layout) -> dict[str, object]:
    """What there is of Vagrant's on this machine."""
    group = Path("/sys/fs/cgroup").rglob(f"*{layout.container_prefix}*")
    return {"containers": containers.names(layout.container_prefix), "groups": sorted(map(str, group))}


def test_one_command_brings_a_host_of_each_class_up_and_has_it_accepted(boxed: BuiltSite) -> None:
    assert [line for line in boxed.output.splitlines() if line.startswith("run ")][-1].endswith(": accepted")
    assert {name: boxed.on(name, "systemd-detect-virt").stdout.strip() for name in HOSTS} == dict.fromkeys(HOSTS, "lxc")


def test_a_second_build_of_the_thin_client_changes_nothing(boxed: BuiltSite) -> None:
    done = boxed.pacsmith("build", "--site", boxed.name, "--host", "bedside", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changed"] == 0


@pytest.mark.long
def test_the_same_command_again_changes_nothing(boxed: BuiltSite) -> None:
    done = boxed.pacsmith("build", "--site", boxed.name, "--lab", "vagrant", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changed"] == 0
    assert "all 3 hosts are up" in done.stderr


@pytest.mark.long
def test_a_host_comes_back_from_a_reboot_with_its_address_and_key(boxed: BuiltSite) -> None:
    began = "systemctl show -p UserspaceTimestampMonotonic --value"
    before = boxed.on("store", began).stdout
    boxed.on("store", "sudo systemctl reboot")
    end = time.monotonic() + 60
    while (now := boxed.on("store", began)).returncode != 0 or now.stdout == before:
        assert time.monotonic() < end, now.stdout + now.stderr
        time.sleep(0.5)
    assert boxed.on("store", "systemctl is-system-running --wait").stdout.strip() == "running"


@pytest.mark.long
def test_status_says_how_the_hosts_do_and_the_other_driver_keeps_off(boxed: BuiltSite) -> None:
    said = json.loads(boxed.pacsmith("lab", "status", boxed.name, "--json").stdout)
    assert {host["name"]: host["state"] for host in said["hosts"]} == dict.fromkeys(HOSTS, "running")
    assert all(host["up_seconds"] > 0 and host["memory"] > 0 for host in said["hosts"])
    for refused in (["up"], ["down", "--keep"], ["snapshot", "now"]):
        done = boxed.pacsmith("lab", *refused, "--site", boxed.name)
        assert (done.returncode, "Vagrant's containers" in done.stderr) == (2, True), done.stderr


def by_hand(project: Path, scratch: Path, provider: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Vagrant as a person calls it in a project folder, with a home of its own.

    Vagrant reads its settings for VirtualBox only where VBoxManage tells a version.
    """
    program = scratch / "VBoxManage"
    program.write_text("#!/bin/sh\necho 7.0.20r163906\n")
    program.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VAGRANT_")},
        "PATH": f"{scratch}:{os.environ['PATH']}",
        "PACSMITH_PROJECT": str(project),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
        "VAGRANT_CWD": str(vagrantfile().parent),
        "VAGRANT_DEFAULT_PROVIDER": provider,
        "VAGRANT_DOTFILE_PATH": str(scratch / "machines"),
        "VAGRANT_HOME": str(scratch / "home"),
    }
    return subprocess.run(["vagrant", *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("provider", ["lxc", "libvirt", "virtualbox"])
def test_vagrant_takes_the_file_for_each_provider(tmp_path: Path, provider: str) -> None:
    """Of libvirt and VirtualBox this is all that can be asked here: neither can boot a machine on this kind of host."""
    site = new_folder(tmp_path / "project", "boxed.yml", {})
    assert "no host list" in by_hand(site.folder, tmp_path, provider, "validate").stderr
    run_steps(site, ["render"])
    done = by_hand(site.folder, tmp_path, provider, "validate")
    assert (done.returncode, done.stdout.strip()) == (0, "Vagrantfile validated successfully."), done.stderr


def test_by_hand_the_lab_has_to_be_up(tmp_path: Path) -> None:
    site = new_folder(tmp_path / "project", "reading.yml", {})
    run_steps(site, ["render"])
    done = by_hand(site.folder, tmp_path, "lxc", "up")
    assert done.returncode == 1
    assert "is not there; run: pacsmith lab up --driver vagrant" in done.stderr


def test_down_leaves_nothing(boxed: BuiltSite) -> None:
    """The last test of the site: it is gone afterwards."""
    assert boxed.pacsmith("lab", "down", boxed.name).returncode == 0
    layout = Layout.of(boxed.name)
    assert left_of(layout) == {"containers": (), "groups": []}
    assert not layout.folder.exists()
    assert not (boxed.folder / ".pacsmith" / boxed.name / "vagrant").exists()


def interrupted_up(cut: Project) -> None:
    """Kill `lab up` while Vagrant makes the containers; Vagrant itself is left alone."""
    up = cut.start("up", "--driver", "vagrant")
    end = time.monotonic() + 240  # boxes may have to be made first
    while not containers.names(cut.layout.container_prefix):
        assert up.poll() is None, up.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)
    up.kill()
    up.wait()


@pytest.mark.long
def test_a_killed_up_is_finished_by_the_next_and_cleared_by_down(tmp_path: Path) -> None:
    cut = Project.new(tmp_path, "cut", "10.118.0")
    try:
        interrupted_up(cut)
        assert "all 2 hosts are up" in cut.lab("up", "--driver", "vagrant")
        assert cut.on("ct", "command -v storescu") == "/usr/bin/storescu"
        cut.lab("down")
        interrupted_up(cut)
    finally:
        cut.lab("down")
    assert left_of(cut.layout) == {"containers": (), "groups": []}
    assert not any(cut.debris().values()), cut.debris()
    assert not Vagrant(cut.layout, tmp_path / ".pacsmith" / "cut" / "vagrant").folder.exists()
