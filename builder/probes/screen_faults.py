"""What is wrong with a picture on the screen, each fault with a sentence that says so."""

import numpy as np

from builder.probes.pattern_layout import PatternLayout
from builder.probes.screen_marks import Grey
from builder.probes.screen_overlay import overlay
from builder.probes.screen_picture import Picture
from builder.probes.screen_place import UPRIGHT, Place, Placed
from builder.probes.screen_read import GreyReading
from builder.probes.screen_reading import Fault, ScreenReading
from builder.probes.screen_window import SLACK, Line, fit

_ONE_COLOUR = 0.98  # share of the screen
_BLACK = 16  # greys; a screen no brighter is black to the eye
_TOLD = 6  # steps that a sentence lists


def nothing_found(picture: Picture) -> Fault:
    """Why no pattern was found: a black screen, a page of one colour, or simply something else."""
    counts = np.bincount(picture.grey.ravel(), minlength=256)
    common = int(counts.argmax())
    share = counts[max(common - 2, 0) : common + 3].sum() / picture.grey.size
    if share < _ONE_COLOUR:
        return Fault(
            "not found",
            "The test pattern is not on the screen: its corner marks were not found, so another page is shown, or the "
            "picture is covered, cut off or too small.",
        )
    if common <= _BLACK:
        return Fault(
            "black",
            f"The screen is black ({share:.1%} of it): look whether the display is blanked and the viewer runs.",
        )
    row, column = np.argwhere(picture.grey == common)[0]
    colour = "#" + "".join(f"{channel:02x}" for channel in picture.colours[row, column].tolist())
    return Fault(
        "blank",
        f"The screen is blank: {share:.1%} of it is the one colour {colour}, as of a page that did not load.",
    )


def place_faults(placed: Placed, layout: PatternLayout) -> tuple[Fault, ...]:
    """Another study, another slice, a picture that is turned or mirrored."""
    faults = []
    code = placed.code
    if code is None:
        faults.append(
            Fault("covered", "The pattern's study mark could not be read: move away whatever lies over the picture.")
        )
    elif code.number != layout.number:
        faults.append(
            Fault(
                "wrong study",
                f"The wrong study is shown: the picture's mark says {code.number:08X}, "
                f"the study asked for has {layout.number:08X}.",
            )
        )
    elif code.slice_number != layout.slice_number:
        faults.append(
            Fault("wrong slice", f"Slice {code.slice_number} is shown, not slice {layout.slice_number} as asked for.")
        )
    if placed.place.turned != UPRIGHT:
        faults.append(
            Fault(
                "turned", f"The picture is {placed.place.turned}: look at the display's orientation and the viewer's."
            )
        )
    return tuple(faults)


def overlay_faults(grey: Grey, place: Place, layout: PatternLayout) -> tuple[Fault, ...]:
    """A box over the empty parts of the picture."""
    box = overlay(grey, place, layout)
    if box is None:
        return ()
    left, top, right, bottom = box
    return (
        Fault(
            "overlay",
            f"Something lies over the picture at {left},{top}, about {right - left} x {bottom - top} pixels, as a tour "
            "or a dialog would: close it, and see that the viewer does not open it again.",
        ),
    )


def greys_faults(reading: ScreenReading) -> tuple[Fault, ...]:
    """What the grey steps, the insets and the ramp say."""
    faults = [*_unread(reading), *_tinted(reading)]
    line = fit(reading.steps, reading.ramp, reading.layout)
    if line is not None and not line.same:
        faults.append(_of_line(line, reading.layout))
        faults += _beside(line, reading)
        return tuple(faults)
    wrong = [step for step in reading.steps if step.deviation is not None and abs(step.deviation) > reading.tolerance]
    if wrong:
        why = "something may lie over a part of the picture" if line else "no one window explains it"
        faults.append(Fault("wrong greys", f"{_told(wrong)}; {why}."))
    for inset in reading.insets:
        if reading.seen(inset) is False:
            faults.append(
                Fault(
                    "inset",
                    f"The {inset.patch.name} inset differs by {inset.observed:g} greys from the "
                    f"{inset.ground.percent:g} % around it, where {inset.expected:.3g} belong.",
                )
            )
    if reading.ramp.monotone is False:
        faults.append(
            Fault("ramp", "The ramp from black to white does not rise steadily: look at the viewer's window.")
        )
    return tuple(faults)


def _of_line(line: Line, layout: PatternLayout) -> Fault:
    if line.factor < 0:
        return Fault("inverted", "The picture is inverted: black is shown bright and white dark.")
    window = line.window(layout)
    assert window is not None  # a rising line has one
    shown = f"centre {round(window.centre)} and width {round(window.width)}"
    if line.dims:
        return Fault(
            "dimmed",
            f"The picture is dimmed: every grey is {line.factor:.2f} of what it must be, as under a tour or a dialog "
            f"(a window of {shown} would do the same).",
        )
    own = layout.window
    return Fault(
        "wrong window",
        f"The window setting is wrong: the greys are those of {shown}, not of centre {own.centre:g} and "
        f"width {own.width:g}.",
    )


def _beside(line: Line, reading: ScreenReading) -> list[Fault]:
    """Steps that do not even follow the wrong line."""
    off = [
        step
        for step in reading.steps
        if step.observed is not None
        and not line.explains(np.array([step.expected]), np.array([step.observed]), SLACK).all()
    ]
    return [Fault("wrong greys", f"{_told(off)}, unlike the other steps: something lies over them.")] if off else []


def _unread(reading: ScreenReading) -> list[Fault]:
    names = [step.name for step in reading.steps if step.observed is None]
    names += [f"the {inset.patch.name} inset" for inset in reading.insets if inset.observed is None]
    if reading.ramp.monotone is None:
        names.append("the ramp")
    if not names:
        return []
    listed = ", ".join(names)
    return [
        Fault("covered", f"Not readable: {listed}; something lies over the picture, or it is cut off or too small.")
    ]


def _tinted(reading: ScreenReading) -> list[Fault]:
    tinted = max((step.tint for step in reading.steps), default=0.0)
    if tinted <= reading.tolerance:
        return []
    return [
        Fault(
            "tinted",
            f"The greys are tinted: red, green and blue differ by up to {tinted:g}; look for a night light or a colour "
            "profile.",
        )
    ]


def _told(steps: list[GreyReading]) -> str:
    """The steps with what they show, as `Grey step 5 (24 %) is 77 where 60 belongs`."""
    parts = [
        f"{step.name} ({step.percent:.0f} %) is {step.observed:g} where {step.expected:.0f} belongs" for step in steps
    ]
    more = f" and {len(parts) - _TOLD} more" if len(parts) > _TOLD else ""
    return f"Grey {', '.join(parts[:_TOLD])}{more}"
