"""NVIDIA's driver to another release, beside the system that serves: module and libraries change at once, with a boot."""

from collections.abc import Iterator

from builder.engines import apt

from .variables import NVIDIA_PACKAGES, Variables

_PINS = "/etc/apt/preferences.d/pacsmith-nvidia"


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
        f"{apt.newest_script(NVIDIA_PACKAGES, held=True)} && {version} | grep -q '^{shall}[.]'",
    )
