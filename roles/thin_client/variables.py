"""What the role `thin_client` has to know of a host: pure, from the site alone."""

from ipaddress import IPv4Address
from typing import ClassVar, Self

from builder.errors import BadInput
from builder.inventory.build import fqdn_of
from builder.models.base import Line, Model, Name
from builder.models.display import Display
from builder.models.interruption import Interruption
from builder.models.site import Host, Site
from builder.models.station import GraphicsDriver

from .interruptions import INTERRUPTIONS

# The web browser, X with what its session needs, and nothing with which a person could do more (no terminal, no files).
# curl and python3-xlib prove the client's routes and its screen.
PACKAGES = (
    "chromium",
    "curl",
    "fonts-dejavu-core",
    "openbox",
    "python3-xlib",
    "x11-xserver-utils",
    "xauth",
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
)

# What X drives by itself needs no package of its own; `dummy` is a screen without a panel.
DRIVERS: dict[GraphicsDriver, tuple[str, ...]] = {"dummy": ("xserver-xorg-video-dummy",)}


class Variables(Model):
    """Everything that decides the state of a thin client beside the site CA's certificate."""

    interruptions: ClassVar[tuple[Interruption, ...]] = INTERRUPTIONS

    packages: tuple[Line, ...]
    host: Name
    origin: Line
    archive_address: IPv4Address
    archive_port: int
    graphics: GraphicsDriver
    displays: tuple[Display, ...]
    user: Name
    lock_after_minutes: int

    @classmethod
    def of(cls, site: Site, host: Host) -> Self:
        """The variables of `host`. Raises BadInput when it is no thin client, or its archive serves no viewer."""
        settings = host.thin_client
        if settings is None:
            raise BadInput(f"hosts/{host.name}: role thin_client needs `thin_client`; add it to the host")
        archive, port = _archive(site, host.name, settings.archive)
        return cls(
            packages=tuple(sorted((*PACKAGES, *DRIVERS.get(settings.graphics, ())))),
            host=host.name,
            # As a browser writes it: without the port when it is 443.
            origin=f"https://{fqdn_of(site, archive)}" + ("" if port == 443 else f":{port}"),
            archive_address=archive.address,
            archive_port=port,
            graphics=settings.graphics,
            displays=settings.displays,
            user=settings.user,
            lock_after_minutes=settings.lock_after_minutes,
        )


def _archive(site: Site, client: str, name: str) -> tuple[Host, int]:
    """The archive whose viewer is shown, and the port of its web door."""
    archive = next((host for host in site.hosts if host.name == name), None)
    if archive is None or archive.archive is None or archive.archive.viewer is None:
        raise BadInput(f"hosts/{client}: thin_client.archive is {name}, which serves no web viewer; name one that does")
    return archive, archive.archive.web_port
