"""The kiosk's screen: whether its browser asks for a password, as screenshots of a real one show it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builder.probes import kiosk, kiosk_session
from builder.probes.hand import Box
from builder.probes.kiosk_signin import sign_in_asked
from roles.thin_client import files

RECORDED = Path(__file__).parent / "recorded" / "kiosk"  # Chromium 150 with OHIF 3.12.10, 2026-11-22
SCREEN = Box(0, 0, 1920, 1080)


def colours(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)


def recorded(name: str) -> Image.Image:
    with Image.open(RECORDED / f"{name}.png") as image:
        return image.convert("RGB")


def test_the_dialog_is_seen_and_a_study_is_not_taken_for_one() -> None:
    assert sign_in_asked(colours(recorded("sign_in")), SCREEN)
    assert not sign_in_asked(colours(recorded("study")), SCREEN)


def test_the_dialog_is_looked_for_in_the_browsers_window_alone() -> None:
    """Two displays beside each other; the browser fills the right one."""
    desktop = Image.new("RGB", (3840, 1080))
    desktop.paste(recorded("sign_in"), (1920, 0))
    assert sign_in_asked(colours(desktop), Box(1920, 0, 1920, 1080))
    assert not sign_in_asked(colours(desktop), Box(0, 0, 3840, 1080))


@pytest.mark.parametrize("colour", ["black", "white", "#2a7f62"])
def test_a_page_of_one_colour_asks_for_nothing(colour: str) -> None:
    assert not sign_in_asked(colours(Image.new("RGB", (1920, 1080), colour)), SCREEN)


def test_a_bar_across_the_middle_of_the_edge_is_no_dialog() -> None:
    page = Image.new("RGB", (1920, 1080), "white")
    page.paste("navy", (800, 0, 1120, 40))
    assert not sign_in_asked(colours(page), SCREEN)


@pytest.mark.parametrize(("side", "whole"), [(1023, 512), (512, 512), (1024, 1024), (300, 256)])
def test_what_is_shown_pixel_for_pixel_has_a_side_of_a_power_of_two(side: int, whole: int) -> None:
    assert kiosk.whole_side(side) == whole


def test_the_role_and_the_probe_mean_the_same_unit_file_and_variable() -> None:
    """Neither may import the other."""
    assert kiosk_session.UNIT == files.KIOSK_UNIT
    template = Path(files.__file__).parent / "templates"
    assert "${" + kiosk_session.ADDRESS + ":-" in (template / "kiosk-session.j2").read_text()
    assert f"XAUTHORITY={kiosk.AUTHORITY}" in (template / "kiosk.service.j2").read_text()
