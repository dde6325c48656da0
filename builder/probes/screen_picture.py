"""Open a screenshot: its colours and its greys, each 0..255, whatever depth the file has."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.probes.screen_marks import Grey


class Unreadable(Exception):
    """The bytes are no picture; the text says why and what to do."""


@dataclass(frozen=True)
class Picture:
    """`colours`: rows x columns x red, green, blue; `grey`: their luma, equal to each of them where they are equal."""

    colours: NDArray[np.uint8]
    grey: Grey


def open_picture(content: bytes) -> Picture:
    """Decode a screenshot. Raises Unreadable."""
    try:
        with Image.open(BytesIO(content)) as opened:
            image = _to_eight_bits(opened)
            return Picture(np.asarray(image.convert("RGB")), np.asarray(image.convert("L")))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as fault:
        raise Unreadable(f"The screenshot is no picture that can be opened ({fault}): take it again.") from fault


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Pillow clips grey of 16 bits instead of scaling it."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
