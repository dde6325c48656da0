"""Synthetic test patterns as DICOM images: pixels of our own, nothing measured, and never any other pattern's name.

Each still pattern is a study of its own, so that showing another one is showing a wrong study; the CT-like series is
one study whose slices carry their number in the pixels and in a bright block that moves along a track.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from builder.probes.pattern_code import CELLS, PatternCode, study_number, to_cells
from builder.probes.pattern_layout import BACKGROUND_PERCENT, Box, PatternLayout, layout_of
from builder.probes.samples import PATIENT_NAME, Sample, patient_id, sample_of

Pixels = NDArray[np.uint16]


@dataclass(frozen=True)
class PatternKind:
    """Columns, rows and stored bits of one still pattern."""

    columns: int
    rows: int
    bits: int

    @property
    def name(self) -> str:
        """What people call it, as `pattern 2048x1536 12 bit`."""
        return f"pattern {self.columns}x{self.rows} {self.bits} bit"


SIZES = ((512, 512), (1024, 1024), (2048, 1536), (1536, 2048))
KINDS = tuple(PatternKind(columns, rows, bits) for columns, rows in SIZES for bits in (8, 12))
SERIES_SIDE = 512
SERIES_BITS = 12
SERIES_INTERCEPT = -1024  # stored 0 is -1024 HU, as CT scanners do it
SLICES = 20
_SPACING = 0.5  # millimetres between pixels; square, so that no viewer stretches the picture


@dataclass(frozen=True)
class Pattern:
    """One image: `sample` is what is sent and compared, `layout` is what a screen must show of it."""

    sample: Sample
    layout: PatternLayout


def make_patterns(run: str, sender: str, kinds: tuple[PatternKind, ...] = KINDS) -> tuple[Pattern, ...]:
    """One still pattern of each kind, each in a study of its own with fresh UIDs."""
    return tuple(make_pattern(run, sender, kind) for kind in kinds)


def make_pattern(run: str, sender: str, kind: PatternKind) -> Pattern:
    """One still pattern (modality CR) for the patient of `run`. Raises ValueError below 256 pixels a side."""
    study = generate_uid()
    layout = layout_of(kind.columns, kind.rows, kind.bits, study_number(study))
    image = _image(run, sender, layout, study=study, series=generate_uid())
    _as_cr(image)
    return _pattern(kind.name, image, layout)


def make_series(run: str, sender: str, count: int = SLICES) -> tuple[Pattern, ...]:
    """One CT-like study of `count` slices in one series, for scrolling; InstanceNumber runs from 1."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    made = []
    for number in range(1, count + 1):
        layout = layout_of(
            SERIES_SIDE, SERIES_SIDE, SERIES_BITS, study_number(study),
            slice_number=number, slices=count, intercept=SERIES_INTERCEPT,
        )  # fmt: skip
        image = _image(run, sender, layout, study=study, series=series)
        _as_ct(image, frame, number)
        made.append(_pattern(f"pattern slice {number}", image, layout))
    return tuple(made)


def draw(layout: PatternLayout) -> Pixels:
    """The stored pixel values of a pattern, rows x columns."""
    pixels: Pixels = np.full((layout.rows, layout.columns), layout.stored(BACKGROUND_PERCENT), dtype=np.uint16)
    _draw_corners(pixels, layout)
    for inset in layout.insets:
        _fill(pixels, inset.around, inset.ground.stored)
        _fill(pixels, inset.patch.box, inset.patch.stored)
    for step in layout.steps:
        _fill(pixels, step.box, step.stored)
    _draw_cells(pixels, layout)
    _draw_bars(pixels, layout)
    ramp = np.rint([layout.ramp_stored(column) for column in range(layout.ramp.width)])
    _part(pixels, layout.ramp)[:] = ramp.astype(np.uint16)
    _draw_track(pixels, layout)
    _draw_label(pixels, layout)
    return pixels


def _part(pixels: Pixels, box: Box) -> Pixels:
    return pixels[box.top : box.top + box.height, box.left : box.left + box.width]


def _fill(pixels: Pixels, box: Box, stored: int) -> None:
    _part(pixels, box)[:] = stored


def _grown(box: Box, by: int) -> Box:
    return Box(box.left - by, box.top - by, box.width + 2 * by, box.height + 2 * by)


def _draw_corners(pixels: Pixels, layout: PatternLayout) -> None:
    """A white square, a black one inside and a white core (1:1:3:1:1 units in every direction), with quiet black."""
    unit = layout.unit
    for corner in layout.corners:
        first, last = corner.dots[0], corner.dots[-1]
        _fill(pixels, _grown(Box(first.left, first.top, last.left + last.width - first.left, first.height), unit), 0)
        for inwards, stored in ((-1, 0), (0, layout.white), (1, 0), (2, layout.white)):
            _fill(pixels, _grown(corner.mark, -inwards * unit), stored)
        for dot in corner.dots[: corner.number]:
            _fill(pixels, dot, layout.white)


def _draw_cells(pixels: Pixels, layout: PatternLayout) -> None:
    box = layout.cells
    _fill(pixels, _grown(box, layout.unit), 0)
    cells = np.array(to_cells(PatternCode(layout.number, layout.slice_number))).reshape(CELLS, CELLS)
    size = box.width // CELLS
    _part(pixels, box)[:] = np.kron(cells, np.ones((size, size), dtype=np.uint16)) * layout.white


def _draw_bars(pixels: Pixels, layout: PatternLayout) -> None:
    for bars in layout.bars:
        part = _part(pixels, bars.box)
        lines = part if bars.direction == "horizontal" else part.T
        white = np.arange(lines.shape[0]) // bars.thickness % 2 == 0
        lines[:] = np.where(white, layout.white, 0)[:, None]


def _draw_track(pixels: Pixels, layout: PatternLayout) -> None:
    track = layout.track
    _fill(pixels, track, 0)
    if layout.slices > 1:
        width = track.width // layout.slices
        _fill(pixels, Box(track.left + (layout.slice_number - 1) * width, track.top, width, track.height), layout.white)


def _draw_label(pixels: Pixels, layout: PatternLayout) -> None:
    text = f"PACSMITH synthetic test pattern {layout.columns} x {layout.rows}, {layout.bits} bit"
    if layout.slices > 1:
        text += f", slice {layout.slice_number} of {layout.slices}"
    box = layout.label
    mask = Image.new("1", (box.width, box.height))
    font = ImageFont.load_default(size=box.height * 0.7)
    ImageDraw.Draw(mask).text((box.width // 2, box.height // 2), text, fill=1, font=font, anchor="mm")
    _part(pixels, box)[np.asarray(mask)] = layout.white


def _pattern(name: str, image: FileDataset, layout: PatternLayout) -> Pattern:
    return Pattern(sample_of(name, "-xe", image), layout)


def _image(run: str, sender: str, layout: PatternLayout, *, study: UID, series: UID) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    image.SpecificCharacterSet = "ISO_IR 192"
    image.ImageType = ["DERIVED", "SECONDARY"]
    image.SOPInstanceUID = generate_uid()
    image.StudyInstanceUID, image.SeriesInstanceUID = study, series
    image.PatientName = f"{PATIENT_NAME}^{sender.upper()}"
    image.PatientID = patient_id(run)
    image.PatientBirthDate, image.PatientSex = "", "O"
    image.StudyDate = image.SeriesDate = image.ContentDate = image.AcquisitionDate = "20000101"
    image.StudyTime = image.SeriesTime = image.ContentTime = image.AcquisitionTime = "120000"
    image.StudyID, image.AccessionNumber = "PACSMITH", f"PS{layout.number:08X}"
    image.ReferringPhysicianName, image.Manufacturer, image.StationName = "", "pacsmith", sender[:16]
    image.StudyDescription = f"pacsmith synthetic pattern {layout.columns}x{layout.rows} {layout.bits} bit"
    image.SeriesDescription = image.StudyDescription
    image.SeriesNumber, image.InstanceNumber, image.AcquisitionNumber = 1, layout.slice_number, 1
    image.BurnedInAnnotation, image.BodyPartExamined = "NO", ""
    _set_pixels(image, layout)
    return image


def _set_pixels(image: FileDataset, layout: PatternLayout) -> None:
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows, image.Columns = layout.rows, layout.columns
    image.BitsAllocated = 8 if layout.bits == 8 else 16
    image.BitsStored, image.HighBit, image.PixelRepresentation = layout.bits, layout.bits - 1, 0
    image.RescaleIntercept, image.RescaleSlope = str(layout.intercept), "1"
    image.RescaleType = "HU" if layout.intercept else "US"
    image.WindowCenter, image.WindowWidth = f"{layout.window.centre:g}", f"{layout.window.width:g}"
    pixels = draw(layout)
    image.PixelData = pixels.astype("u1" if layout.bits == 8 else "<u2").tobytes()
    image["PixelData"].VR = "OB" if layout.bits == 8 else "OW"


def _as_cr(image: FileDataset) -> None:
    image.SOPClassUID, image.Modality = ComputedRadiographyImageStorage, "CR"
    image.ImagerPixelSpacing = [_SPACING, _SPACING]
    image.PatientOrientation, image.ViewPosition = "", ""


def _as_ct(image: FileDataset, frame: UID, number: int) -> None:
    image.SOPClassUID, image.Modality = CTImageStorage, "CT"
    image.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    image.PixelSpacing, image.SliceThickness, image.KVP = [_SPACING, _SPACING], "1", ""
    image.FrameOfReferenceUID, image.PositionReferenceIndicator = frame, ""
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, 1 - number]  # the first is uppermost, where viewers that sort by place begin
    image.SliceLocation = f"{1 - number}"
