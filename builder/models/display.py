"""Displays by identity: who made the panel and which one it is, never the connector that it happens to hang on."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from builder.models.base import Line, Model, Name

DisplayMaker = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    Field(description="the three capital letters of the maker in the panel's EDID, as EIZ (edid-decode prints them)"),
]
DisplayProduct = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-F]{4}$"),
    Field(description="EDID product code, four hexadecimal digits in quotes, as 2334"),
]

DisplayMode = Annotated[
    str,
    StringConstraints(pattern=r"^[1-9][0-9]{2,4}x[1-9][0-9]{2,4}$"),
    Field(description="width and height in pixels before rotation, as 2048x1536"),
]


class Display(Model):
    """One panel of a reading station or thin client, known by the maker, product and serial number of its EDID.

    Maker and product are written as edid-decode prints them: three letters of the PNP registry and four hexadecimal
    digits (EDID 1.4, section 3.4, bytes 8 to 11 in the order in which they are printed).
    """

    name: Name = Field(description="what people call it, as left")
    maker: DisplayMaker
    product: DisplayProduct
    serial: Line | None = Field(
        None, description="EDID serial number; needed where two panels of one maker and product hang on one host"
    )
    mode: DisplayMode
    orientation: Literal["normal", "left", "right", "inverted"] = Field(
        "normal", description="how the picture is turned; left and right are portrait mountings"
    )
    primary: bool = Field(False, description="the display on which windows open; exactly one of a host")
    # Left out of what roles are told: a station is not set up anew because another standard counts.
    standard: Name | None = Field(
        None,
        exclude=True,
        description="sheet of displays that it is held to, without `display-`, as ranzcr; calibration reports lie "
        "beside the site file in calibration/",
    )
    display_class: Name | None = Field(
        None, alias="class", exclude=True, description="the standard's word for what is read on it, as diagnostic"
    )

    @property
    def identity(self) -> str:
        """The display as people read it: `ENC 2651, serial 27700017`."""
        return f"{self.maker} {self.product}" + (f", serial {self.serial}" if self.serial else "")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as people see it, after rotation."""
        width, height = (int(number) for number in self.mode.split("x"))
        return (height, width) if self.orientation in ("left", "right") else (width, height)
