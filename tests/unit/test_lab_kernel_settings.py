"""Kernel settings are changed once and put back to what they were."""

from pathlib import Path

import pytest

from builder.lab import kernel_settings
from builder.lab.kernel_settings import Setting


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    monkeypatch.setattr(kernel_settings, "RUN_FOLDER", tmp_path)
    (tmp_path / "instances").write_text("128\n")
    return Setting(tmp_path / "instances", 2048)


def test_what_is_too_little_is_raised_and_put_back(setting: Setting) -> None:
    assert not kernel_settings.all_hold((setting,))
    kernel_settings.apply((setting,))
    assert kernel_settings.all_hold((setting,))
    setting.path.write_text("100")  # someone lowers it while a lab is up: the value from before the lab is still known
    kernel_settings.apply((setting,))
    kernel_settings.put_back((setting,))
    assert setting.path.read_text() == "128\n"
    assert not setting.note.exists()


def test_what_is_enough_is_left_alone(setting: Setting) -> None:
    setting.path.write_text("4096")
    kernel_settings.apply((setting,))
    kernel_settings.put_back((setting,))
    assert setting.path.read_text() == "4096"
