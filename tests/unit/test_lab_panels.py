"""Panels of the lab: what they say of themselves is read back by the role's own program."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from builder.lab.panels import edid_of, unit_text
from builder.models.display import Display
from builder.render.lab_hosts import lab_hosts
from tests.unit.site_parts import example

LAYOUT = Path(__file__).parents[2] / "roles" / "workstation" / "files" / "display_layout.py"


@pytest.fixture(scope="module")
def layout() -> ModuleType:
    spec = importlib.util.spec_from_file_location("display_layout", LAYOUT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def display(name: str, **other: object) -> Display:
    return Display.model_validate({"name": name, "maker": "EIZ", "product": "23B4", "mode": "2048x1536", **other})


@pytest.mark.parametrize("serial", [None, "21200001", "A-9"])
def test_a_panel_says_who_it_is(layout: ModuleType, serial: str | None) -> None:
    panel = layout.panel_of(edid_of(display("left", serial=serial)))
    assert (panel.maker, panel.product, panel.serials) == ("EIZ", "23B4", (serial,) if serial else ())


def test_panels_hang_from_right_to_left() -> None:
    left, right = display("left", serial="1"), display("right", mode="1920x1200")
    words = unit_text("workstation", (left, right)).splitlines()[-1].split()
    assert words[-2:] == [f"1920x1200:{edid_of(right).hex()}", f"2048x1536:{edid_of(left).hex()}"]


def test_only_hosts_that_draw_into_memory_get_panels() -> None:
    assert {host.name for host in lab_hosts(example()) if host.displays} == {
        host.name for host in example().hosts if host.workstation or host.thin_client
    }
