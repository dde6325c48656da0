"""Acceptance on the kiosk's real screen: patterns that are right, the five faults that must not pass, and what is left
of it all afterwards."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from builder.probes import kiosk as probe
from builder.probes.kiosk import Kiosk, open_kiosk, whole_side
from builder.probes.kiosk_session import DROP_IN, KioskError
from builder.probes.pattern import Pattern, PatternKind, make_pattern, make_series
from builder.probes.screen import read_screen
from builder.probes.screen_reading import ScreenReading
from builder.probes.station_viewer import StationInUse
from tests.lab.conftest import BuiltSite
from tests.lab.kiosk_ward import SETTINGS, UNIT, Ward, open_ward

PATIENCE = 90.0  # seconds; two processors draw and serve everything here, and other tests run beside
RUN = "kiosk-screen"
EIGHT, TWELVE = PatternKind(1024, 1024, 8), PatternKind(2048, 1536, 12)
# A key by somebody at the station: nothing of ours presses it.
TOUCH = """\
from Xlib import X, display
from Xlib.ext import xtest
server = display.Display(":0")
for what in (X.KeyPress, X.KeyRelease):
    xtest.fake_input(server, what, server.keysym_to_keycode(0xffe1))
server.sync()
"""
# An acceptance that holds the kiosk until it is killed.
HOLDS = """\
import sys
from pathlib import Path
from builder.probes.kiosk import open_kiosk
from builder.probes.pattern import PatternKind, make_pattern
from builder.models.connection import Connection
from builder.survey.remote import Remote
from pydantic import SecretStr
connection, origin, user, password = sys.stdin.readline(), *(sys.stdin.readline().strip() for _ in range(3))
with Remote(Connection.model_validate_json(connection)) as remote:
    with open_kiosk(remote, "bedside", origin, user, SecretStr(password)) as kiosk:
        kiosk.session.begin(kiosk.address("1.2.3"))
        print("held", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def ward(stations: BuiltSite) -> Iterator[Ward]:
    with open_ward(stations) as opened:
        yield opened


@pytest.fixture(scope="module")
def kiosk(ward: Ward) -> Iterator[Kiosk]:
    with ward.kiosk() as opened:
        yield opened


@pytest.fixture(scope="module")
def pattern(ward: Ward) -> Pattern:
    made = make_pattern(RUN, "bedside", EIGHT)
    ward.keep(made)
    return made


def right(pattern: Pattern, png: bytes) -> bool:
    return read_screen(png, pattern.layout).verdict == "met"


def shown(kiosk: Kiosk, pattern: Pattern, *, one_to_one: bool = False) -> ScreenReading:
    """The study as the kiosk shows it, with the time that it took."""
    seen = kiosk.show(pattern, lambda png: right(pattern, png), PATIENCE, one_to_one=one_to_one)
    reading = read_screen(seen.png, pattern.layout)
    assert reading.faults == ()
    assert seen.seconds is not None
    return reading


def kinds(reading: ScreenReading) -> list[str]:
    """What is wrong, when the verdict is that something is."""
    assert reading.verdict == "short"
    return [fault.kind for fault in reading.faults]


def sentence(reading: ScreenReading) -> str:
    return " ".join(fault.sentence for fault in reading.faults)


@pytest.mark.parametrize("kind", [EIGHT, TWELVE], ids=lambda kind: kind.name)
def test_every_grey_step_is_exact(ward: Ward, kiosk: Kiosk, kind: PatternKind) -> None:
    made = make_pattern(RUN, "bedside", kind)
    ward.keep(made)
    reading = shown(kiosk, made)
    assert reading.worst is not None
    assert reading.worst <= 1
    assert len(reading.steps) == 18
    assert all(reading.seen(inset) for inset in reading.insets)


def test_a_series_is_scrolled_image_by_image_and_back(ward: Ward, kiosk: Kiosk) -> None:
    series = make_series(RUN, "bedside", 6)
    ward.keep(*series)
    shown(kiosk, series[0])
    for by, number in ((1, 2), (3, 5), (-2, 3)):
        kiosk.scroll(by)
        wanted = series[number - 1]
        seen = kiosk.look(lambda png, wanted=wanted: right(wanted, png), PATIENCE)  # type: ignore[misc]
        assert read_screen(seen.png, wanted.layout).faults == ()


def test_one_to_one_is_one_pixel_for_one(ward: Ward, kiosk: Kiosk) -> None:
    side = whole_side(1022)
    made = make_pattern(RUN, "bedside", PatternKind(side, side, 12))
    ward.keep(made)
    reading = shown(kiosk, made, one_to_one=True)
    assert (reading.mapping_verdict, reading.mapping) == ("met", "one-to-one")


def test_a_wrong_window_setting_is_named(kiosk: Kiosk, pattern: Pattern) -> None:
    """Somebody has dragged the mouse across the image, which is how a reader changes it."""
    reading = shown(kiosk, pattern)
    assert reading.place is not None
    x, y = (round(float(one)) for one in (reading.place.across[0] + 300, reading.place.down[0] + 450))
    kiosk.hand.drag((x, y), (x + 160, y - 90))
    seen = kiosk.look(lambda png: "wrong window" in kinds_or_none(pattern, png), 15)
    assert kinds(read_screen(seen.png, pattern.layout)) == ["wrong window"]
    assert "the greys are those of centre" in sentence(read_screen(seen.png, pattern.layout))


def kinds_or_none(pattern: Pattern, png: bytes) -> list[str]:
    return [fault.kind for fault in read_screen(png, pattern.layout).faults]


def test_a_tour_over_the_image_is_named(ward: Ward, kiosk: Kiosk, pattern: Pattern) -> None:
    settings = ward.archive_says(f"cat {SETTINGS}/app-config.js")
    assert "shownTours" in settings
    with ward.changed(f"{SETTINGS}/app-config.js", settings.replace("shownTours", "seenTours").encode()):
        seen = kiosk.show(pattern, lambda png: "overlay" in kinds_or_none(pattern, png), PATIENCE)
    assert "overlay" in kinds(read_screen(seen.png, pattern.layout))
    assert "as a tour or a dialog would: close it" in sentence(read_screen(seen.png, pattern.layout))


def test_another_study_is_named(ward: Ward, kiosk: Kiosk, pattern: Pattern) -> None:
    other = make_pattern(RUN, "bedside", EIGHT)
    ward.keep(other)
    seen = kiosk.show(other, lambda png: right(other, png), PATIENCE)
    reading = read_screen(seen.png, pattern.layout)
    assert kinds(reading) == ["wrong study"]
    assert f"the study asked for has {pattern.layout.number:08X}" in sentence(reading)


def test_a_blank_page_is_named(ward: Ward, kiosk: Kiosk, pattern: Pattern, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's programs are missing, so that nothing asks for a password either."""
    monkeypatch.setattr(probe, "_ASKS", 20.0)
    page = ward.archive_says("ls /usr/local/share/pacsmith/viewers/*/index.html")
    with ward.changed(page, b"<!doctype html><title>viewer</title>"):
        seen = kiosk.show(pattern, lambda png: right(pattern, png), 5)
    assert (seen.seconds, seen.note) == (None, "the page asked for no password within 20 s")
    reading = read_screen(seen.png, pattern.layout)
    assert kinds(reading) == ["blank"]
    assert "is the one colour #ffffff, as of a page that did not load" in sentence(reading)


def test_a_black_screen_is_named(ward: Ward, kiosk: Kiosk, pattern: Pattern) -> None:
    ward.says(f"systemctl stop {UNIT}")
    seen = kiosk.look(lambda png: right(pattern, png), 5)
    assert seen.seconds is None
    assert kinds(read_screen(seen.png, pattern.layout)) == ["black"]
    assert "The screen is black" in sentence(read_screen(seen.png, pattern.layout))


def own_address(ward: Ward) -> bool:
    """Whether the session comes to show the archive's first page within half a minute, and no other address is left."""
    shows = f"tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value {UNIT})/cmdline | grep -q ' {ward.origin}/ $'"
    own = f"systemctl is-active -q {UNIT} && ! [ -e {DROP_IN} ] && {shows}"
    said = ward.says(f"for try in $(seq 150); do {{ {own}; }} 2>/dev/null && echo own && break; sleep 0.2; done; true")
    return said == "own"


def test_a_password_that_the_archive_refuses_is_a_sentence_without_it(ward: Ward, pattern: Pattern) -> None:
    with (
        open_kiosk(ward.bedside, "bedside", ward.origin, ward.user, SecretStr("no such password")) as opened,
        pytest.raises(
            KioskError, match=r"^bedside: the archive (does not take|asks ward for a password again)"
        ) as said,
    ):
        opened.show(pattern, lambda png: right(pattern, png), PATIENCE)
    assert "no such password" not in str(said.value)
    assert own_address(ward)


def test_a_killed_acceptance_leaves_the_kiosk_as_it_was(ward: Ward) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    given = (ward.bedside.connection.model_dump_json(), ward.origin, ward.user, ward.password.get_secret_value())
    process.stdin.write("".join(f"{line}\n" for line in given))
    process.stdin.flush()
    assert process.stdout.readline() == "held\n"
    assert "1.2.3" in ward.says(f"cat {DROP_IN}")
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        stream.close()
    assert own_address(ward)


def test_nobody_at_work_is_disturbed(ward: Ward, pattern: Pattern) -> None:
    touch = "XAUTHORITY=/run/pacsmith-x/authority python3 -"
    before = ward.says(f"systemctl show -p MainPID --value {UNIT}")
    ward.says(touch, stdin=TOUCH.encode())
    try:
        with pytest.raises(StationInUse, match="somebody touched mouse or keyboard"), ward.kiosk():
            pass
        assert ward.says(f"systemctl show -p MainPID --value {UNIT}") == before
    finally:
        ward.says(f"systemctl restart {UNIT}")  # the session in which somebody was
    with ward.kiosk() as opened:
        seen = opened.show(pattern, lambda png: right(pattern, png), PATIENCE)
        assert seen.seconds is not None  # who has left is no longer disturbed
        ward.says(touch, stdin=TOUCH.encode())
        with pytest.raises(StationInUse):
            opened.show(pattern, lambda png: right(pattern, png), PATIENCE)
    ward.says(f"systemctl restart {UNIT}")
    assert own_address(ward)
