"""NVIDIA's driver to another release, beside the system that serves: module and libraries change at once, by a boot."""

from collections.abc import Iterator

from builder.engines import apt

from .variables import Variables

_HAS = (
    "has=$(apt-cache madison nvidia-driver | cut -d '|' -f 2 | tr -d '\\n') && "
    "{{ echo \"$has\" | grep -q ' {shall}[.]' || "
    '{{ echo "E: no package source has NVIDIA\'s driver {shall}; they have:$has"; exit 1; }}; }}'
)
_PINS = "/etc/apt/preferences.d/pacsmith-nvidia"


def configuration(variables: Variables) -> tuple[str, ...]:  # noqa: ARG001 - as every role's
    """The files whose settings an upgrade leaves as they are: the displays, the viewer's AEs and windows."""
    return ("/etc/pacsmith/station/displays.json", "/usr/share/glib-2.0/schemas/90_pacsmith.gschema.override")


def packages(before: Variables, after: Variables, *, updates: bool) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    """Name and shell text of each step that changes packages. The pins are what apt chooses by; `nvidia.yml` lays them
    down again, and holds what came."""
    was, shall = before.nvidia_branch, after.nvidia_branch
    if was is None or shall is None or was == shall:
        return
    version = "dpkg-query --show --showformat '${Version}' nvidia-driver"
    yield (
        f"NVIDIA's driver {was} to {shall}",
        f"sed -i 's/^Pin: version {was}[.][*]$/Pin: version {shall}.*/' {_PINS} && "
        f"{_HAS.format(shall=shall)} && "
        f"{apt.newest_of_script('nvidia-graphics-drivers')} && {version} | grep -q '^{shall}[.]'",
    )
