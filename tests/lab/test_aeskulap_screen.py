"""Acceptance on the reading station's real screen: images that Aeskulap fetched by its own C-MOVE and shows right, the
faults that must not pass, and who is at work there is left alone."""

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import BytesIO

import pydicom
import pytest

from builder.models.site import Host
from builder.probes.aeskulap import AUTHORITY, UNIT, Aeskulap, open_aeskulap
from builder.probes.hand import HandError, open_hand
from builder.probes.orthanc import Orthanc
from builder.probes.pattern import Pattern, PatternKind, make_pattern, make_series
from builder.probes.samples import PATIENT_NAME
from builder.probes.screen import read_screen
from builder.probes.screen_reading import ScreenReading
from builder.probes.station_viewer import StationInUse
from builder.survey.remote import Remote
from builder.workflows.session import open_session
from tests.lab.conftest import BuiltSite

PATIENCE = 60.0  # seconds; two processors draw and serve everything here, and other tests run beside
RUN = "aeskulap-screen"
# A key by somebody at the station: nothing of ours presses it.
TOUCH = f"""DISPLAY=:0 XAUTHORITY={AUTHORITY} python3 -I -c '
from Xlib import X, display
from Xlib.ext import xtest
server = display.Display()
for what in (X.KeyPress, X.KeyRelease):
    xtest.fake_input(server, what, server.keysym_to_keycode(0xffe1))
server.sync()'"""

# An acceptance that shows a study and holds the viewer until it is killed.
HOLDS = """\
import pickle, sys
from builder.probes.aeskulap import open_aeskulap
from builder.survey.remote import Remote
connection, host, pattern = pickle.load(sys.stdin.buffer)
with Remote(connection) as remote, open_aeskulap(remote, host, "store") as viewer:
    shown = viewer.show(pattern, lambda png: len(png) > 0, 5)
    print("held", flush=True)
    while True:
        viewer.look(lambda png: False, 60)
"""


@dataclass(frozen=True)
class Room:
    """A built site with an archive `store` and a reading station `read1`."""

    archive: Orthanc
    station: Remote
    host: Host

    def keep(self, *patterns: Pattern) -> None:
        """Give the archive patterns."""
        self.archive.put_all([pattern.sample.content for pattern in patterns])

    def kept(self, kind: PatternKind) -> Pattern:
        """A new pattern that the archive holds."""
        made = make_pattern(RUN, "read1", kind)
        self.keep(made)
        return made

    def says(self, script: str) -> str:
        """What root says on the station."""
        done = self.station.run(script, sudo=True)
        assert done.code == 0, done.text
        return done.stdout.decode().strip()

    @contextlib.contextmanager
    def touched(self) -> Iterator[None]:
        """Somebody has just touched the station; at the end that counts no more."""
        self.says(TOUCH)
        try:
            yield
        finally:
            with open_hand(self.station, AUTHORITY) as hand:
                hand.move(10, 10)


@pytest.fixture(scope="module")
def room(stations: BuiltSite) -> Iterator[Room]:
    with ExitStack() as kept:
        with contextlib.chdir(stations.folder):
            machines = {one.host.name: one for one in open_session("verify", stations.name).inventory.machines}
        remotes = {}
        for name, machine in machines.items():
            files = {key: str(stations.folder / getattr(machine.connection, key)) for key in ("key", "known_hosts")}
            remotes[name] = kept.enter_context(Remote(machine.connection.model_copy(update=files)))
        archive = Orthanc(machines["store"].host, remotes["store"])
        yield Room(archive, remotes["read1"], machines["read1"].host)
        archive.remove(list(archive.studies()))


@pytest.fixture(scope="module")
def pattern(room: Room) -> Pattern:
    return room.kept(PatternKind(1024, 1024, 8))


@pytest.fixture(scope="module")
def viewer(room: Room) -> Iterator[Aeskulap]:
    with open_aeskulap(room.station, room.host, "store") as opened:
        yield opened


def right(pattern: Pattern, png: bytes) -> bool:
    return read_screen(png, pattern.layout).verdict == "met"


def kinds(pattern: Pattern, png: bytes) -> list[str]:
    return [fault.kind for fault in read_screen(png, pattern.layout).faults]


def shown(viewer: Aeskulap, pattern: Pattern, *, one_to_one: bool = False) -> ScreenReading:
    """The study as the station shows it; it came in time."""
    seen = viewer.show(pattern, lambda png: right(pattern, png), PATIENCE, one_to_one=one_to_one)
    reading = read_screen(seen.png, pattern.layout)
    assert (reading.faults, seen.note) == ((), "")
    assert seen.seconds is not None
    return reading


@pytest.mark.parametrize(
    "kind",
    [PatternKind(1024, 1024, 12), PatternKind(2048, 1536, 8), PatternKind(1536, 2048, 12)],
    ids=lambda kind: kind.name,
)
def test_every_grey_step_is_exact(room: Room, viewer: Aeskulap, kind: PatternKind) -> None:
    reading = shown(viewer, room.kept(kind))
    assert reading.worst is not None
    assert reading.worst <= 0.5
    assert len(reading.steps) == 18
    assert all(reading.seen(inset) for inset in reading.insets)


def test_five_times_in_a_row(viewer: Aeskulap, pattern: Pattern) -> None:
    for _ in range(5):
        assert shown(viewer, pattern).verdict == "met"


def test_a_series_comes_whole_and_is_scrolled_image_by_image_and_back(room: Room, viewer: Aeskulap) -> None:
    series = make_series(RUN, "read1", 8)
    room.keep(*series)
    shown(viewer, series[0])
    for by, number in ((1, 2), (5, 7), (-3, 4)):
        viewer.scroll(by)
        wanted = series[number - 1]
        seen = viewer.look(lambda png, wanted=wanted: right(wanted, png), PATIENCE)  # type: ignore[misc]
        assert read_screen(seen.png, wanted.layout).faults == ()
    first = read_screen(seen.png, series[0].layout)
    assert [fault.sentence for fault in first.faults] == ["Slice 4 is shown, not slice 1 as asked for."]


def test_an_image_of_the_viewers_own_size_is_one_pixel_for_one(room: Room, viewer: Aeskulap, pattern: Pattern) -> None:
    assert "not one-to-one" in shown(viewer, pattern).mapping
    reading = shown(viewer, room.kept(PatternKind(*viewer.own_size(), 12)), one_to_one=True)
    assert (reading.mapping_verdict, reading.mapping) == ("met", "one-to-one")


def test_a_wrong_window_in_the_images_tags_is_named(room: Room, viewer: Aeskulap) -> None:
    made = make_pattern(RUN, "read1", PatternKind(1024, 1024, 8))
    image, file = pydicom.dcmread(BytesIO(made.sample.content)), BytesIO()
    image.WindowCenter, image.WindowWidth = "100", "180"
    image.save_as(file)
    room.keep(replace(made, sample=replace(made.sample, content=file.getvalue())))
    seen = viewer.show(made, lambda png: "wrong window" in kinds(made, png), PATIENCE)
    reading = read_screen(seen.png, made.layout)
    assert (reading.verdict, [fault.kind for fault in reading.faults]) == ("short", ["wrong window"])
    assert "the greys are those of centre 100 and width 18" in reading.faults[0].sentence


def test_a_window_that_somebody_dragged_is_named(viewer: Aeskulap, pattern: Pattern) -> None:
    shown(viewer, pattern)
    viewport = viewer.viewport()
    assert viewport is not None
    x, y = viewport.centre
    viewer._hand.drag((x, y), (x - 300, y + 150))
    seen = viewer.look(lambda png: "wrong window" in kinds(pattern, png), PATIENCE)
    assert read_screen(seen.png, pattern.layout).verdict == "short"
    assert kinds(pattern, seen.png) == ["wrong window"]


def test_another_study_is_named(room: Room, viewer: Aeskulap, pattern: Pattern) -> None:
    other = room.kept(PatternKind(1024, 1024, 8))
    shown(viewer, other)
    seen = viewer.look(lambda png: right(other, png), PATIENCE)
    reading = read_screen(seen.png, pattern.layout)
    assert (reading.verdict, [fault.kind for fault in reading.faults]) == ("short", ["wrong study"])
    assert f"{other.layout.number:08X}" in reading.faults[0].sentence


def test_a_study_that_the_archive_lacks_is_said_and_is_short(viewer: Aeskulap) -> None:
    made = make_pattern(RUN, "read1", PatternKind(512, 512, 8))
    seen = viewer.show(made, lambda png: right(made, png), PATIENCE)
    assert (seen.seconds, kinds(made, seen.png)) == (None, ["not found"])
    assert seen.note == "read1: Aeskulap's search in store finds no such study, or gets no answer."


def test_a_viewer_that_has_nothing_open_is_short(room: Room, viewer: Aeskulap, pattern: Pattern) -> None:
    room.says(f"systemctl reset-failed {UNIT}; systemctl restart {UNIT}")
    seen = viewer.look(lambda png: right(pattern, png), 3)
    assert (seen.seconds, kinds(pattern, seen.png)) == (None, ["not found"])
    with pytest.raises(HandError, match="shows no image that could be scrolled"):
        viewer.scroll(1)


def test_a_dead_viewer_is_a_black_screen(room: Room, viewer: Aeskulap, pattern: Pattern) -> None:
    shown(viewer, pattern)
    room.says(f"systemctl stop {UNIT}")
    seen = viewer.look(lambda png: "black" in kinds(pattern, png), PATIENCE)
    reading = read_screen(seen.png, pattern.layout)
    assert (reading.verdict, [fault.kind for fault in reading.faults]) == ("short", ["black"])
    assert "look whether the display is blanked and the viewer runs" in reading.faults[0].sentence


def test_the_hand_gives_way_when_somebody_comes(room: Room, viewer: Aeskulap, pattern: Pattern) -> None:
    shown(viewer, pattern)
    with room.touched(), pytest.raises(StationInUse, match="read1: somebody touched mouse or keyboard"):
        viewer.scroll(1)


def test_afterwards_the_viewer_is_empty_and_nothing_of_the_patient_is_kept(room: Room, pattern: Pattern) -> None:
    with open_aeskulap(room.station, room.host, "store") as opened:
        before = room.says("pidof -s aeskulap")
        shown(opened, pattern)
    assert room.says("pidof -s aeskulap") != before
    with open_hand(room.station, AUTHORITY) as hand:
        assert kinds(pattern, hand.shot().png) != []
    assert room.host.workstation is not None
    places = f"/home/{room.host.workstation.reader} {room.host.workstation.cache.directory} /tmp /var/tmp /run /dev/shm"
    assert room.says(f"grep -rlaF -- '{PATIENT_NAME}' {places} || true") == ""


def test_a_killed_acceptance_leaves_the_viewer_empty(room: Room, pattern: Pattern) -> None:
    marks = room.says("ls /run | grep pacsmith-screen. || true")  # of the viewer that the other tests hold
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        assert held.stdin is not None
        assert held.stdout is not None
        held.stdin.write(pickle.dumps((room.station.connection, room.host, pattern)))
        held.stdin.close()
        assert held.stdout.readline() == b"held\n"
        before = room.says("pidof -s aeskulap")
        held.kill()
    another = f"until p=$(pidof -s aeskulap) && [ $p != {before} ]; do sleep 0.1; done"
    room.says(f"timeout 30 sh -c '{another}'")
    assert room.says("ls /run | grep pacsmith-screen. || true") == marks


def test_a_station_in_use_is_left_alone(room: Room) -> None:
    with room.touched():
        before = room.says("pidof -s aeskulap")
        with (
            pytest.raises(StationInUse, match="verify again when nobody has used it for 5 minutes"),
            open_aeskulap(room.station, room.host, "store"),
        ):
            pass
        assert room.says("pidof -s aeskulap") == before
