"""Test patterns: well-formed DICOM, the greys that they promise, and a mark that says which study it is."""

from io import BytesIO
from itertools import combinations

import numpy as np
import pydicom
import pytest
from pydicom import FileDataset

from builder.probes.pattern import KINDS, SLICES, Pattern, PatternKind, make_pattern, make_patterns, make_series
from builder.probes.pattern_code import PatternCode, from_cells, study_number, to_cells
from builder.probes.pattern_layout import Box, PatternLayout, layout_of
from builder.probes.samples import PATIENT_NAME, patient_id
from tests.unit.pretend_viewer import shown

PATTERNS = make_patterns("run-1", "ct01")
SERIES = make_series("run-1", "ct01")


def opened(pattern: Pattern) -> FileDataset:
    return pydicom.dcmread(BytesIO(pattern.sample.content))


def parts(layout: PatternLayout) -> list[Box]:
    return [
        *(step.box for step in layout.steps),
        *(inset.around for inset in layout.insets),
        *(bars.box for bars in layout.bars),
        *(box for corner in layout.corners for box in (corner.mark, *corner.dots)),
        layout.ramp,
        layout.cells,
        layout.track,
        layout.label,
    ]


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.left + other.width
        and other.left < one.left + one.width
        and one.top < other.top + other.height
        and other.top < one.top + one.height
    )


def test_every_size_and_depth_is_made() -> None:
    assert {(kind.columns, kind.rows, kind.bits) for kind in KINDS} >= {
        (512, 512, 8), (512, 512, 12), (1024, 1024, 8), (1024, 1024, 12),
        (2048, 1536, 8), (2048, 1536, 12), (1536, 2048, 8), (1536, 2048, 12),
    }  # fmt: skip
    assert [(p.layout.columns, p.layout.rows, p.layout.bits) for p in PATTERNS] == [
        (kind.columns, kind.rows, kind.bits) for kind in KINDS
    ]


@pytest.mark.parametrize("pattern", (*PATTERNS, SERIES[0]), ids=lambda pattern: pattern.sample.name)
def test_a_pattern_is_well_formed_and_named_as_synthetic(pattern: Pattern) -> None:
    image = opened(pattern)
    for keyword in ("Modality", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "SeriesNumber",
                    "InstanceNumber", "StudyDescription"):  # fmt: skip
        assert image[keyword].value not in ("", None), keyword
    assert str(image.PatientName) == f"{PATIENT_NAME}^CT01"
    assert image.PatientID == patient_id("run-1")
    assert "synthetic" in image.SeriesDescription
    assert "TG18" not in str(image).upper()
    assert image.pixel_array.shape == (pattern.layout.rows, pattern.layout.columns)
    assert pattern.sample.pixels == image.PixelData
    assert (pattern.sample.study, pattern.sample.instance) == (image.StudyInstanceUID, image.SOPInstanceUID)


@pytest.mark.parametrize("pattern", (*PATTERNS, SERIES[4]), ids=lambda pattern: pattern.sample.name)
def test_another_viewers_window_shows_the_promised_greys(pattern: Pattern) -> None:
    """pydicom's own VOI transformation, not ours, computes what is shown."""
    greys = np.asarray(shown(pattern.sample.content)).astype(float)
    patches = [*pattern.layout.steps, *(one for inset in pattern.layout.insets for one in (inset.ground, inset.patch))]
    for patch in patches:
        box = patch.box
        part = greys[box.top : box.top + box.height, box.left : box.left + box.width]
        assert part.min() == part.max() == pytest.approx(patch.grey, abs=0.5), patch.name
        assert patch.grey == pytest.approx(patch.percent * 2.55, abs=0.5)
    assert (greys.min(), greys.max()) == (0, 255)


@pytest.mark.parametrize(
    "layout",
    [pattern.layout for pattern in PATTERNS] + [layout_of(2560, 2048, 12, 1), layout_of(1001, 777, 8, 1)],
    ids=lambda layout: f"{layout.columns}x{layout.rows}-{layout.bits}",
)
def test_no_part_lies_over_another_or_in_the_margins(layout: PatternLayout) -> None:
    boxes = parts(layout)
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    for box in boxes:
        assert box.left >= 8 * layout.unit
        assert box.left + box.width <= layout.columns - 8 * layout.unit
        assert box.top >= 16 * layout.unit
        assert box.top + box.height <= layout.rows - 16 * layout.unit


def test_the_bars_are_one_and_two_pixels_in_both_directions() -> None:
    layout = PATTERNS[0].layout
    image = opened(PATTERNS[0]).pixel_array
    for bars in layout.bars:
        part = image[bars.box.top :, bars.box.left :][: bars.box.height, : bars.box.width]
        line = part[:, 0] if bars.direction == "horizontal" else part[0]
        assert line[:4].tolist() == ([255, 0, 255, 0] if bars.thickness == 1 else [255, 255, 0, 0])
        assert (part == (part[:, :1] if bars.direction == "horizontal" else part[:1])).all()
    assert sorted((bars.direction, bars.thickness) for bars in layout.bars) == [
        ("horizontal", 1), ("horizontal", 2), ("vertical", 1), ("vertical", 2),
    ]  # fmt: skip


def test_the_series_is_one_study_whose_slices_differ() -> None:
    images = [opened(pattern) for pattern in SERIES]
    assert len(images) == SLICES == 20
    assert len({image.StudyInstanceUID for image in images}) == len({image.SeriesInstanceUID for image in images}) == 1
    assert [image.InstanceNumber for image in images] == list(range(1, 21))
    assert [float(image.ImagePositionPatient[2]) for image in images] == list(range(0, -20, -1))
    assert len({image.PixelData for image in images}) == 20
    assert images[0].pixel_array[SERIES[0].layout.track.top, SERIES[0].layout.track.left] == SERIES[0].layout.white
    assert {pattern.layout.number for pattern in SERIES} == {study_number(images[0].StudyInstanceUID)}


def test_two_patterns_never_carry_one_number() -> None:
    assert len({pattern.layout.number for pattern in (*PATTERNS, SERIES[0])}) == len(PATTERNS) + 1


@pytest.mark.parametrize("code", [PatternCode(0, 0), PatternCode(0xFFFFFFFF, 65535), PatternCode(0x12345678, 20)])
def test_a_code_comes_back_and_one_wrong_cell_spoils_it(code: PatternCode) -> None:
    cells = to_cells(code)
    assert from_cells(cells) == code
    for place in range(len(cells)):
        assert from_cells((*cells[:place], not cells[place], *cells[place + 1 :])) is None


@pytest.mark.parametrize("filled", [False, True])
def test_a_field_of_one_colour_is_no_code(filled: bool) -> None:
    assert from_cells((filled,) * 64) is None


def test_a_pattern_too_small_to_read_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 256 pixels a side, not 512 x 200"):
        make_pattern("run-1", "ct01", PatternKind(512, 200, 8))
