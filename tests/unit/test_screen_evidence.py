"""What a screenshot becomes in the ledger and on the dossier's page."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.models.dossier import Dossier
from builder.models.evidence import Evidence
from builder.probes.pattern import Pattern, PatternKind, draw, make_pattern
from builder.probes.screen import read_screen
from builder.probes.screen_evidence import ScreenRecord, unseen
from builder.probes.screen_session import ScreenSession
from builder.probes.station_viewer import Shown
from builder.report import dossier_html
from builder.report.gather import pictures_of
from tests.unit.report_sample import sample_dossier
from tests.unit.site_parts import hospital

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATION = next(host for host in hospital().hosts if host.workstation is not None)
RECORD = ScreenRecord(STATION, "r1", "a viewer on read02")


@pytest.fixture(scope="module")
def pattern() -> Pattern:
    return make_pattern("r1", "read02", PatternKind(512, 512, 8))


def screen_of(pattern: Pattern, shift: int = 0) -> bytes:
    """A black screen with the pattern in its middle, all greys moved by `shift`."""
    screen = np.zeros((600, 800), np.uint8)
    greys = np.clip(draw(pattern.layout).astype(int) + shift, 0, 255)
    screen[44 : 44 + 512, 144 : 144 + 512] = greys
    file = BytesIO()
    Image.fromarray(screen).convert("RGB").save(file, "PNG")
    return file.getvalue()


class Still:
    """A viewer whose screen is one picture, for the tests of what is made of it; real ones are in tests/lab."""

    def __init__(self, png: bytes) -> None:
        self.png = png

    def show(self, pattern: Pattern, enough: object, patience: float, *, one_to_one: bool = False) -> Shown:
        assert callable(enough)
        return Shown(self.png, 1.25 if enough(self.png) else None)

    def own_size(self) -> tuple[int, int]:
        return 512, 512

    def scroll(self, by: int) -> None:
        raise AssertionError

    def look(self, enough: object, patience: float) -> Shown:
        raise AssertionError


def evidence_of(pattern: Pattern, png: bytes) -> tuple[Evidence, Evidence, list[bytes]]:
    kept: list[bytes] = []
    shown, reading = ScreenSession(Still(png), 10, kept.append).show(pattern)
    return RECORD.greys("pattern", shown, reading, NOON), RECORD.first_image(shown, 10, NOON), kept


def test_a_right_picture_is_met_with_every_grey_step_and_its_hash(pattern: Pattern) -> None:
    png = screen_of(pattern)
    greys, first, kept = evidence_of(pattern, png)
    assert (greys.verdict, first.verdict, first.seconds, first.observed) == ("met", "met", 1.25, "1.2 s")
    assert greys.observed == "worst step off by 0.00 of 255; 5 % inset seen, 95 % inset seen"
    assert greys.screen is not None
    assert (greys.screen.width, greys.screen.height, len(greys.screen.steps)) == (800, 600, 18)
    assert greys.raw_sha256 == greys.screen.sha256
    assert kept == [png]


def test_greys_that_are_off_are_short_with_the_sentence_and_the_first_image_never_came(pattern: Pattern) -> None:
    greys, first, _ = evidence_of(pattern, screen_of(pattern, 9))
    assert greys.verdict == first.verdict == "short"
    assert first.observed == "no right image within 10 s"
    assert greys.screen is not None
    assert max(abs((step.observed or 0) - step.expected) for step in greys.screen.steps) == 9


def test_a_file_that_is_no_picture_is_unknown_and_has_no_size(pattern: Pattern) -> None:
    greys, _, _ = evidence_of(pattern, b"no picture")
    assert greys.verdict == "unknown"
    assert greys.screen is not None
    assert (greys.screen.width, greys.screen.height, greys.screen.steps) == (0, 0, ())


def test_late_is_short(pattern: Pattern) -> None:
    reading = read_screen(screen_of(pattern), pattern.layout)
    assert reading.verdict == "met"
    late = RECORD.first_image(Shown(b"", 10.5), 10, NOON)
    assert (late.verdict, late.observed) == ("short", "10.5 s")


def test_what_a_screenshot_cannot_show_is_for_medical_physics_and_never_met() -> None:
    site = hospital()
    for host in site.hosts:
        if host.workstation or host.thin_client:
            asked = unseen(site, host, "r1", NOON)
            assert len(asked) >= 3
            for item in asked:
                assert (item.verdict, item.attest and item.attest.partition(",")[0]) == (
                    "unknown",
                    "Dr Ines Falk (medical physics expert)",
                )
    workstation = " ".join(item.expected for item in unseen(site, STATION, "r1", NOON))
    assert "at least 350 cd/m2" in workstation
    assert "within 10 %" in workstation


def test_an_archive_that_no_pattern_came_from_is_for_the_reader_to_look_at() -> None:
    first, *_, last = unseen(hospital(), STATION, "r1", NOON, ["archive02"])
    assert last.subject == f"{STATION.name}: images of archive02"
    assert (last.verdict, last.attest) == ("unknown", f"the person who reads at {STATION.name} ({STATION.location})")
    assert "archive02" not in first.subject


def with_screen(*items: Evidence) -> Dossier:
    made = sample_dossier()
    first = made.proofs[-1]
    proofs = [first.model_copy(update={"number": first.number + 1 + place, "evidence": item})
              for place, item in enumerate(items)]  # fmt: skip
    return made.model_copy(update={"proofs": (*made.proofs, *proofs)})


def test_the_page_holds_the_picture_once_with_the_table_beside_it(pattern: Pattern) -> None:
    png = screen_of(pattern)
    shown = Shown(png, 1.0)
    reading = read_screen(png, pattern.layout)
    greys = RECORD.greys("pattern", shown, reading, NOON)
    mapping = RECORD.mapping("pattern", shown, reading, NOON + timedelta(seconds=1))
    assert greys.screen is not None
    page = dossier_html(with_screen(greys, mapping), {greys.screen.sha256: png})
    assert page.count('src="data:image/png;base64,') == 1
    assert page.count('<tr><th scope="row" class="number">') == 18
    without = dossier_html(with_screen(greys, mapping))
    assert f"The screenshot {greys.screen.sha256[:16]} is not in the project folder" in without


def test_a_picture_that_was_changed_is_not_shown(pattern: Pattern, tmp_path: Path) -> None:
    folder = tmp_path
    greys, _, (png,) = evidence_of(pattern, screen_of(pattern))
    assert greys.screen is not None
    file = folder / f"{greys.screen.sha256}.png"
    file.write_bytes(png)
    assert pictures_of(with_screen(greys), folder) == {greys.screen.sha256: png}
    file.write_bytes(png + b"\0")
    assert pictures_of(with_screen(greys), folder) == {}
