"""What the role `workstation` has to know of a host: pure, from the site alone."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import ClassVar, Self

from builder.errors import BadInput
from builder.inventory.registry import Grant, grants
from builder.models.base import AbsolutePath, AeTitle, Line, Model, Name, Port
from builder.models.calendar import TimeOfDay
from builder.models.display import Display
from builder.models.interruption import Interruption
from builder.models.quantity import amount
from builder.models.secret import SecretReference
from builder.models.site import Host, OperatingSystem, Site
from builder.models.station import GraphicsDriver, WorkstationSettings

from .interruptions import INTERRUPTIONS

# Debian 12's names. Recommends are not wanted: without them no login manager, no terminal and no file manager comes.
PACKAGES = (
    "aeskulap",
    "curl",  # curl, dcmtk: the station proves its own routes; python3-xlib: the hand that shows a test pattern
    "dbus-daemon",
    "dcmtk",
    "fonts-dejavu-core",
    "libglib2.0-bin",  # gsettings: says what the viewer's settings are
    "mesa-utils",  # glxinfo: says which OpenGL programs on the screen get
    "openbox",
    "python3-xlib",
    "tcc",  # compiles files/aeskulap_answers.c, a dozen lines
    "vulkan-tools",  # vulkaninfo: the same of Vulkan
    "x11-xserver-utils",
    "xauth",
    "xserver-xorg-core",
)

DUMMY_PACKAGES = ("xserver-xorg-video-dummy",)
REAL_PACKAGES = ("xserver-xorg-input-libinput",)
LOGIN_PACKAGES = ("libpam-systemd", "lightdm", "lightdm-gtk-greeter")
CACHE_IMAGE = "/var/lib/pacsmith/viewer-cache.img"
CACHE_PACKAGES = ("dmsetup", "kmod")  # systemd of Debian 12 has cryptsetup's units
KEPT_BACK = ("^aeskulap$",)
NVIDIA_KEPT_BACK = ("^linux-(image|headers)-", "nvidia", "^libcuda1", "^libnv")
"""Patterns of packages that no automatic upgrade touches: a kernel module fits one kernel and one version of its
libraries."""
NVIDIA_PACKAGES = ("nvidia-driver", "nvidia-smi")
NVIDIA_BRANCHES: Mapping[OperatingSystem, str] = {"debian-12": "535"}
"""The branch of the package nvidia-driver, by Debian's release (apt-cache policy, November 2026)."""


class KnownArchive(Model):
    """An archive in the viewer's list: one that a route lets it search and fetch from."""

    name: Name
    title: AeTitle
    address: IPv4Address
    port: Port


class Variables(Model):
    """Everything that decides the state of a reading station above the base."""

    interruptions: ClassVar[tuple[Interruption, ...]] = INTERRUPTIONS

    packages: tuple[Line, ...]
    os: OperatingSystem
    site: Name
    graphics: GraphicsDriver
    nvidia_branch: Line | None
    nvidia_guarded_at: TimeOfDay | None
    nvidia_packages: tuple[Line, ...]
    depth: int
    displays: tuple[Display, ...]
    reader: Name
    auto_login: bool
    reader_password: SecretReference | None
    cache_directory: AbsolutePath
    cache_size: int
    cache_encrypted: bool
    cache_image: AbsolutePath
    cache_unit: Line
    kept_back: tuple[Line, ...]
    usb_storage: bool
    ae_title: AeTitle
    dicom_port: Port
    archives: tuple[KnownArchive, ...]

    @classmethod
    def of(cls, site: Site, host: Host) -> Self:
        """The variables of `host`. Raises BadInput for a host without AE title or settings, and for settings that the
        role cannot carry out yet: it must not build less than the site says."""
        if host.ae is None or host.workstation is None:
            raise BadInput(f"hosts/{host.name}: role workstation needs `ae` and `workstation`; add them to the host")
        settings = host.workstation
        _possible(host, settings)
        nvidia = settings.nvidia if settings.graphics == "nvidia" else None
        known = [grant for grant in grants(site, by=host.name) if {"find", "move"} <= set(grant.may)]
        return cls(
            packages=tuple(sorted((*PACKAGES, *_driver(settings), *_wished(settings)))),
            os=host.os,
            site=site.name,
            graphics=settings.graphics,
            nvidia_branch=nvidia.branch if nvidia is not None else None,
            nvidia_guarded_at=nvidia.guarded_at if nvidia is not None else None,
            nvidia_packages=NVIDIA_PACKAGES if nvidia is not None else (),
            depth=settings.depth,
            displays=settings.displays,
            reader=settings.reader,
            auto_login=settings.auto_login,
            reader_password=settings.password,
            cache_directory=settings.cache.directory,
            cache_size=int(amount(settings.cache.size, "bytes")),
            cache_encrypted=settings.cache.encrypted,
            cache_image=CACHE_IMAGE,
            cache_unit=mount_unit(settings.cache.directory),
            kept_back=KEPT_BACK + (NVIDIA_KEPT_BACK if settings.graphics == "nvidia" else ()),
            usb_storage=settings.usb_storage,
            ae_title=host.ae.title,
            dicom_port=host.ae.port,
            archives=tuple(_archive(host, grant) for grant in known if grant.target.ae is not None),
        )


def _driver(settings: WorkstationSettings) -> tuple[str, ...]:
    return DUMMY_PACKAGES if settings.graphics == "dummy" else REAL_PACKAGES


def _wished(settings: WorkstationSettings) -> tuple[str, ...]:
    """Packages of the login screen and of the encrypted cache, where the site wants them."""
    login = () if settings.auto_login else LOGIN_PACKAGES
    return (*login, *(CACHE_PACKAGES if settings.cache.encrypted else ()))


def mount_unit(directory: str) -> str:
    """The name that systemd wants for the unit of a mount (systemd.unit(5), string escaping for paths).

    >>> mount_unit("/var/cache/pacsmith-viewer")
    'var-cache-pacsmith\\\\x2dviewer.mount'
    """
    path = "/".join(part for part in directory.split("/") if part)
    kept = [letter if letter.isalnum() or letter in "_/." else f"\\x{ord(letter):02x}" for letter in path]
    first = "\\x2e" if path.startswith(".") else kept[0]
    return "".join([first, *kept[1:]]).replace("/", "-") + ".mount"


def _possible(host: Host, settings: WorkstationSettings) -> None:
    """Raise BadInput for what this role cannot do, with what to write instead."""
    place = f"hosts/{host.name}"
    if host.os != "debian-12":
        raise BadInput(f"{place}: role workstation builds Debian 12, which has the viewer; write `os: debian-12`")
    if host.product.id != "aeskulap":
        raise BadInput(
            f"{place}: role workstation knows the viewer aeskulap, not {host.product.id}; write `product: {{id: "
            "aeskulap}`, or give your project a role of its own in roles/workstation"
        )
    if host.ae is not None and host.ae.tls:
        raise BadInput(f"{place}: role workstation has no DICOM TLS for Aeskulap; write `tls: false`")
    if settings.depth != 24:  # seen in the lab: all of its window is drawn but the image, which stays black
        raise BadInput(
            f"{place}: role workstation has a viewer, Aeskulap, that draws images at depth 24 alone; write `depth: 24`"
        )
    if settings.graphics == "nvidia":
        _has_branch(host, settings)


def _has_branch(host: Host, settings: WorkstationSettings) -> None:
    """Raise BadInput when Debian's release does not have NVIDIA's driver of the branch."""
    there = NVIDIA_BRANCHES[host.os]
    if settings.nvidia is None or settings.nvidia.branch.partition(".")[0] != there:
        named = f", not {settings.nvidia.branch}" if settings.nvidia is not None else ""
        raise BadInput(
            f"hosts/{host.name}: {host.os} has NVIDIA's driver of branch {there}{named}; "
            f'write `nvidia: {{branch: "{there}"}}`, or take a product whose sheet allows that branch'
        )


def _archive(host: Host, grant: Grant) -> KnownArchive:
    """The target of a grant, as the viewer has to know it. Raises BadInput when it speaks only DICOM TLS."""
    target = grant.target
    assert target.ae is not None
    if target.ae.tls:
        raise BadInput(
            f"hosts/{host.name}: role workstation has no DICOM TLS for Aeskulap, and {target.name} wants it; "
            "remove the route, or let the archive speak plain DICOM"
        )
    return KnownArchive(name=target.name, title=target.ae.title, address=target.address, port=target.ae.port)
