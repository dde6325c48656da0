"""A viewer made of pydicom and Pillow: opens a DICOM file, applies its window, scales it, and stands on a screen with
text around and over it. It knows nothing of how pacsmith draws or reads a pattern."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.pixels.processing import apply_modality_lut, apply_windowing

HEADS = (4096, 1536)  # two displays of 2048 x 1536 side by side
DESK, AT = (2100, 1500), (617, 43)  # a smaller screen, quicker to read, and where the picture stands on it
NEAREST, LINEAR = Image.Resampling.NEAREST, Image.Resampling.BILINEAR


@dataclass(frozen=True)
class Window:
    """What a reader may have set instead of the image's own window."""

    centre: float
    width: float


def shown(file: bytes, window: Window | None = None) -> Image.Image:
    """The image as a viewer computes it: modality and VOI transformation, 256 greys, one pixel for one."""
    image = pydicom.dcmread(BytesIO(file))
    if window is not None:
        image.WindowCenter, image.WindowWidth = window.centre, window.width
    values = apply_windowing(apply_modality_lut(image.pixel_array, image), image).astype(np.float64)
    low = float(image.RescaleIntercept)
    white = 2**image.BitsStored - 1
    greys: NDArray[np.uint8] = np.rint((values - low) / white * 255).astype(np.uint8)
    return Image.fromarray(greys)


def scaled(picture: Image.Image, factor: float, way: Image.Resampling) -> Image.Image:
    """Shown at `factor` screen pixels per image pixel."""
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), way)


def screen(picture: Image.Image | None, at: tuple[int, int] = AT, size: tuple[int, int] = DESK) -> Image.Image:
    """A desktop with a bright window full of text on its left, and the picture, if any, in a black viewer."""
    whole = _desktop(size).copy()
    if picture is not None:
        whole.paste(picture, at)
        annotate(whole, at, picture.size)
    return whole


@cache
def _desktop(size: tuple[int, int]) -> Image.Image:
    whole = Image.new("RGB", size, (12, 34, 56))
    draw = ImageDraw.Draw(whole)
    draw.rectangle((40, 40, size[0] // 2 - 460, size[1] - 60), fill=(250, 250, 250))
    for line in range(size[1] // 24 - 6):
        draw.text((60, 60 + line * 24), "Work list  |  Eins - zwo  |  [x] HH III E 10101 " * 4, fill=(20, 20, 20))
    draw.rectangle((size[0] // 2 - 440, 0, size[0], size[1]), fill=(0, 0, 0))
    return whole


def annotate(whole: Image.Image, at: tuple[int, int], size: tuple[int, int]) -> None:
    """What viewers write into the corners of a picture, and a rule on its right."""
    draw = ImageDraw.Draw(whole)
    font = ImageFont.load_default(size=max(size[1] / 52, 8))
    left, top, right, bottom = at[0] + 4, at[1] + 4, at[0] + size[0] - 4, at[1] + size[1] - 4
    for anchor, x, y in (("la", left, top), ("ra", right, top), ("ld", left, bottom), ("rd", right, bottom)):
        text = "PACSMITH TEST\nW: 4096 L: 2048\nZoom 74 %"
        draw.multiline_text((x, y), text, fill=(240, 200, 40), font=font, anchor=anchor)
    draw.line((right, top + size[1] // 4, right, bottom - size[1] // 4), fill=(240, 200, 40))


def dimmed(whole: Image.Image, share: float) -> Image.Image:
    """Under a black layer that lets `share` of the light through, with a bright box of text in a corner."""
    under = whole.point(lambda value: round(value * share))
    ImageDraw.Draw(under).rectangle((whole.width - 420, whole.height - 60, whole.width - 8, whole.height - 8), "white")
    return under


def png(whole: Image.Image, level: int = 0) -> bytes:
    """The screenshot's file; packing it at `level` 6, as screenshot programs do, costs a second."""
    buffer = BytesIO()
    whole.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()
