"""Does a screenshot show a test pattern as it must? Each grey step, both insets, the ramp, the mapping of pixels, and
when something is wrong, a sentence that says what.

A screenshot is what the graphics memory holds: the video look-up table, luminance and the panel itself stay unseen.
Reading a screenshot of 4096 x 2048 pixels takes 0.1 to 0.5 s on a shared server core (the tests hold it below 1 s).
"""

from builder.probes.pattern import SIZES
from builder.probes.pattern_layout import PatternLayout, layout_of
from builder.probes.screen_faults import greys_faults, nothing_found, overlay_faults, place_faults
from builder.probes.screen_marks import COARSE, FINE, Grey, find_marks
from builder.probes.screen_picture import Picture, Unreadable, open_picture
from builder.probes.screen_place import Placed, locate
from builder.probes.screen_read import read_bars, read_inset, read_ramp, read_steps
from builder.probes.screen_reading import Fault, ScreenReading

TOLERANCE = 1.0  # greys of 255 on an 8-bit screen


def read_screen(png: bytes, layout: PatternLayout, tolerance: float = TOLERANCE) -> ScreenReading:
    """What a screenshot (PNG or any format that Pillow opens) shows of the pattern with `layout`. Raises nothing: a
    file that is no picture is a reading with a fault, and whatever could not be read is never met."""
    try:
        picture = open_picture(png)
    except Unreadable as fault:
        return ScreenReading(layout, tolerance, faults=(Fault("unreadable", str(fault)),))
    found = _find(picture, layout)
    if found is None:
        return ScreenReading(layout, tolerance, faults=(nothing_found(picture),))
    placed, shape, grey = found
    faults = place_faults(placed, layout)
    if shape is not layout:
        return ScreenReading(layout, tolerance, code=placed.code, faults=faults)
    reading = ScreenReading(
        layout,
        tolerance,
        place=placed.place,
        code=placed.code,
        steps=read_steps(picture.colours, picture.grey, placed.place, layout),
        insets=tuple(read_inset(picture.colours, picture.grey, placed.place, inset) for inset in layout.insets),
        ramp=read_ramp(picture.grey, placed.place, layout),
        bars=tuple(read_bars(grey, placed.place, bars) for bars in layout.bars),
    )
    return reading.with_faults((*faults, *greys_faults(reading), *overlay_faults(picture.grey, placed.place, layout)))


def _find(picture: Picture, layout: PatternLayout) -> tuple[Placed, PatternLayout, Grey] | None:
    """The pattern, the shape that it was found in and the greys in which its white is bright.

    Another shape is tried because a wrong study may have one; the inverted picture because a viewer may take black for
    white. A pattern whose cells cannot be read is taken only when there is no other.
    """
    shapes = (layout, *(layout_of(columns, rows, 8, 0) for columns, rows in _other_shapes(layout)))
    second: tuple[Placed, PatternLayout, Grey] | None = None
    for grey, thresholds in ((picture.grey, COARSE), (255 - picture.grey, COARSE), (picture.grey, FINE)):
        marks = find_marks(grey, thresholds)
        for shape in shapes:
            placed = locate(grey, marks, shape)
            if placed is not None and placed.code is not None:
                return placed, shape, grey
            if placed is not None and second is None:
                second = placed, shape, grey
    return second


def _other_shapes(layout: PatternLayout) -> tuple[tuple[int, int], ...]:
    """One size of every aspect that patterns are made in, but for the layout's own."""
    shapes = {columns / rows: (columns, rows) for columns, rows in SIZES}
    shapes.pop(layout.columns / layout.rows, None)
    return tuple(shapes.values())
