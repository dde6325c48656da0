"""What was read from a screenshot, and the two verdicts that follow from it: the greys', and the mapping of pixels."""

from dataclasses import dataclass, replace
from typing import Literal

from builder.models.evidence import Verdict
from builder.probes.pattern_code import PatternCode
from builder.probes.pattern_layout import STEPS, PatternLayout
from builder.probes.screen_place import Place
from builder.probes.screen_read import UNREAD_RAMP, BarsReading, GreyReading, InsetReading, RampReading

FaultKind = Literal[
    "unreadable", "covered", "black", "blank", "not found", "wrong study", "wrong slice", "turned", "inverted",
    "wrong window", "dimmed", "wrong greys", "inset", "ramp", "tinted", "overlay",
]  # fmt: skip
NOT_READ: frozenset[FaultKind] = frozenset({"unreadable", "covered"})  # with these alone the answer is unknown
_SAME_SIZE = 0.001  # of a scale of 1


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. `sentence` is for people and says what was seen and what to look at."""

    kind: FaultKind
    sentence: str


@dataclass(frozen=True)
class ScreenReading:
    """A screenshot against a layout. `place` is None when the pattern was not found in its own shape; `code` is what
    its machine-readable mark said. Everything that could not be read is empty or None, and never met."""

    layout: PatternLayout
    tolerance: float
    place: Place | None = None
    code: PatternCode | None = None
    steps: tuple[GreyReading, ...] = ()
    insets: tuple[InsetReading, ...] = ()
    ramp: RampReading = UNREAD_RAMP
    bars: tuple[BarsReading, ...] = ()
    faults: tuple[Fault, ...] = ()

    def with_faults(self, faults: tuple[Fault, ...]) -> "ScreenReading":
        """The same reading with what was found wrong."""
        return replace(self, faults=faults)

    @property
    def worst(self) -> float | None:
        """The largest deviation of a grey step, in greys of 255; None unless all steps were read."""
        deviations = [abs(step.deviation) for step in self.steps if step.deviation is not None]
        return max(deviations) if len(deviations) == STEPS else None

    def seen(self, inset: InsetReading) -> bool | None:
        """Does the inset differ from its ground by what it must, within the tolerance?"""
        return None if inset.observed is None else abs(inset.observed - inset.expected) <= self.tolerance

    @property
    def verdict(self) -> Verdict:
        """Of the picture shown, the mapping of pixels apart."""
        if any(fault.kind not in NOT_READ for fault in self.faults):
            return "short"
        whole = (
            not self.faults
            and self.worst is not None
            and self.worst <= self.tolerance
            and bool(self.insets)
            and all(self.seen(inset) for inset in self.insets)
            and self.ramp.monotone is True
            and self.code == PatternCode(self.layout.number, self.layout.slice_number)
        )
        return "met" if whole else "unknown"

    @property
    def mapping_verdict(self) -> Verdict:
        """Is each pixel of the image one pixel of the screen? A finding of its own."""
        if self.place is None or any(bars.contrast is None for bars in self.bars):
            return "unknown"
        return "met" if self._same_size and all(bars.resolved for bars in self.bars) else "short"

    @property
    def mapping(self) -> str:
        """The mapping in words, as `one-to-one` or `not one-to-one: 0.74`."""
        if self.place is None:
            return "unknown: the pattern was not found"
        if not self._same_size:
            across, down = self.place.scale
            if abs(across - down) <= 0.005 * across:
                return f"not one-to-one: {_scale((across + down) / 2)}"
            return f"not one-to-one: {_scale(across)} across, {_scale(down)} down"
        if self.mapping_verdict == "unknown":
            return "unknown: the resolution bars could not be read"
        blurred = [f"{bars.bars.thickness}-pixel {bars.bars.direction}" for bars in self.bars if not bars.resolved]
        return f"not one-to-one: {' and '.join(blurred)} lines are not resolved" if blurred else "one-to-one"

    @property
    def _same_size(self) -> bool:
        return self.place is not None and all(abs(scale - 1) <= _SAME_SIZE for scale in self.place.scale)


def _scale(scale: float) -> str:
    """Two digits, more where two would read as 1."""
    return f"{scale:.2f}" if abs(scale - 1) >= 0.01 else f"{scale:.4f}"
