"""Overlay mounts of the lab: read the mount table, mount, and unmount everything below a folder."""

from pathlib import Path

from builder.lab.errors import LabError
from builder.lab.execute import ask, run


def overlay_argv(lower: tuple[Path, ...], upper: Path, work: Path, point: Path) -> list[str]:
    """`mount` for an overlay, first lower folder on top. Raises LabError for a path that overlay cannot take."""
    for path in (*lower, upper, work):
        if any(sign in str(path) for sign in ":,\\"):
            raise LabError(f"{path}: overlay takes no path with a colon, comma or backslash; "
                           "choose others with PACSMITH_LAB_DIR and PACSMITH_CACHE_DIR")  # fmt: skip
    layers = ":".join(str(path) for path in lower)
    options = f"lowerdir={layers},upperdir={upper},workdir={work}"
    return ["mount", "-t", "overlay", "pacsmith", "-o", options, str(point)]


def mount_points(mountinfo: str) -> tuple[Path, ...]:
    """Mount points in the order of mounting, from the text of /proc/self/mountinfo. Pure."""
    return tuple(Path(_plain(line.split()[4])) for line in mountinfo.splitlines())


def _plain(text: str) -> str:
    """Undo the kernel's octal escapes of blank, tab, newline and backslash."""
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, sign)
    return text


def _mounted() -> tuple[Path, ...]:
    return mount_points(Path("/proc/self/mountinfo").read_text())


def is_mounted(point: Path) -> bool:
    """Whether something is mounted exactly here."""
    return point.resolve() in _mounted()


def below(folder: Path) -> tuple[Path, ...]:
    """What is mounted at or below `folder`, deepest and latest first."""
    top = folder.resolve()
    return tuple(reversed([point for point in _mounted() if point.is_relative_to(top)]))


def mount_overlay(lower: tuple[Path, ...], upper: Path, work: Path, point: Path) -> None:
    """Mount an overlay at `point`. Raises LabError."""
    for folder in (upper, work, point):
        folder.mkdir(parents=True, exist_ok=True)
    run(overlay_argv(lower, upper, work, point))


def unmount_below(folder: Path) -> None:
    """Unmount everything at or below `folder`; what is still busy is detached. Raises LabError when that fails."""
    for point in below(folder):
        if ask(["umount", str(point)]).returncode != 0:
            run(["umount", "--lazy", str(point)])
