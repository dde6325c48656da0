"""Whose files they are after `sudo pacsmith lab up`."""

import os
from pathlib import Path

import pytest

from builder.lab import keys


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """What is given to the caller of sudo, in a project folder."""
    given: set[Path] = set()

    def chown(path: Path, _user: int, _group: int, *, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        given.add(Path(path).absolute())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "1000")
    monkeypatch.setenv("SUDO_GID", "1000")
    return given


def test_keys_and_the_folders_above_them_go_to_the_caller(given: set[Path], tmp_path: Path) -> None:
    folder = tmp_path / ".pacsmith/ward/ssh"
    folder.mkdir(parents=True)
    (folder / "known_hosts").touch()
    keys.give_back(Path(".pacsmith/ward/ssh"))
    assert given == {tmp_path / ".pacsmith", tmp_path / ".pacsmith/ward", folder, folder / "known_hosts"}


def test_a_folder_that_is_not_ours_stays_whose_it_is(given: set[Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "etc/ssh"
    elsewhere.mkdir(parents=True)
    (elsewhere / "known_hosts").touch()
    (tmp_path / ".pacsmith/ward").mkdir(parents=True)
    (tmp_path / ".pacsmith/ward/ssh").symlink_to(elsewhere)
    keys.give_back(elsewhere)
    keys.give_back(Path(".pacsmith/ward/ssh"))
    assert given == set()
