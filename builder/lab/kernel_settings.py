"""Kernel settings that a lab needs and that this machine had otherwise: changed by the first lab, put back by the last.

The notes of what they were lie in /run, since a boot forgets the settings too.
"""

from dataclasses import dataclass
from pathlib import Path

from builder.lab.layout import RUN_FOLDER


@dataclass(frozen=True)
class Setting:
    """One file below /proc/sys that must hold at least `least`."""

    path: Path
    least: int

    @property
    def note(self) -> Path:
        """Where the value from before the first lab is kept."""
        return RUN_FOLDER / f"{self.path.name}.before"

    def holds(self) -> bool:
        """Whether the kernel's value is enough."""
        return int(self.path.read_text()) >= self.least


SETTINGS = (
    Setting(Path("/proc/sys/net/ipv4/ip_forward"), 1),
    # A booted host holds about 8 inotify instances of root's (87 for 11 hosts, counted 2026-11-21) and more
    # while it boots; with Debian's limit of 128 the units of a further host fail with "Too many open files".
    Setting(Path("/proc/sys/fs/inotify/max_user_instances"), 2048),
)


def all_hold(settings: tuple[Setting, ...] = SETTINGS) -> bool:
    """Whether nothing needs to be changed."""
    return all(setting.holds() for setting in settings)


def apply(settings: tuple[Setting, ...] = SETTINGS) -> None:
    """Change what is not enough, and note what it was. Raises OSError when the kernel refuses."""
    for setting in settings:
        if not setting.holds():
            if not setting.note.exists():
                setting.note.write_text(setting.path.read_text())
            setting.path.write_text(str(setting.least))


def put_back(settings: tuple[Setting, ...] = SETTINGS) -> None:
    """Restore what `apply` has changed, on this boot of the machine."""
    for setting in settings:
        if setting.note.exists():
            setting.path.write_text(setting.note.read_text())
            setting.note.unlink()
