"""The lab itself, on this machine: it boots, mends what was killed, keeps labs apart, and leaves nothing behind."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.lab import Lab, cgroups
from builder.lab.layout import Layout
from builder.lab.machine import KeeperState, read_keeper
from builder.lab.mounts import below
from builder.lab.processes import command_lines, is_below
from builder.load.site import load_site
from tests.lab.conftest import mark_as_tested

COMMAND = (sys.executable, "-m", "builder.cli.main")
SITE = """\
name: {name}
title: Lab test
domain: lab.test
contacts: [{{name: Test Administrator, duty: PACS administrator}}]
access: {{administration: [{net}.1/32]}}
ca: {{mode: internal}}
networks:
  - {{name: ward, address: {net}.0/24, gateway: {net}.1}}
hosts:
  - name: arc
    class: archive
    product: {{id: orthanc, version: 1.12.7}}
    network: ward
    address: {net}.11
    location: Test rack
peers:
  - {{name: ct, kind: modality, network: ward, address: {net}.21, location: Test room, stand_in: true}}
"""


@dataclass(frozen=True)
class Project:
    """A project folder with one site, and the lab that it names."""

    folder: Path
    site: str

    @classmethod
    def new(cls, folder: Path, site: str, net: str) -> "Project":
        """Write the site file. `net` is the first three bytes of its network."""
        file = folder / "inventory" / site / "site.yml"
        file.parent.mkdir(parents=True)
        file.write_text(SITE.format(name=site, net=net))
        mark_as_tested(folder)
        return cls(folder, site)

    @property
    def layout(self) -> Layout:
        return Layout.of(self.site)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `pacsmith lab ...` in the project folder."""
        return subprocess.Popen(
            [*COMMAND, "lab", *arguments],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def lab(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """Run `pacsmith lab ...`; it must end with `code`. Returns what it said."""
        process = self.start(*arguments, **environment)
        said, _ = process.communicate(timeout=180)
        assert process.returncode == code, said
        assert "Traceback" not in said
        return said

    def on(self, host: str, command: str, code: int = 0) -> str:
        """Run a shell command on a host, as its SSH user; what `lab ssh` would run."""
        lab = Lab(load_site(self.folder / "inventory" / self.site / "site.yml").value)
        done = subprocess.run(
            lab.ssh_argv(host, [command]), cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return (done.stdout + done.stderr).strip()

    def boot_id(self, host: str) -> str:
        return self.on(host, "cat /proc/sys/kernel/random/boot_id")

    def keeper(self, host: str) -> KeeperState:
        state = read_keeper(self.layout.host(host))
        assert state is not None
        return state

    def debris(self) -> dict[str, object]:
        """Whatever of this lab is left on the machine, apart from its lock file."""
        links = json.loads(subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout)
        tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout.split()
        found: dict[str, object] = {
            "processes": [argv for _, argv in command_lines() if is_below(argv, str(self.layout.hosts))],
            "mounts": below(self.layout.folder),
            "links": [
                k["ifname"]
                for k in links
                if str(k.get("ifalias", "")).startswith(self.layout.bridge_alias_start)
                or k["ifname"] in map(self.layout.bridge, ("ward", "office"))
            ],
            "nft": [table for table in tables if table == self.layout.table],
            "cgroups": [root for root in cgroups.mounted() if (root / self.layout.cgroup).exists()],
            "files": [p for p in (self.layout.folder, self.layout.lock) if p.exists()],
            "nspawn": list(Path("/run/systemd/nspawn/propagate").glob(f"*.{self.site}")),
        }
        return {kind: what for kind, what in found.items() if what}


def until(what: str, true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; the test fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A lab that is up for the whole module; each test leaves it up."""
    project = Project.new(tmp_path_factory.mktemp("ward"), "lab-test-ward", "10.92.1")
    try:
        project.lab("up")
        yield project
    finally:
        project.lab("down")
    assert project.debris() == {}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Project]:
    """A second lab with hosts of the same names; not up yet."""
    project = Project.new(tmp_path, "lab-test-other", "10.92.2")
    try:
        yield project
    finally:
        project.lab("down")
    assert project.debris() == {}


def test_host_is_up_and_minimal(ward: Project) -> None:
    assert ward.on("arc", "systemctl is-system-running") == "running"
    assert ward.on("arc", "hostname; sudo -n id -u; . /etc/os-release; echo $VERSION_ID $LANG") == "arc\n0\n13 C.UTF-8"
    assert ward.on("arc", "command -v dcmdump || echo none") == "none"
    assert ward.on("ct", "command -v storescu findscu curl jq | wc -l") == "4"
    assert ward.on("arc", "systemctl list-timers --all --no-legend | grep -c apt || true") == "0"


def test_host_reaches_the_package_mirror_and_the_other_host(ward: Project) -> None:
    said = ward.on("arc", "sudo -n apt-get update --error-on=any 2>&1")
    assert all(suite in said for suite in ("trixie ", "trixie-updates ", "trixie-security "))
    assert ward.on("ct", "bash -c 'read -t 5 word < /dev/tcp/10.92.1.11/22; echo $word'").startswith("SSH-")


def test_only_the_pinned_key_is_accepted(ward: Project) -> None:
    pins = ward.folder / ".pacsmith/lab-test-ward/ssh/known_hosts"
    text = pins.read_text()
    own, foreign = (line.split()[2] for line in text.splitlines())
    try:
        pins.write_text(text.replace(own, foreign))
        assert "Host key verification failed" in ward.on("arc", "true", code=255)
    finally:
        pins.write_text(text)
    assert ward.on("arc", "true") == ""


def test_root_and_passwords_are_refused(ward: Project) -> None:
    config = ward.on("arc", "sudo -n sshd -T")
    assert "permitrootlogin no" in config
    assert "passwordauthentication no" in config


def test_second_up_does_nothing_and_is_quick(ward: Project) -> None:
    """Nothing is started again, and the command works hardly more than `lab status`, which only looks (measured: 1.0).
    Time on the clock would tell how busy the machine is."""
    before = [ward.keeper(host) for host in ("arc", "ct")]
    boots = [ward.boot_id(host) for host in ("arc", "ct")]
    looking = min(worked(lambda: ward.lab("status")) for _ in range(2))
    said: list[str] = []
    assert worked(lambda: said.append(ward.lab("up"))) < 1.5 * looking
    assert said == ["lab lab-test-ward: all 2 hosts are up\n"]
    assert [ward.keeper(host) for host in ("arc", "ct")] == before
    assert [ward.boot_id(host) for host in ("arc", "ct")] == boots


def worked(command: Callable[[], object]) -> float:
    """Seconds of processor that the commands which ran and ended meanwhile have used, with all that they started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_rebooting_host_comes_back_by_itself(ward: Project) -> None:
    before, keys = ward.boot_id("arc"), ward.on("arc", "cat /etc/ssh/ssh_host_*.pub /etc/machine-id")
    boots = ward.keeper("arc").boots
    ward.on("arc", "sudo -n systemctl reboot", code=0)
    until("the host boots again", lambda: ward.keeper("arc").boots == boots + 1)
    ward.lab("up")
    assert ward.boot_id("arc") != before
    assert ward.on("arc", "cat /etc/ssh/ssh_host_*.pub /etc/machine-id") == keys


def test_host_that_powers_off_stays_off_until_up(ward: Project) -> None:
    ward.on("ct", "sudo -n systemctl poweroff")
    until("the keeper ends", lambda: ward.keeper("ct").ended is not None)
    assert "powered off" in ward.lab("status")
    ward.lab("up")
    assert ward.on("ct", "systemctl is-system-running") == "running"


def test_killed_nspawn_is_started_again_by_its_keeper(ward: Project) -> None:
    before = ward.keeper("arc")
    os.kill(before.machine.pid, signal.SIGKILL)
    until("a new nspawn", lambda: ward.keeper("arc").boots == before.boots + 1 and ward.keeper("arc").machine.alive)
    ward.lab("up")
    assert ward.keeper("arc").keeper == before.keeper
    assert ward.on("arc", "systemctl is-system-running") == "running"


def test_killed_keeper_is_mended_by_up(ward: Project) -> None:
    before = ward.keeper("arc")
    ward.on("arc", "echo kept > ~/note && sync")
    os.kill(before.keeper.pid, signal.SIGKILL)
    ward.lab("up")
    assert ward.keeper("arc").keeper.alive
    assert ward.on("arc", "cat ~/note") == "kept"


def test_lost_bridge_and_rules_are_mended_without_a_reboot(ward: Project) -> None:
    before = ward.boot_id("arc")
    subprocess.run(["ip", "link", "delete", "dev", ward.layout.bridge("ward")], check=True)
    subprocess.run(["nft", "delete", "table", "ip", ward.layout.table], check=True)
    ward.lab("up")
    assert ward.boot_id("arc") == before
    ward.on("ct", "sudo -n apt-get update --error-on=any")


def test_lost_keys_and_pins_are_made_again(ward: Project) -> None:
    shutil.rmtree(ward.folder / ".pacsmith")
    ward.lab("up")
    assert ward.lab("ssh", "arc", "--", "hostname") == "arc\n"
    assert ward.lab("ssh", "arc", "--", "printf", "%s|", "two words", "$HOME") == "two words|$HOME|"


def test_a_service_stopped_on_one_host_goes_on_on_the_other(ward: Project) -> None:
    """Without a control group for each host, systemd's cgroup.kill ends the service of that name on all hosts."""
    for host in ("arc", "ct"):
        ward.on(host, "sudo -n systemd-run --quiet --unit=probe sleep 600")
    ward.on("arc", "sudo -n systemctl stop probe")
    assert ward.on("ct", "systemctl is-active probe") == "active"
    ward.on("ct", "sudo -n systemctl stop probe")


def test_restore_brings_the_disks_back(ward: Project) -> None:
    ward.on("arc", "echo before > ~/state")
    ward.lab("snapshot", "clean")
    ward.on("arc", "echo after > ~/state; touch ~/later; sudo -n rm /etc/issue")
    ward.on("ct", "touch ~/later")
    assert "clean" in ward.lab("status")
    ward.lab("restore", "clean")
    assert (
        ward.on("arc", "cat ~/state; test -e /etc/issue && test ! -e ~/later && echo as-before") == "before\nas-before"
    )
    assert ward.on("ct", "test ! -e ~/later && echo as-before") == "as-before"


@pytest.mark.long
def test_the_hosts_of_an_old_snapshot_are_still_the_pinned_ones(ward: Project) -> None:
    """Their keys belong to the lab, not to the disks: neither new pins nor another boot part them."""
    ward.lab("snapshot", "old")
    shutil.rmtree(ward.folder / ".pacsmith")
    ward.lab("down", "--keep")
    ward.lab("up")
    ward.lab("restore", "old")
    for host in ("arc", "ct"):
        assert ward.on(host, "hostname") == host


def test_restore_cut_short_is_finished_by_up(ward: Project) -> None:
    ward.on("arc", "echo before > ~/state")
    ward.lab("snapshot", "half")
    ward.on("arc", "echo after > ~/state")
    restoring = ward.start("restore", "half")
    until("the restore begins", ward.layout.restoring.is_file)
    restoring.kill()
    restoring.wait()
    if ward.layout.restoring.is_file():  # else it was quicker than the kill
        assert "cut short" in ward.lab("up")
    ward.lab("up")
    assert ward.on("arc", "cat ~/state") == "before"


def test_unknown_names_are_refused_with_those_that_exist(ward: Project) -> None:
    assert "it has arc, ct" in ward.lab("ssh", "nobody", "--", "true", code=2)
    assert "no snapshot 'nothing'" in ward.lab("restore", "nothing", code=2)
    assert "is no name for a snapshot" in ward.lab("snapshot", "../../etc", code=2)


def test_two_labs_do_not_collide(ward: Project, other: Project) -> None:
    before = ward.boot_id("arc")
    both = [other.start("up"), ward.start("up")]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert other.on("arc", "hostname -I").split() == ["10.92.2.11"]
    assert ward.on("arc", "hostname -I").split() == ["10.92.1.11"]
    other.lab("down")
    assert other.debris() == {}
    assert ward.boot_id("arc") == before
    ward.on("arc", "sudo -n apt-get update --error-on=any")  # NAT and forwarding have survived the other's going


def test_two_ups_at_once_make_one_lab(other: Project) -> None:
    both = [other.start("up"), other.start("up")]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert other.keeper("arc").boots == 1
    assert sorted("all 2 hosts are up\n" in text for text in said) == [False, True]


def test_same_name_or_network_elsewhere_is_refused(ward: Project, tmp_path: Path) -> None:
    twin = Project.new(tmp_path / "twin", ward.site, "10.92.3")
    said = twin.lab("up", code=2)
    assert str(ward.folder) in said
    assert "pacsmith lab down" in said
    neighbour = Project.new(tmp_path / "neighbour", "lab-test-neighbour", "10.92.1")
    said = neighbour.lab("up", code=2)
    assert "network ward (10.92.1.0/24) overlaps 10.92.1.0/24" in said
    assert "lab-test-ward" in said
    assert neighbour.debris() == {}
    assert ward.on("arc", "hostname") == "arc"


def test_kept_disks_go_on_after_down(other: Project) -> None:
    other.lab("up")
    other.on("arc", "echo kept > ~/note")
    other.lab("down", "--keep")
    assert set(other.debris()) == {"files"}
    other.lab("up")
    assert other.on("arc", "cat ~/note") == "kept"


STAGES: dict[str, Callable[[Layout], bool]] = {
    "owner-written": lambda layout: layout.owner.exists(),
    "disk-begun": lambda layout: layout.host("arc").upper.exists(),
    "root-mounted": lambda layout: layout.host("arc").root.is_mount(),
    "keeper-running": lambda layout: layout.host("arc").keeper_state.exists(),
}


def test_another_user_port_and_two_networks(other: Project) -> None:
    file = other.folder / "inventory" / other.site / "site.yml"
    office = "networks:\n  - {name: office, address: 10.92.4.0/25, gateway: 10.92.4.126}\n"
    text = file.read_text().replace("networks:\n", "ssh: {user: radmin, port: 2222}\n" + office)
    file.write_text(text.replace("network: ward, address: 10.92.2.21", "network: office, address: 10.92.4.1"))
    other.lab("up")
    assert other.on("ct", "hostname -I; id -un").split() == ["10.92.4.1", "radmin"]
    said = other.on(
        "arc", "bash -c 'read -t 5 word < /dev/tcp/10.92.4.1/2222; echo $word; ss -Hltn | grep -c :22$'", code=1
    )
    assert said.startswith("SSH-")
    assert said.endswith("\n0")
    file.write_text(file.read_text().replace("10.92.4.1,", "10.92.4.2,").replace("radmin", "second"))
    other.lab("up")  # the site has changed: the hosts follow, with the same disks
    assert other.on("ct", "hostname -I; sudo -n -l -U radmin | grep -c NOPASSWD; id -un").split() == [
        "10.92.4.2",
        "0",
        "second",
    ]
    assert other.on("ct", "ls /home").split() == ["radmin", "second"]


def kill_up_at(project: Project, stage: str) -> None:
    """`kill -9` an `up` as soon as the stage is reached."""
    up = project.start("up")
    until(stage, lambda: STAGES[stage](project.layout))
    up.kill()
    up.wait()


def test_down_after_killed_ups_leaves_nothing(other: Project) -> None:
    for stage in STAGES:
        kill_up_at(other, stage)
        other.lab("down")
        assert other.debris() == {}, stage


@pytest.mark.parametrize("stage", ["owner-written", "root-mounted"])
def test_up_after_a_killed_up_finishes_the_work(other: Project, stage: str) -> None:
    kill_up_at(other, stage)
    other.lab("up")
    assert other.on("arc", "systemctl is-system-running; hostname") == "running\narc"
    assert other.on("ct", "systemctl is-system-running; hostname") == "running\nct"


def test_a_bridge_that_a_killed_up_had_not_marked_yet(other: Project) -> None:
    """The moment between `ip link add` and its alias, made by hand: too short to be met by a kill at will."""
    bridge = ["ip", "link", "add", "name", other.layout.bridge("ward"), "type", "bridge"]
    kill_up_at(other, "owner-written")
    other.lab("down")
    subprocess.run(bridge, check=True)
    other.lab("up")
    assert other.on("arc", "hostname") == "arc"
    other.lab("down")
    assert other.debris() == {}
    subprocess.run(bridge, check=True)
    other.lab("down")
    assert other.debris() == {}


def test_down_after_everything_was_killed(other: Project) -> None:
    other.lab("up")
    states = [other.keeper(host) for host in ("arc", "ct")]
    for state in states:
        os.kill(state.keeper.pid, signal.SIGKILL)
        os.kill(state.machine.pid, signal.SIGKILL)
    shutil.rmtree(other.layout.folder / "hosts" / "arc" / "upper")
    for host in ("arc", "ct"):
        other.layout.host(host).keeper_state.unlink(missing_ok=True)
    other.lab("down")
    assert other.debris() == {}


def test_killed_base_build_is_swept_away(other: Project, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    up = other.start("up", PACSMITH_CACHE_DIR=str(cache))
    marks = (str(cache), "mmdebstrap")

    def building() -> bool:
        return any(all(any(mark in part for part in argv) for mark in marks) for _, argv in command_lines())

    until("mmdebstrap works", lambda: building() and any(cache.glob(".making-*/tree/*")))
    up.kill()
    up.wait()
    assert building()
    other.lab("down", PACSMITH_CACHE_DIR=str(cache))
    assert not building()
    assert not any(cache.glob(".making-*"))
    assert below(cache) == ()


def test_nothing_is_done_without_room(other: Project) -> None:
    small = other.folder / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(small)], check=True)
    try:
        said = other.lab("up", code=1, PACSMITH_LAB_DIR=str(small))
        assert "needs 1300 MiB free, there are 20 MiB" in said
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert other.debris() == {}
