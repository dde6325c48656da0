"""The kiosk shut: what a person at it, or a page in it, may try.

Every answer comes from the real screen, or from a web server that counts who comes.
"""

import http.server
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from builder.probes.hand import Hand, Shot, open_hand
from builder.probes.kiosk import AUTHORITY
from builder.probes.kiosk_session import KioskSession, open_session
from roles.thin_client import keys
from tests.lab.conftest import PAGE_COLOUR, BuiltSite
from tests.lab.kiosk_ward import SETTINGS, UNIT, Ward, open_ward

FORBIDDEN = (255, 0, 255)
CALM = b"<!doctype html><title>calm</title><style>html{background:#2a7f62}</style>"
LOUD = b"<!doctype html><title>loud</title><style>html{background:#ff00ff}</style>"
CALM_FILE = f"{SETTINGS}/calm.html"
# Chromium's names of keys, as the hand presses them; those of a keyboard that it lacks are not tried.
_LONG = {"C": "ctrl", "S": "shift", "A": "alt", "W": "super"}


@dataclass
class Elsewhere:
    """A web server that is not the archive: its page is all of one colour, and it remembers what was asked of it."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def elsewhere(address: str) -> Iterator[Elsewhere]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(LOUD)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((address, 0), Handler) as server:
        found = Elsewhere(f"http://{address}:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


@dataclass(frozen=True)
class Shut:
    """The kiosk as a person has it before them."""

    ward: Ward
    hand: Hand
    session: KioskSession
    outside: Elsewhere

    @property
    def calm(self) -> str:
        """A page of the archive that is all of one colour."""
        return f"{self.ward.origin}/calm.html"

    def is_calm(self) -> bool:
        return self.hand.until(lambda: share(self.hand.shot(), PAGE_COLOUR) == 1 or None, 30) is not None

    def rested(self) -> Shot:
        """The screen once it has not changed for a while: six looks."""
        last, same = self.hand.shot(), 0
        while same < 6:
            shot = self.hand.shot()
            same = same + 1 if shot.frame is last.frame else 0
            last = shot
        return last

    def until_alike(self, wanted: Shot) -> bool:
        """Whether the screen comes to show the same: the window is empty before its first page."""
        return self.hand.until(lambda: alike(self.hand.shot(), wanted) > 0.98 or None, 30) is not None


@pytest.fixture(scope="module")
def ward(stations: BuiltSite) -> Iterator[Ward]:
    with open_ward(stations) as opened:
        yield opened


@pytest.fixture(scope="module")
def shut(ward: Ward) -> Iterator[Shut]:
    with (
        ward.changed(CALM_FILE, CALM),
        elsewhere(ward.gateway) as outside,
        open_hand(ward.bedside, AUTHORITY) as hand,
        open_session(ward.bedside, "bedside") as session,
    ):
        ward.says("cat > /tmp/loud.html; chmod 644 /tmp/loud.html", stdin=LOUD)
        yield Shut(ward, hand, session, outside)
        ward.says("rm /tmp/loud.html")


@pytest.fixture(scope="module")
def blocked(shut: Shut) -> Shot:
    """What Chromium shows instead of an address that is not allowed."""
    shut.session.begin(f"{shut.outside.address}/")
    assert shut.hand.until(lambda: "blocked" if share(shut.hand.shot(), (255, 255, 255)) > 0.9 else None, 30)
    shot = shut.rested()
    assert shut.outside.asked == []
    assert share(shot, FORBIDDEN) == 0
    return shot


def share(shot: Shot, colour: tuple[int, int, int]) -> float:
    return float(np.all(shot.frame.colours == colour, axis=2).mean())


def alike(one: Shot, other: Shot) -> float:
    return float(np.all(one.frame.colours == other.frame.colours, axis=2).mean())


def test_the_reader_of_screens_tells_an_open_page_from_a_blocked_one(shut: Shut, blocked: Shot) -> None:
    shut.session.begin(shut.calm)
    assert shut.is_calm()
    assert alike(shut.hand.shot(), blocked) < 0.01


@pytest.mark.parametrize(
    "address",
    [
        "{outside}/",
        "https://example.org/",
        "http://{host}/",
        "file:///tmp/loud.html",
        "file:///",
        "chrome://version",
        "chrome://settings",
        "chrome://downloads",
        "chrome://inspect",
        "about:version",
        "view-source:{calm}",
        "devtools://devtools/bundled/inspector.html",
        "data:text/html,<style>html{{background:#ff00ff}}</style>",
        "javascript:document.body.style.background='#ff00ff'",
    ],
)
def test_no_other_address_is_shown(shut: Shut, blocked: Shot, address: str) -> None:
    host = shut.ward.origin.partition("://")[2].partition(":")[0]
    shut.session.begin(address.format(outside=shut.outside.address, host=host, calm=shut.calm))
    assert shut.until_alike(blocked)
    assert share(shut.rested(), FORBIDDEN) == 0
    assert shut.outside.asked == []


@pytest.mark.parametrize(
    "script",
    [
        "location.href = '{outside}/by-a-page'",
        "document.body.innerHTML = '<form action={outside}/form></form>'; document.forms[0].submit()",
        "location.href = 'chrome://settings'",
        "location.href = 'file:///tmp/loud.html'",
        "window.open('{outside}/window')",
    ],
    ids=["another server", "a form", "settings", "a file", "a window"],
)
def test_no_page_of_the_archive_leads_elsewhere(shut: Shut, blocked: Shot, script: str) -> None:
    """The page turns calm when its script has run and it is still there; else it is the blocked page that is shown."""
    does = script.format(outside=shut.outside.address)
    page = f"<!doctype html><body><script>{does};document.documentElement.style.background='#2a7f62'</script>"
    with shut.ward.changed(f"{SETTINGS}/leads.html", page.encode()):
        shut.session.begin(f"{shut.ward.origin}/leads.html")
        ended = shut.hand.until(
            lambda: max(alike(shut.hand.shot(), blocked), share(shut.hand.shot(), PAGE_COLOUR)) > 0.98 or None, 30
        )
        assert ended
        shot = shut.rested()
    assert share(shot, FORBIDDEN) == 0
    assert len(shut.hand.windows()) == 1
    assert shut.outside.asked == []


def test_nothing_is_downloaded(shut: Shut) -> None:
    needle = secrets.token_hex(16)
    page = b"<!doctype html><body><script>location.href = '/taken.bin'</script>"
    with (
        shut.ward.changed(f"{SETTINGS}/taken.bin", needle.encode()),
        shut.ward.changed(f"{SETTINGS}/takes.html", page),
    ):
        shut.session.begin(f"{shut.ward.origin}/takes.html")
        asked = "for try in $(seq 100); do grep -q 'taken.bin. 200' /var/log/nginx/access.log && break; sleep 0.1; done"
        assert shut.ward.archive_says(f"{asked}; grep -c 'taken.bin. 200' /var/log/nginx/access.log") != "0"
        shut.rested()
        left = shut.ward.says(
            "find / -xdev -name '*taken*' -newer /proc/1; find /run/pacsmith-kiosk /tmp /var/tmp -name '*taken*'; "
            "grep -rlF -f - /run/pacsmith-kiosk /tmp /var/tmp /home /root || true",
            stdin=needle.encode() + b"\n",
        )
    assert left == ""


PRESSED = ["+".join((*(_LONG[one] for one in parts[:-1]), parts[-1]))
           for parts in (key.split("-") for key in keys.TAKEN) if not parts[-1].startswith("XF86")]  # fmt: skip
DESKTOPS = ["ctrl+alt+F1", "ctrl+alt+F2", "ctrl+alt+F7", "ctrl+alt+Delete", "ctrl+alt+BackSpace", "alt+Tab", "super",
            "Menu", "F11", "ctrl+shift+q"]  # fmt: skip


def programs(ward: Ward) -> set[str]:
    """What runs in the kiosk's name."""
    return set(ward.says("ps -o comm= -u kiosk").split())


def test_no_key_opens_anything(shut: Shut) -> None:
    """Each key by itself; the screen stays as it is to the last pixel, and no other window or program is there."""
    shut.session.begin(shut.calm)
    assert shut.is_calm()
    before = programs(shut.ward)
    opened = {}
    for key in [*PRESSED, *DESKTOPS]:
        shut.hand.press(key)
        shot, windows = shut.rested(), shut.hand.windows()
        if share(shot, PAGE_COLOUR) < 1 or len(windows) != 1:
            opened[key] = (share(shot, PAGE_COLOUR), [window.title for window in windows])
            shut.session.begin(shut.calm)
            assert shut.is_calm()
    assert opened == {}
    assert programs(shut.ward) <= before


@pytest.mark.parametrize("button", [2, 3], ids=["middle", "right"])
def test_no_mouse_button_opens_anything(shut: Shut, button: int) -> None:
    shut.session.begin(shut.calm)
    assert shut.is_calm()
    shut.hand.click(900, 500, button=button)
    assert share(shut.rested(), PAGE_COLOUR) == 1
    assert len(shut.hand.windows()) == 1


@pytest.mark.parametrize("key", ["alt+F4", "ctrl+w"])
def test_who_closes_the_browser_gets_a_new_session(shut: Shut, key: str) -> None:
    shut.session.begin(shut.calm)
    assert shut.is_calm()
    before, main = programs(shut.ward), shut.ward.says(f"systemctl show -p MainPID --value {UNIT}")
    shut.hand.press(key)
    other = f"systemctl is-active -q {UNIT} && [ $(systemctl show -p MainPID --value {UNIT}) != {main} ]"
    shut.ward.says(f"for try in $(seq 100); do {other} && break; sleep 0.1; done; {other}")
    assert shut.is_calm()
    assert len(shut.hand.windows()) == 1
    assert programs(shut.ward) <= before


def test_the_sessions_home_is_all_that_it_can_write(shut: Shut) -> None:
    """As the browser itself has it: in its mount namespace, in its user's name."""
    shut.session.begin(shut.calm)
    main = shut.ward.says(f"systemctl show -p MainPID --value {UNIT}")
    enter = f"nsenter -t {main} -m -- setpriv --reuid kiosk --regid kiosk --clear-groups"
    folders = "/ /etc /usr /var /var/tmp /var/lib /home /opt /srv /root /boot /tmp /dev/shm /run/pacsmith-kiosk"
    tried = f"for d in {folders}; do touch $d/by-a-test 2>/dev/null && echo $d && rm $d/by-a-test; done; true"
    assert shut.ward.says(f"{enter} sh -c '{tried}'").split() == ["/dev/shm", "/run/pacsmith-kiosk"]
    assert shut.ward.says(f"{enter} touch /dev/shm/kept; ls /dev/shm") == ""  # the host's own has none of it
    shut.session.begin(shut.calm)
    main = shut.ward.says(f"systemctl show -p MainPID --value {UNIT}")
    assert "kept" not in shut.ward.says(f"nsenter -t {main} -m -- ls /dev/shm")


def test_nothing_in_the_browsers_name_reaches_another_machine(shut: Shut) -> None:
    """Whatever a page could ask for: the host itself refuses it, also after a restart of the firewall."""

    def fetch(user: str, path: str) -> str:
        curl = f"curl -s -o /dev/null --max-time 5 {shut.outside.address}/{path}"
        return shut.ward.says(f"runuser -u {user} -- {curl}; echo $?")

    assert fetch("root", "by-root") == "0"
    assert fetch("kiosk", "by-kiosk") == "7"  # curl(1): failed to connect
    shut.ward.says("nft delete table inet pacsmith_kiosk")
    assert fetch("kiosk", "unfiltered") == "0"
    main = shut.ward.says(f"systemctl show -p MainPID --value {UNIT}")
    shut.ward.says("systemctl restart nftables")
    assert fetch("kiosk", "after-a-restart") == "7"
    assert shut.ward.says(f"systemctl show -p MainPID --value {UNIT}") != main
    assert [path for path in shut.outside.asked if path.endswith(("by-kiosk", "after-a-restart"))] == []
    assert shut.ward.says(f"curl -s -o /dev/null -w %{{http_code}} -k {shut.ward.origin}/calm.html") == "200"
