"""A reading station on a real host: built cold, its screen, session and viewer; the second build changes nothing."""

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from builder.inventory.build import connection_to
from builder.load.site import load_site
from builder.probes.hand import Hand, open_hand
from builder.survey.remote import Remote
from tests.lab.conftest import BuiltSite, new_folder, run_steps

pytestmark = pytest.mark.long
PASSWORD = "read {{ 4 }} $(id) 'n\" w3ll"  # nothing on its way may take it for anything but text
CACHE = "/var/cache/pacsmith-viewer"
FILL = f"fallocate -l $(df --output=avail -B1 {CACHE} | tail -1) {CACHE}/of-a-patient"
AUTHORITY = "/run/pacsmith-screen/authority"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Two booted hosts; the lab hangs the panels on the station's connectors from right to left."""
    site = new_folder(tmp_path_factory.mktemp("reading"), "reading.yml", {"READING_PASSWORD": PASSWORD})
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def built(site: BuiltSite) -> dict[str, Any]:
    """What `build` says as data."""
    done = site.pacsmith("build", "--site", site.name, "--json")
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["outcome"], said["reasons"]) == ("accepted", []), json.dumps(said, indent=1)
    return said


def test_a_cold_build_is_accepted_and_the_second_changes_nothing(room: BuiltSite) -> None:
    assert built(room)["changed"] > 0
    assert built(room)["changed"] == 0


def test_the_reader_looks_at_the_viewer_on_displays_laid_out_by_identity(room: BuiltSite) -> None:
    screen = "sudo env DISPLAY=:0 XAUTHORITY=/run/pacsmith-screen/authority"
    monitors = room.on("read1", f"{screen} xrandr --listmonitors").stdout
    assert [line.split()[-1] for line in monitors.splitlines()[1:]] == ["DUMMY1", "DUMMY0"], monitors
    sizes = [re.sub(r"/\d+", "", line.split()[2]) for line in monitors.splitlines()[1:]]
    assert sizes == ["1600x1200+0+0", "1920x1200+1600+0"], monitors
    users = room.on("read1", "ps -C Xorg,openbox,aeskulap -o comm=,user=").stdout.split()
    assert dict(zip(users[::2], users[1::2], strict=True)) == {
        "Xorg": "root",
        "openbox": "reader",
        "aeskulap": "reader",
    }


def test_the_viewer_listens_to_the_archive(room: BuiltSite) -> None:
    """Aeskulap takes associations only while a C-MOVE of its own is under way, so that a C-ECHO waits in vain: asked is
    whether the connection is taken."""
    taken = "timeout 5 bash -c '</dev/tcp/10.115.0.12/11112'"
    assert room.on("arc", taken).returncode == 0
    owner = room.on("read1", "sudo ss -Hltnp 'sport = :11112'").stdout
    assert '"aeskulap"' in owner, owner


def test_a_viewer_that_dies_comes_back(room: BuiltSite) -> None:
    before = room.on("read1", "pidof aeskulap").stdout.strip()
    assert before.isdecimal()
    other = f"until p=$(pidof aeskulap) && [ $p != {before} ]; do sleep 0.2; done"
    done = room.on("read1", f"sudo kill -9 {before}; timeout 30 sh -c '{other}'")
    assert done.returncode == 0, done.stderr


def on_the_station(site: BuiltSite, command: str) -> str:
    """What root is told there; the command must succeed."""
    done = site.on("read1", f"sudo sh -c {shlex.quote(command)}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def comes_to(look: Callable[[], object], wanted: object, seconds: float = 40) -> None:
    """Ask until the answer is the wanted one."""
    end = time.monotonic() + seconds
    while (seen := look()) != wanted:
        assert time.monotonic() < end, f"{seen!r} after {seconds} s, not {wanted!r}"
        time.sleep(0.3)


def viewer(site: BuiltSite) -> str:
    """Whether the viewer runs."""
    return site.on("read1", "systemctl is-active pacsmith-viewer").stdout.strip()


@pytest.fixture
def with_a_login(room: BuiltSite) -> BuiltSite:
    """The same station, told to ask for a password."""
    file = room.folder / "inventory" / room.name / "site.yml"
    text = file.read_text().replace("auto_login: true", "auto_login: false\n      password: {env: READING_PASSWORD}")
    file.write_text(text)
    return room


def short_in(said: str) -> list[str]:
    """What `verify --json` saw where something was not as it must be."""
    return [one["observed"] for one in json.loads(said)["evidence"] if one["verdict"] == "short"]


def login(hand: Hand, password: str) -> None:
    """Type a password where the login screen waits for it."""
    hand.type(password)
    hand.press("Return")


def test_a_reader_logs_in_reads_and_logs_out(with_a_login: BuiltSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site = with_a_login
    on_the_station(site, f"echo left-by-a-patient > {CACHE}/image; sync")
    first = site.pacsmith("build", "--site", site.name)
    assert first.returncode == 0, first.stdout + first.stderr
    assert built(site)["changed"] == 0
    assert viewer(site) == "inactive", "it would show patients to whoever comes by"
    assert on_the_station(site, f"ls -A {CACHE}") == "", "what was there before is gone"
    on_the_station(site, "systemctl start pacsmith-viewer")
    assert viewer(site) == "inactive", "nothing is shown in front of the login screen, whoever starts it"

    monkeypatch.chdir(site.folder)
    hospital = load_site(site.folder / "inventory" / site.name / "site.yml").value
    with Remote(connection_to(hospital, hospital.end("read1"))) as remote:
        with open_hand(remote, AUTHORITY) as hand:
            login(hand, "wrong")
            failures = (
                "journalctl -b -u pacsmith-screen | grep -c 'pacsmith-reader:auth): authentication failure' || true"
            )
            comes_to(lambda: on_the_station(site, failures), "1")
            assert viewer(site) == "inactive"
            comes_to(lambda: greeter_waits(site, 2), True)
            login(hand, PASSWORD)
            comes_to(lambda: viewer(site), "active")
            window = hand.until(lambda: next((one for one in hand.windows() if "Aeskulap" in one.title), None), 30)
            assert window is not None
            assert (window.box.left, window.box.width) == (0, 1600), "the display on the left is the primary one"
            told = site.pacsmith("verify", "--site", site.name, "--json")
            assert told.returncode == 0, told.stdout + told.stderr
            on_the_station(site, f"runuser -u reader -- sh -c {shlex.quote(FILL)}")
            comes_to(lambda: viewer(site), "active")
            hand.press("ctrl+alt+Delete")
            asked = hand.until(lambda: next((one for one in hand.windows() if one.number != window.number), None), 10)
            assert asked is not None
            hand.press("Tab")
            hand.press("Return")
        comes_to(lambda: viewer(site), "inactive")
        assert on_the_station(site, f"ls -A {CACHE}") == "", "a log-out empties the cache"
        comes_to(lambda: monitors(site), ["DUMMY1", "DUMMY0"])
    everything = first.stdout + first.stderr + on_the_station(site, "journalctl -b --no-pager; cat /var/log/lightdm/*")
    assert PASSWORD not in everything
    assert on_the_station(site, "getent shadow reader | cut -d: -f2") not in everything


def greeter_waits(site: BuiltSite, prompts: int) -> bool:
    """Whether the login screen has asked for a password this often since it came up."""
    asked = on_the_station(site, "grep -c 'Prompt greeter with 1 message' /var/log/lightdm/lightdm.log || true")
    return int(asked) >= prompts


def monitors(site: BuiltSite) -> list[str]:
    """Connectors from left to right, the primary one first."""
    said = on_the_station(site, f"env DISPLAY=:0 XAUTHORITY={AUTHORITY} xrandr --listmonitors")
    return [line.split()[-1] for line in said.splitlines()[1:]]


def test_a_full_cache_is_told(with_a_login: BuiltSite) -> None:
    site = with_a_login
    on_the_station(site, FILL)
    told = site.pacsmith("verify", "--site", site.name, "--json")
    on_the_station(site, f"rm {CACHE}/of-a-patient")
    assert told.returncode == 1, told.stdout + told.stderr
    assert short_in(told.stdout) == ["the cache is 100 % full; log out, or restart pacsmith-viewer, which empties it"]
