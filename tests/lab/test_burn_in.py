"""Burn-in on real hosts: what it proves, that it leaves nothing, whatever ends it; and who of many machines differs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab.conftest import BuiltSite, new_folder, run_steps

pytestmark = pytest.mark.long
HOSTS = ("new1", "new2", "new3")
STATE = "dpkg -l | sha256sum; getent group | sha256sum; systemctl --failed --no-legend"
# A screen as the role's, with somebody who presses a key after the 10 s in which a starting X server touches itself.
SCREEN = """\
set -e
sudo apt-get install -qq -y --no-install-recommends xvfb xauth python3-xlib >/dev/null
sudo mkdir -p /run/pacsmith-screen
sudo xauth -q -f /run/pacsmith-screen/authority add :0 . $(mcookie)
sudo systemd-run --quiet --unit=test-screen Xvfb :0 -screen 0 640x480x24 -auth /run/pacsmith-screen/authority
until [ "$(ps -o etimes= -C Xvfb)" -gt 11 ]; do sleep 0.5; done
sudo env DISPLAY=:0 XAUTHORITY=/run/pacsmith-screen/authority python3 -I -c '
from Xlib import X, display
from Xlib.ext import xtest
server = display.Display()
for what in (X.KeyPress, X.KeyRelease):
    xtest.fake_input(server, what, server.keysym_to_keycode(0xffe1))
server.sync()'
"""
LEFT = (
    "systemctl list-units --all --plain --no-legend 'pacsmith-burn-in*'; pgrep -a 'stress-ng|fio'; "
    "sudo find / -xdev -name '*pacsmith-burn-in*'"
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Three booted stations, of which the third has a program more than the others."""
    site = new_folder(tmp_path_factory.mktemp("burn"), "burn.yml", {})
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        for host in HOSTS:
            done = site.on(host, "sudo mkdir /var/cache/viewer && sudo apt-get update -qq")
            assert done.returncode == 0, done.stderr
        done = site.on("new3", "sudo apt-get install -qq -y --no-install-recommends openbox >/dev/null")
        assert done.returncode == 0, done.stderr
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def state(site: BuiltSite, host: str) -> str:
    return site.on(host, STATE).stdout


def left(site: BuiltSite, host: str) -> str:
    """Units, processes and files of a burn-in on a host."""
    return site.on(host, LEFT).stdout.strip()


@pytest.fixture(scope="module")
def burned(room: BuiltSite) -> dict[tuple[str, str], dict[str, Any]]:
    """A minute under load on all three at once: what each part of each host came to, by host and part."""
    before = {host: state(room, host) for host in HOSTS}
    done = room.pacsmith("verify", room.name, "--burn-in", "1", "--json")
    assert done.returncode == 1, done.stderr  # nothing is built on these hosts, and verify says so
    said = json.loads(done.stdout)
    assert {host: state(room, host) for host in HOSTS} == before
    assert {host: left(room, host) for host in HOSTS} == dict.fromkeys(HOSTS, "")
    return {
        (item["host"], item["subject"].partition("burn-in, ")[2]): item
        for item in said["evidence"]
        if "burn-in" in item["subject"]
    }


@pytest.mark.parametrize("part", ["processor", "memory", "disk", "services", "left as found"])
def test_a_minute_under_load_is_proven(burned: dict[tuple[str, str], dict[str, Any]], part: str) -> None:
    for host in HOSTS:
        item = burned[host, part]
        assert item["verdict"] == "met", item
    if part == "disk":
        assert "written and" in burned["new1", part]["observed"]
    if part in ("processor", "memory"):
        assert "on the machine beneath a container" in burned["new1", part]["observed"]


@pytest.mark.parametrize("part", ["temperature", "throttling", "memory errors", "kernel", "drives"])
def test_what_belongs_to_the_machine_beneath_is_unknown_here_and_says_who_can_tell(
    burned: dict[tuple[str, str], dict[str, Any]], part: str
) -> None:
    for host in HOSTS:
        item = burned[host, part]
        assert item["verdict"] == "unknown", item
        assert item["attest"].startswith("whoever runs the machine beneath")


def test_without_a_graphics_card_nothing_is_claimed_of_one(burned: dict[tuple[str, str], dict[str, Any]]) -> None:
    item = burned["new1", "graphics"]
    assert (item["verdict"], item["observed"]) == ("not applicable", "no GPU")


def test_the_machine_that_differs_is_named(room: BuiltSite, burned: dict[tuple[str, str], dict[str, Any]]) -> None:
    """From what the verification wrote down, and from the machines themselves."""
    for verb in ("report", "survey"):
        done = room.pacsmith(verb, room.name, "--outliers", "--json")
        assert done.returncode == 0, done.stderr
        (group,) = json.loads(done.stdout)
        assert (group["hosts"], group["splits"]) == (list(HOSTS), [])
        found = [(one["host"], one["fact"], one["usual"], one["sharing"], one["known"]) for one in group["outliers"]]
        assert found == [("new3", "package.openbox", "absent", 2, 3)]


@contextmanager
def under_load(site: BuiltSite, host: str) -> Iterator[subprocess.Popen[str]]:
    """A burn-in of a minute in a process group of its own, its load running."""
    command = [sys.executable, "-m", "builder.cli.main", "verify", site.name, "--host", host, "--burn-in", "1"]
    process = subprocess.Popen(
        command, cwd=site.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        waited = site.on(host, "timeout 150 sh -c 'until pgrep stress-ng >/dev/null; do sleep 0.2; done'", timeout=180)
        assert waited.returncode == 0, f"no load began; exit code so far {process.poll()}"
        yield process
    finally:
        process.kill()
        process.wait()


def test_killed_it_ends_by_itself_and_the_next_run_tidies_up(room: BuiltSite) -> None:
    before = state(room, "new1")
    with under_load(room, "new1") as process:
        began = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "stress-ng" in left(room, "new1")
        ended = room.on("new1", "timeout 125 sh -c 'while pgrep -a \"stress-ng|fio\"; do sleep 1; done'", timeout=150)
        assert ended.returncode == 0, f"still under load {time.monotonic() - began:.0f} s after pacsmith was killed"
    assert "/var/lib/pacsmith-burn-in" in left(room, "new1")  # the packages, and the list of them
    tidied = room.pacsmith("verify", room.name, "--host", "new1", "--burn-in", "0", "--json")
    item = next(one for one in json.loads(tidied.stdout)["evidence"] if "burn-in" in one["subject"])
    assert (item["verdict"], item["observed"]) == ("met", "nothing is there")
    assert (left(room, "new1"), state(room, "new1")) == ("", before)


def test_ctrl_c_stops_and_removes_everything(room: BuiltSite) -> None:
    before = state(room, "new2")
    with under_load(room, "new2") as process:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=120)
        assert process.returncode == 130, said
    assert (left(room, "new2"), state(room, "new2")) == ("", before)


def test_a_production_host_is_not_loaded_in_peak_hours(room: BuiltSite) -> None:
    file = room.folder / "inventory" / room.name / "site.yml"
    text = file.read_text()
    days = "[mon, tue, wed, thu, fri, sat, sun]"
    peaks = (
        f'peak_hours:\n  - {{days: {days}, start: "00:00", end: "12:00", reason: reading}}\n'
        f'  - {{days: {days}, start: "12:00", end: "00:00", reason: reading}}\n'
    )
    try:
        file.write_text(
            text.replace("location: Delivery room\n", "location: Delivery room\n    stage: production\n", 1) + peaks
        )
        done = room.pacsmith("verify", room.name, "--burn-in", "1")
    finally:
        file.write_text(text)
    assert done.returncode == 4, done.stderr
    assert "new1 is in production, and it is peak hours until" in done.stderr
    assert left(room, "new2") == ""


def test_a_station_in_use_is_not_loaded(room: BuiltSite) -> None:
    done = room.on("new3", SCREEN)
    assert done.returncode == 0, done.stderr
    try:
        refused = room.pacsmith("verify", room.name, "--host", "new3", "--burn-in", "1")
    finally:
        room.on("new3", "sudo systemctl stop test-screen; sudo rm -r /run/pacsmith-screen")
    assert refused.returncode == 4, refused.stderr
    assert "new3: somebody touched mouse or keyboard" in refused.stderr
    assert left(room, "new3") == ""
