"""Whose the state folder's files are after a command under sudo. Real owners: tests/lab/test_ownership.py."""

import os
from pathlib import Path

import pytest

from builder import ownership


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What is handed over: a mock of os.chown, which only root may use."""
    given: set[str] = set()

    def chown(name: str, user: int, group: int, *, dir_fd: int, follow_symlinks: bool) -> None:
        assert (user, group, follow_symlinks) == (1000, 100, False)
        given.add(os.path.relpath(os.path.realpath(f"/proc/self/fd/{dir_fd}/{name}"), Path.cwd()))

    monkeypatch.setattr(os, "chown", chown)
    return given


def test_everything_below_the_state_folder_but_no_link_and_no_file_of_two_names(
    given: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".pacsmith/ward/ssh").mkdir(parents=True)
    (tmp_path / ".pacsmith/ward/ledger.db").touch()
    (tmp_path / "shadow").touch()
    (tmp_path / ".pacsmith/ward/hard").hardlink_to(tmp_path / "shadow")
    (tmp_path / ".pacsmith/ward/soft").symlink_to(tmp_path / "shadow")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/known_hosts").touch()
    (tmp_path / ".pacsmith/ward/etc").symlink_to(tmp_path / "etc")
    ownership.hand_over(tmp_path / ".pacsmith", os.getuid(), 1000, 100)
    assert given == {".pacsmith", ".pacsmith/ward", ".pacsmith/ward/ssh", ".pacsmith/ward/ledger.db"}
    given.clear()
    ownership.hand_over(tmp_path / ".pacsmith", os.getuid() + 1, 1000, 100)
    assert given == set(), "what is somebody else's stays theirs"


@pytest.mark.parametrize(
    ("effective", "user", "owner", "caller"),
    [
        (0, "1000", 1000, (1000, 100)),
        (0, "1000", 0, None),  # root's own project, with root's secrets
        (0, "1000", 1001, None),
        (0, "0", 0, None),
        (0, "", 1000, None),
        (0, "someone", 1000, None),
        (1000, "1000", 1000, None),
    ],
)
def test_who_called_sudo_in_a_project_of_their_own(
    effective: int, user: str, owner: int, caller: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: effective)
    monkeypatch.setenv("SUDO_UID", user)
    monkeypatch.setenv("SUDO_GID", "100")
    assert ownership.caller_of_sudo(owner) == caller


def test_without_sudo_nobody_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert ownership.caller_of_sudo(0) is None
