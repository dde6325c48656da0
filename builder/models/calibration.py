"""What somebody measured on one display with a luminance meter, on one day.

Aliases are the words of the file (docs/calibration.md), so that a fault is told in them.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from builder.models.base import Line, Model, PlacedError
from builder.models.display import DisplayMaker, DisplayProduct

_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[0-9]{1,5}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_POWER = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.IGNORECASE)
_TRUTH = {"yes": True, "no": False}


def _number(value: Any) -> Any:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(f'"{value}" is no luminance; write a plain number of cd/m2, as 412.5')
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError(f'"{value}" is no driving level; write a whole number, as 255')
    return value


def _day(value: Any) -> Any:
    if isinstance(value, date) or value is None:
        return value
    try:
        if _DAY.fullmatch(str(value)):
            return date.fromisoformat(str(value))
    except ValueError:
        pass
    raise ValueError(f'"{value}" is no day; write YYYY-MM-DD')


def _yes_or_no(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lower() not in _TRUTH:
        raise ValueError(f'"{value}" is neither yes nor no; write yes when the room\'s light was on the screen, no '
                         "when the meter shut it out")  # fmt: skip
    return _TRUTH[value.lower()]


def _whole_serial(text: str) -> str:
    if _POWER.fullmatch(text):
        raise ValueError(
            f'"{text}" is what a spreadsheet makes of a long number; set the cell to text and write it anew'
        )
    return text


Luminance = Annotated[
    float, BeforeValidator(_number, json_schema_input_type=str), Field(ge=0, le=100_000, allow_inf_nan=False)
]
Level = Annotated[int, BeforeValidator(_whole, json_schema_input_type=str), Field(ge=0, le=65_535)]
MeasuredOn = Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]
YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no, json_schema_input_type=str)]
Position = Literal["centre", "top-left", "top", "top-right", "left", "right", "bottom-left", "bottom", "bottom-right"]


class GreyStep(Model):
    """One grey that was shown in the middle of the screen, and its luminance in cd/m2."""

    level: Level = Field(alias="driving level")
    luminance: Luminance = Field(alias="luminance cd/m2")


class Spot(Model):
    """One grey at one place of the screen, and its luminance in cd/m2."""

    position: Position
    level: Level = Field(alias="driving level")
    luminance: Luminance = Field(alias="luminance cd/m2")


class Calibration(Model):
    """A calibration report: of which display, when, with what, in which light, and what was measured.

    Luminances are in cd/m2. `ambient` is the light of the room that the dark screen reflects; None when nobody measured
    it. `ambient_included`: whether the luminances hold it already, as a meter on a stand sees it, or not, as one that
    stands on the glass does.
    """

    maker: DisplayMaker = Field(alias="display maker")
    product: DisplayProduct = Field(alias="display product")
    serial: Annotated[Line, AfterValidator(_whole_serial)] | None = Field(
        None, alias="display serial", description="EDID serial number of the display"
    )
    measured_on: MeasuredOn = Field(alias="measured on", description="day of the measurement, YYYY-MM-DD")
    instrument: Line = Field(description="luminance meter: model and serial number")
    ambient: Luminance | None = Field(
        alias="ambient luminance cd/m2", description="the room's light on the dark screen; left empty when not measured"
    )
    ambient_included: YesOrNo = Field(
        alias="ambient light in the luminances",
        description="yes when the room's light was on the screen, no when the meter shut it out",
    )
    highest_level: Annotated[Level, Field(ge=255)] = Field(
        alias="highest driving level", description="255 of 8 bits, 1023 of 10 bits"
    )
    steps: tuple[GreyStep, ...] = Field((), alias="grey steps")
    spots: tuple[Spot, ...] = Field((), alias="uniformity")

    @model_validator(mode="after")
    def _levels(self) -> "Calibration":
        seen: set[str] = set()
        rows = [*((("grey steps", n), f"level {row.level}", row.level) for n, row in enumerate(self.steps)),
                *((("uniformity", n), f"{row.position} at level {row.level}", row.level)
                  for n, row in enumerate(self.spots))]  # fmt: skip
        for path, what, level in rows:
            if level > self.highest_level:
                highest = f"the highest driving level {self.highest_level}"
                raise PlacedError(f"{what} is above {highest}; correct one of the two", *path, "driving level")
            if what in seen:
                raise PlacedError(f"{what} was measured twice; keep one row", *path, "driving level")
            seen.add(what)
        return self

    @property
    def display(self) -> str:
        """The display as people read it: `ENC 2741, serial 123`."""
        return f"{self.maker} {self.product}" + (f", serial {self.serial}" if self.serial else "")

    def of(self, maker: str, product: str, serial: str | None) -> bool:
        """Whether this was measured on that display. Without a serial number on either side nobody can tell: False."""
        return (self.maker, self.product) == (maker, product) and serial is not None and self.serial == serial
