"""Displays by identity: EDIDs of our own in the shape of real ones, and what xrandr is told because of them."""

from pathlib import Path
from typing import Any

import pytest

from roles.workstation.files.display_layout import Panel, arguments_of, missing, outputs_of, panel_of

EDID = Path(__file__).parent / "recorded" / "edid"
GREY2 = Panel("ENC", "1749", ("16843009", "21200001"))
COLOUR24 = Panel("ENC", "2741", ("31900002",))


def display(name: str, product: str, mode: str, **changes: Any) -> dict[str, Any]:
    start = {"name": name, "maker": "ENC", "product": product, "serial": None, "mode": mode}
    return start | {"orientation": "normal", "primary": False} | changes


LEFT = display("left", "1749", "1600x1200", primary=True)
RIGHT = display("right", "2741", "1920x1200")


@pytest.mark.parametrize(("file", "panel"), [("made-up-grey-2mp", GREY2), ("made-up-colour-24", COLOUR24)])
def test_a_recorded_edid_says_which_panel_it_is(file: str, panel: Panel) -> None:
    assert panel_of((EDID / f"{file}.bin").read_bytes()) == panel


def test_a_panel_without_a_serial_descriptor_is_known_by_its_number() -> None:
    block = (EDID / "made-up-square.bin").read_bytes()
    assert panel_of(block) == Panel("ENC", "2651", (str(int.from_bytes(block[12:16], "little")),))


def test_only_a_whole_edid_is_believed() -> None:
    block = bytearray((EDID / "made-up-grey-2mp.bin").read_bytes())
    with pytest.raises(ValueError, match="no EDID"):
        panel_of(bytes(block[:127]))
    block[12] ^= 1
    with pytest.raises(ValueError, match="checksum"):
        panel_of(bytes(block))


def listed(**outputs: bytes) -> str:
    """What xrandr prints of these connectors."""
    lines = ["Screen 0: minimum 320 x 175, current 3520 x 1200, maximum 32767 x 32767"]
    for name, edid in outputs.items():
        lines += [f"{name} connected primary 1600x1200+0+0 (normal left inverted right) 0mm x 0mm"]
        digits = edid.hex()
        lines += ["\tEDID: ", *(f"\t\t{digits[at : at + 32]}" for at in range(0, len(digits), 32))] if edid else []
        lines += ["\tWIDTH_MM: 0 ", "\t\trange: (0, 2147483647)", "   1600x1200     20.00*+"]
    return "\n".join(lines)


def test_connectors_and_their_panels_are_read_from_xrandr() -> None:
    grey2, colour24 = (EDID / "made-up-grey-2mp.bin").read_bytes(), (EDID / "made-up-colour-24.bin").read_bytes()
    broken = bytes(128)
    text = listed(DP1=grey2, DP2=b"", DP3=broken, DP4=colour24)
    assert outputs_of(text) == {"DP1": GREY2, "DP2": None, "DP3": None, "DP4": COLOUR24}
    assert outputs_of(listed(DP1=grey2, DP4=colour24)) == {"DP1": GREY2, "DP4": COLOUR24}, (
        "the last line may be an EDID's"
    )


def test_places_follow_the_site_whatever_the_connectors() -> None:
    words = " ".join(arguments_of([LEFT, RIGHT], {"DP1": COLOUR24, "DP2": GREY2, "DP3": Panel("XYZ", "0001", ())}))
    assert words == (
        "--output DP2 --mode 1600x1200 --rotate normal --pos 0x0 --primary "
        "--output DP1 --mode 1920x1200 --rotate normal --pos 1600x0 --output DP3 --off"
    )


def test_a_portrait_display_is_as_wide_as_its_mode_is_high() -> None:
    words = arguments_of([LEFT | {"orientation": "left"}, RIGHT], {"DP1": GREY2, "DP2": COLOUR24})
    assert words[words.index("DP2") + 6] == "1200x0"


def test_a_missing_display_is_named_and_the_others_are_laid_out() -> None:
    outputs: dict[str, Panel | None] = {"DP1": COLOUR24, "DP2": None}
    assert missing([LEFT, RIGHT], outputs) == (
        "display left (ENC 1749) hangs on no connector (there are: DP1 ENC 2741); attach it, or correct the site file",
    )
    assert arguments_of([LEFT, RIGHT], outputs)[:6] == ("--output", "DP1", "--mode", "1920x1200", "--rotate", "normal")
    assert arguments_of([LEFT], {"DP1": None, "DP2": None}) == (), "where nothing is known nothing is switched off"


def test_twins_are_told_apart_by_their_serial_alone() -> None:
    outputs: dict[str, Panel | None] = {"DP1": GREY2, "DP2": Panel("ENC", "1749", ("7",))}
    assert "could be any of DP1, DP2" in missing([LEFT], outputs)[0]
    words = arguments_of([LEFT | {"serial": "7"}, LEFT | {"serial": "21200001"}], outputs)
    assert words[:2] == ("--output", "DP2")
    assert words[words.index("DP1") + 6] == "1600x0"
    assert missing([LEFT | {"serial": "8"}], outputs)[0].startswith("display left (ENC 1749 8) hangs on no connector")
