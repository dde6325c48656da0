"""When a site may be changed and when it must be left alone (times of day in the site's time zone)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from builder.models.base import Line, Model, Name

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(description='24-hour time, quoted: "22:00"'),
]


class Window(Model):
    """A maintenance window; `end` before `start` runs past midnight. Without hosts it holds for the whole site."""

    name: Name
    hosts: tuple[Name, ...] = ()
    days: tuple[Day, ...] = Field(min_length=1)
    start: TimeOfDay
    end: TimeOfDay
    reboot: bool = Field(False, description="whether a build may reboot a host in it when a role needs that")


class PeakHours(Model):
    """Hours in which nothing that serves the reading rooms is changed."""

    days: tuple[Day, ...] = Field(min_length=1)
    start: TimeOfDay
    end: TimeOfDay
    reason: Line
