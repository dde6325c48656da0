"""A thin client on a real host: what its screen shows, what comes back by itself, and what a session leaves behind."""

import base64
import json
import re
import time
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.lab.conftest import PAGE_COLOUR, VIEWER, BuiltSite, built

pytestmark = pytest.mark.long

LEFT, RIGHT = (0, 0, 1280, 1024), (1280, 0, 3200, 1080)  # places of the displays, left, top, right and bottom
HOME, UNIT = "/run/pacsmith-kiosk", "pacsmith-kiosk.service"
DROP_IN = f"/run/systemd/system/{UNIT}.d/test.conf"
# Everything of the screen as a picture: what X holds, so what a panel would be sent.
PICTURE = """\
import base64, zlib
from Xlib import X, display
root = display.Display(":0").screen().root
size = root.get_geometry()
data = root.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xffffffff).data
print(size.width, size.height, base64.b64encode(zlib.compress(data, 1)).decode())
"""
KEY = """\
from Xlib import X, display
from Xlib.ext import xtest
server = display.Display(":0")
for what in (X.KeyPress, X.KeyRelease):
    xtest.fake_input(server, what, server.keysym_to_keycode(0xffe1))
server.sync()
"""


@pytest.fixture(scope="module")
def built_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """An archive with its web viewer, and a kiosk that shows it."""
    yield from built(tmp_path_factory.mktemp("thin"), "thin.yml", {})


@pytest.fixture(scope="module")
def ward(built_ward: BuiltSite) -> BuiltSite:
    """The same, with a page of one colour in place of the viewer's."""
    page = VIEWER["index.html"].decode()
    place = "/usr/local/share/pacsmith/viewers/ohif-3.12.10/index.html"
    done = built_ward.on("store", f"echo '{page}' | sudo tee {place}")
    assert done.returncode == 0, done.stdout + done.stderr
    says(built_ward, f"systemctl restart {UNIT}")
    return built_ward


def says(site: BuiltSite, command: str) -> str:
    """What root says on the thin client."""
    quoted = command.replace("'", "'\\''")
    done = site.on("bedside", f"sudo sh -c '{quoted}'")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def asks_x(site: BuiltSite, script: str) -> str:
    """What a Python program says that may see the kiosk's screen."""
    return says(site, f"XAUTHORITY=/run/pacsmith-x/authority python3 - <<'END'\n{script}END")


def screenshot(site: BuiltSite) -> Image.Image:
    """What the screen shows now."""
    width, height, data = asks_x(site, PICTURE).split()
    return Image.frombytes("RGB", (int(width), int(height)), zlib.decompress(base64.b64decode(data)), "raw", "BGRX")


def share_of_page(site: BuiltSite, display: tuple[int, int, int, int] = RIGHT) -> float:
    """How much of a display has the page's own colour."""
    picture = screenshot(site).crop(display)
    return float(np.all(np.asarray(picture) == PAGE_COLOUR, axis=2).mean())


def shows_the_page(site: BuiltSite) -> bool:
    """Whether the page comes to fill the screen within half a minute."""
    end = time.monotonic() + 30
    while share_of_page(site) < 0.99:
        if time.monotonic() > end:
            return False
    return True


def main_process(site: BuiltSite) -> int:
    """The browser that the session consists of."""
    return int(says(site, f"systemctl show -p MainPID --value {UNIT}"))


def comes_back(site: BuiltSite, gone: int) -> str:
    """Wait, on the host, until another session is there and answers; why the one before ended, in systemd's words."""
    script = (
        f'for try in $(seq 300); do [ "$(systemctl is-active {UNIT})" = active ] && '
        f'[ "$(systemctl show -p MainPID --value {UNIT})" != {gone} ] && break; sleep 0.2; done; '
        f"systemctl is-active {UNIT}; journalctl -u {UNIT} -o cat --no-pager -n 400 "
        '| grep -E "Failed with result|nobody was here" | tail -n 1'
    )
    return says(site, script)


def test_cold_build_is_accepted_and_the_second_changes_nothing(built_ward: BuiltSite) -> None:
    assert [line for line in built_ward.output.splitlines() if line.startswith("run ")][-1].endswith(": accepted")
    done = built_ward.pacsmith("build", "--site", built_ward.name, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changed"] == 0


def test_the_primary_display_shows_the_archives_page_and_nothing_else(ward: BuiltSite) -> None:
    assert shows_the_page(ward)
    assert screenshot(ward).size == (3200, 1080)
    assert share_of_page(ward, LEFT) == 0


def test_displays_are_laid_out_by_who_they_are(ward: BuiltSite) -> None:
    """The lab hangs them on the connectors the other way round."""
    said = says(ward, "env DISPLAY=:0 XAUTHORITY=/run/pacsmith-x/authority xrandr --listmonitors").splitlines()[1:]
    places = {line.split()[-1]: re.sub(r"/\d+", "", line.split()[2]) for line in said}
    assert places == {"DUMMY1": "1280x1024+0+0", "DUMMY0": "1920x1080+1280+0"}


def test_a_browser_that_is_killed_comes_back(ward: BuiltSite) -> None:
    browser = main_process(ward)
    says(ward, f"kill -KILL {browser}")
    assert comes_back(ward, browser).splitlines() == ["active", f"{UNIT}: Failed with result 'signal'."]
    assert shows_the_page(ward)


def test_a_browser_that_hangs_and_a_session_that_nobody_uses_end(ward: BuiltSite) -> None:
    """With shorter times than a ward's: the same unit, the same watch."""
    changed = "[Service]\nWatchdogSec=12\nEnvironment=PACSMITH_IDLE_SECONDS=8\n"
    reload = f"systemctl daemon-reload; systemctl restart {UNIT}"
    says(ward, f'mkdir -p $(dirname {DROP_IN}); printf "{changed}" > {DROP_IN}; {reload}')
    try:
        browser = main_process(ward)
        says(ward, f"kill -STOP {browser}")
        assert comes_back(ward, browser).splitlines() == ["active", f"{UNIT}: Failed with result 'watchdog'."]
        browser = main_process(ward)
        asks_x(ward, KEY)
        told = comes_back(ward, browser).splitlines()
        assert told[0] == "active"
        assert told[1].startswith("nobody was here for")
    finally:
        says(ward, f"rm {DROP_IN}; {reload}")


def test_after_the_end_nothing_of_a_session_is_left(ward: BuiltSite) -> None:
    assert shows_the_page(ward)
    marked = f"{HOME}/profile/marked-by-a-test"
    says(ward, f"touch {marked}; stat {marked}")
    says(ward, f"systemctl stop {UNIT}")
    try:
        assert says(ward, f"ls -d {HOME} 2>/dev/null || true; find / -xdev -user kiosk; pgrep -u kiosk || true") == ""
    finally:
        says(ward, f"systemctl start {UNIT}")
    assert says(ward, f"ls {HOME}/profile/marked-by-a-test 2>/dev/null || echo anew") == "anew"
