"""What a site says of a reading station (class workstation) or a thin client beside its name and AE title."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from builder.models.base import AbsolutePath, Line, Model, Name, whole
from builder.models.calendar import TimeOfDay
from builder.models.depot import Version
from builder.models.display import Display
from builder.models.secret import SecretReference

GraphicsDriver = Literal["automatic", "dummy", "nvidia"]


class NvidiaDriver(Model):
    """NVIDIA's driver from Debian's non-free section, pinned to one branch, or to one release of it, and held."""

    branch: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{3}(\.[0-9]{2,3})?$"),
        Field(description="driver branch in quotes, as 535, or a release of it, as 535.261; the sheet must allow it"),
    ]
    guarded_at: TimeOfDay = Field(
        "06:00", description="when the driver is looked at each day beside the boot: before the morning list"
    )


class Cache(Model):
    """Where the viewer keeps images that it was sent, in a volume of its own with a fixed size."""

    directory: AbsolutePath = "/var/cache/pacsmith-viewer"
    size: Line = Field("2 GiB", description="size of the volume, as 20 GiB")
    encrypted: bool = Field(
        True,
        description="true: on the disk, encrypted with a key that is made anew at each start; false: in memory, never "
        "on a disk; either way nothing can be read after power-off",
    )


class WorkstationSettings(Model):
    """A reading station: screen, viewer and what its user may do."""

    graphics: GraphicsDriver = Field(
        "automatic", description="X.org's driver: its own choice, `dummy` (no panel: the lab) or `nvidia`"
    )
    nvidia: NvidiaDriver | None = None
    uses: tuple[Name, ...] = Field(
        (), description="what is done here beside looking at images: words of its sheets' `when`, as volume-rendering"
    )
    depth: Annotated[Literal[24, 30], BeforeValidator(whole)] = Field(
        24, description="bits a pixel; 30 is ten bits a colour"
    )
    displays: tuple[Display, ...] = Field(min_length=1, description="from left to right")
    reader: Name = Field("reader", description="the user who reads: no sudo, no shell session but the desktop")
    auto_login: bool = Field(False, description="whether the viewer is there without a login; else a login screen is")
    password: SecretReference | None = Field(None, description="the reader's password at the login screen")
    cache: Cache = Cache()
    first_image_seconds: int = Field(
        30, ge=1, le=600, description="time within which the first image of a study must be on the screen"
    )
    usb_storage: bool = Field(False, description="whether USB sticks and disks are mounted")


class ThinClientSettings(Model):
    """A browser kiosk on the ward that shows one archive's web viewer and nothing else."""

    archive: Name = Field(description="the archive whose web viewer is shown; it must have `viewer:`")
    graphics: GraphicsDriver = "automatic"
    displays: tuple[Display, ...] = Field(min_length=1, description="from left to right")
    user: Name = "kiosk"
    first_image_seconds: int = Field(
        30, ge=1, le=600, description="time within which the first image of a study must be on the screen"
    )
    lock_after_minutes: int = Field(10, ge=1, le=240, description="idle minutes after which the session ends")


class WebViewer(Model):
    """A web viewer that an archive serves at its web root, from the depot."""

    product: Literal["ohif"] = "ohif"
    version: Version = Field(description="version in the depot, as 3.12.10")

    @property
    def inside(self) -> str:
        """Where the files to serve lie in the package."""
        return {"ohif": "package/dist"}[self.product]
