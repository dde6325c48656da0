"""Under sudo, what a command leaves in the project's state folder belongs to the person who asked, not to root."""

import contextlib
import os
import stat
from pathlib import Path

_ROOT = 0


def give_back(project: Path) -> None:
    """Hand root's files and folders in `project`/.pacsmith to the caller of sudo. Without sudo, or in a project folder
    that is not the caller's own, nothing is touched: root's own project stays root's, with its secrets."""
    state = project / ".pacsmith"
    caller = caller_of_sudo(project.stat().st_uid)
    if caller is not None and state.is_dir() and not state.is_symlink():
        hand_over(state, _ROOT, *caller)


def caller_of_sudo(owner: int) -> tuple[int, int] | None:
    """User and group of whoever called sudo, when that is `owner` and not root itself."""
    user, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() != _ROOT or not user.isdecimal() or not group.isdecimal():
        return None
    return (int(user), int(group)) if int(user) == owner != _ROOT else None


def hand_over(state: Path, whose: int, user: int, group: int) -> None:
    """Give every folder and file below `state` that is `whose` to `user` and `group`.

    Links are neither followed nor given, nor is a file with a second name, which may be one of the system's. What
    another process takes away meanwhile, or the system refuses, is left: the command's own result counts.
    """
    for _, folders, files, here in os.fwalk(state, follow_symlinks=False):
        for name in (".", *folders, *files):
            with contextlib.suppress(OSError):
                found = os.stat(name, dir_fd=here, follow_symlinks=False)
                alone = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
                if found.st_uid == whose and alone:
                    os.chown(name, user, group, dir_fd=here, follow_symlinks=False)
