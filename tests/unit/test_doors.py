"""Rooms whose names are imported when they are first asked for: every promised name is there, and no module before."""

import importlib
import subprocess
import sys

import pytest

ROOMS = ("builder.inventory", "builder.load", "builder.secrets", "builder.survey")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_all_that_it_promises_and_nothing_else(room: str) -> None:
    opened = importlib.import_module(room)
    for name in opened.__all__:
        found = getattr(opened, name)
        assert vars(opened)[name] is found, "the second time nobody searches"
    with pytest.raises(AttributeError, match=f"module '{room}' has no attribute 'nothing_of_that_name'"):
        _ = opened.nothing_of_that_name


def test_entering_a_room_loads_none_of_its_modules() -> None:
    asked = f"import sys, {', '.join(ROOMS)}; print([name for name in sys.modules if name.startswith('builder.')])"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert sorted(loaded.strip("[]\n").replace("'", "").split(", ")) == sorted([*ROOMS, "builder.doors"])
