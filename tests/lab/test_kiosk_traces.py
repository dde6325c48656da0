"""After a session of the kiosk nothing of the patient is left: looked for in the client's whole disk, from outside."""

import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from builder.lab.layout import lab_folder
from builder.probes.pattern import Pattern, PatternKind, make_pattern
from builder.probes.samples import PATIENT_NAME, patient_id
from builder.probes.screen import read_screen
from tests.lab.conftest import BuiltSite
from tests.lab.kiosk_ward import Ward, open_ward

NEEDLE_FILE = "/var/tmp/planted-by-a-test"
PATIENT_RUN = "leaves-nothing"
SENDER = f"w{secrets.token_hex(4)}"
PATIENT = f"{PATIENT_NAME}^{SENDER.upper()}"


@pytest.fixture(scope="module")
def ward(stations: BuiltSite) -> Iterator[Ward]:
    with open_ward(stations) as opened:
        yield opened


def searched(site: BuiltSite, needles: Sequence[bytes]) -> dict[str, list[bytes]]:
    """Every file that the client has ever written to its disk, seen from outside, and which needles are in it."""
    top = lab_folder() / site.name / "hosts" / "bedside"
    found = {}
    for path in sorted(top.rglob("*")):
        if path.is_symlink() or not path.is_file() or "root" in path.relative_to(top).parts[:1]:
            continue
        content = path.read_bytes()
        there = [needle for needle in needles if needle in content]
        if there:
            found[str(path.relative_to(top))] = there
    return found


def traces(pattern: Pattern) -> list[bytes]:
    """What would be found of the patient: name and ID as text of 8 and 16 bits, and pixels of this study alone."""
    image = pattern.sample
    texts = [PATIENT, patient_id(PATIENT_RUN)]
    layout, columns = pattern.layout, pattern.layout.columns
    stored = image.content[-columns * layout.rows :]
    cells = layout.cells  # what tells studies apart; a line of the image through them holds other parts, too
    lines = [stored[line * columns :][:columns] for line in range(cells.top, cells.top + cells.height)]
    pixels = max(lines, key=lambda line: sum(one != other for one, other in pairwise(line)))
    plain = [*(text.encode() for text in texts), pixels]
    assert all(trace in image.content for trace in plain)
    return [*plain, *(text.encode("utf-16-le") for text in texts)]


def test_after_a_session_no_byte_of_the_patient_is_on_the_disk(ward: Ward, stations: BuiltSite) -> None:
    pattern = make_pattern(PATIENT_RUN, SENDER, PatternKind(512, 512, 8))
    ward.keep(pattern)
    needles = [*traces(pattern), ward.password.get_secret_value().encode()]
    with ward.kiosk() as kiosk:
        seen = kiosk.show(pattern, lambda png: read_screen(png, pattern.layout).verdict == "met", 90)
        assert seen.seconds is not None
        assert searched(stations, needles) == {}
        home = ward.says("df --output=fstype /run/pacsmith-kiosk | tail -n 1; wc -l </proc/swaps").split()
        assert home == ["tmpfs", "1"]  # a heading and no swap
    assert ward.says("find / -xdev -user kiosk") == ""
    assert searched(stations, needles) == {}
    words = [trace for trace in needles if trace.isascii() and b"\0" not in trace]
    assert len(words) == 3  # name, ID and password
    everywhere = "grep -rlaF -f - /run /tmp /dev/shm /var/log /var/tmp 2>/dev/null || true"
    assert ward.says(everywhere, stdin=b"\n".join(words) + b"\n") == ""


def test_the_search_of_the_disk_finds_what_is_there(ward: Ward, stations: BuiltSite) -> None:
    pattern = make_pattern(PATIENT_RUN, SENDER, PatternKind(512, 512, 8))
    needles = traces(pattern)
    ward.says(f"cat > {NEEDLE_FILE}", stdin=b"..".join(needles))
    try:
        found = searched(stations, needles)
        assert [(Path(path).name, len(there)) for path, there in found.items()] == [
            (Path(NEEDLE_FILE).name, len(needles))
        ]
    finally:
        ward.says(f"rm {NEEDLE_FILE}")
    assert searched(stations, needles) == {}
