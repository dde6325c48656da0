"""The EDID of one display: odd ones, of which a number would be a wrong one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.survey import edid
from builder.survey.question import Noted, Reply, UnreadableError

WHOLE = (Path(__file__).parent / "recorded" / "edid" / "made-up-rx360.bin").read_bytes()
BASE = WHOLE[:128]
OF_THE_MODE = ("display.mode", "display.megapixels", "display.shorter", "display.pitch")


def sealed(block: bytes) -> bytes:
    """The block with the checksum that it must have."""
    return block[:127] + bytes([-sum(block[:127]) % 256])


def changed(block: bytes, *changes: tuple[int, bytes]) -> bytes:
    new = bytearray(block)
    for at, value in changes:
        new[at : at + len(value)] = value
    return sealed(bytes(new))


def displayid(tag: int, content: bytes) -> bytes:
    """A DisplayID extension with one data block."""
    block = bytes([tag, 0, len(content)]) + content
    return sealed((bytes([0x70, 0x13, len(block), 0, 0]) + block).ljust(128, b"\0"))


def timing(across: int, down: int, preferred: bool = True) -> bytes:
    wide, high = ((pixels - 1).to_bytes(2, "little") for pixels in (across, down))
    return bytes([0, 0, 0, 0x80 if preferred else 0]) + wide + bytes(6) + high + bytes(6)


def why(block: bytes, name: str) -> str:
    said = edid.panel(block)[name]
    assert isinstance(said, UnreadableError), said
    return str(said)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (b"", "there is no EDID"),
        (BASE[:4], "this is no EDID"),
        (BASE[:100], "cut off after 100 of 128 bytes"),
        (BASE[:30] + b"\xff" + BASE[31:], "look at its cable"),
        (changed(BASE, (18, b"\x02")), "of version 2"),
        (b"\0" * 128, "this is no EDID"),
    ],
)
def test_of_a_damaged_edid_nothing_is_known(block: bytes, reason: str) -> None:
    said = edid.panel(block)
    assert set(said) == set(edid.FACTS)
    assert all(isinstance(one, UnreadableError) and reason in str(one) for one in said.values())


@pytest.mark.parametrize(
    ("extension", "reason"),
    [
        (b"", "cut off or damaged in one of its 1 extensions"),
        (WHOLE[128:200], "cut off or damaged"),
        (WHOLE[128:255] + b"\x99", "cut off or damaged"),
        (displayid(0x12, bytes(22)), "one of several tiles"),
        (displayid(0x28, bytes(22)), "one of several tiles"),
        (displayid(0x03, timing(4096, 3072)), "two modes, 2048x1536 and 4096x3072"),
        (displayid(0x22, timing(4096, 3072)), "two modes"),
        (
            displayid(0x01, bytes(4) + (4096).to_bytes(2, "little") + (3072).to_bytes(2, "little") + bytes(4)),
            "two modes",
        ),
    ],
)
def test_an_extension_that_may_state_another_mode(extension: bytes, reason: str) -> None:
    assert all(reason in why(BASE + extension, name) for name in OF_THE_MODE)
    assert edid.panel(BASE + extension)["display.serial"] == "70521011"
    assert edid.panel(BASE + extension)["display.width"] == 433.0


@pytest.mark.parametrize(
    "extension",
    [
        displayid(0x03, timing(2048, 1536)),
        displayid(0x03, timing(1024, 768, preferred=False)),
        displayid(0x01, bytes(4) + (2048).to_bytes(2, "little") + (1536).to_bytes(2, "little") + bytes(4)),
        displayid(0x07, bytes(10)),
    ],
)
def test_an_extension_that_agrees(extension: bytes) -> None:
    assert edid.panel(BASE + extension)["display.mode"] == "2048x1536"


def test_a_size_that_cannot_be_is_unknown_and_so_is_the_pitch() -> None:
    sixteen_to_nine = changed(BASE, (66, bytes([16, 9, 0])))  # a ratio where mm belong, as televisions have it
    assert "states two sizes, 16 x 9 mm and 43 x 33 cm" in why(sixteen_to_nine, "display.width")
    assert "states two sizes" in why(sixteen_to_nine + WHOLE[128:], "display.pitch")
    projector = changed(BASE, (21, bytes(2)))
    assert "no size" in why(projector, "display.height")
    coarse = changed(BASE, (66, bytes(3))) + WHOLE[128:]
    assert edid.panel(coarse)["display.width"] == Noted(430.0, "in whole cm")
    assert "too coarse" in why(coarse, "display.pitch")
    oblong = changed(BASE, (66, bytes([(440 & 255), (320 & 255), 0x11]))) + WHOLE[128:]
    assert "not square" in why(oblong, "display.pitch")
    assert edid.panel(oblong)["display.megapixels"] == 3.1457


def test_an_analogue_input_and_a_mode_that_is_not_the_own() -> None:
    analogue = changed(BASE, (20, b"\x0e")) + WHOLE[128:]
    assert edid.panel(analogue)["display.interface"] == "analogue"
    assert "has no bits" in why(analogue, "display.depth")
    assert "need not be the display's own" in why(analogue, "display.mode")
    for other in ((24, b"\xe0"), (54, bytes(2)), (71, b"\x9a")):  # not marked, no timing at all, interlaced
        assert "which mode is the display's own" in why(changed(BASE, other) + WHOLE[128:], "display.mode")


@pytest.mark.parametrize(
    ("byte", "depth"),
    [(0x95, 6), (0xA5, 8), (0xB5, 10), (0xC5, 12), (0xD5, 14), (0xE5, 16), (0x85, None), (0xF5, None)],
)
def test_bits_of_a_colour(byte: int, depth: int | None) -> None:
    said = edid.panel(changed(BASE, (20, bytes([byte]))))["display.depth"]
    assert said == depth if depth else isinstance(said, UnreadableError)


@pytest.mark.parametrize(("week", "made"), [(0, "2021"), (12, "week 12 of 2021"), (255, "model of 2021"), (60, None)])
def test_when_it_was_made(week: int, made: str | None) -> None:
    said = edid.panel(changed(BASE, (16, bytes([week]))))["display.made"]
    assert said == made if made else isinstance(said, UnreadableError)


DIGITS = [BASE.hex()[at : at + 32] for at in range(0, 256, 32)]
BYTES, PAIRS = ([" ".join(line[at : at + by] for at in range(0, 32, by)) for line in DIGITS] for by in (2, 4))


@pytest.mark.parametrize(
    "text",
    [
        BASE.hex(),
        "\n".join(DIGITS) + "\n",
        "\n".join(BYTES),
        "\n".join(f"{16 * at:08x}: {line}  ......" for at, line in enumerate(PAIRS)),
        "\n".join(f"{16 * at:07x} {line}" for at, line in enumerate(BYTES)),
        "edid-decode (hex):\n\n" + "\n".join(DIGITS) + "\n\n----------------\n\nBlock 0, Base EDID:\n",
    ],
    ids=["digits", "xxd -p", "od -An", "xxd", "od -A x", "edid-decode"],
)
def test_hexadecimal_text_of_every_kind(text: str) -> None:
    assert edid.edid_in(text) == BASE


@pytest.mark.parametrize(("text", "reason"), [("", "no EDID"), ("00f", "cut off"), ("hello", 'no EDID: "hello"')])
def test_text_that_is_none(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        edid.display(Reply(0, text, ""))


@given(st.binary(max_size=400))
def test_no_bytes_are_a_fault_of_ours(content: bytes) -> None:
    for block in (content, edid.HEADER + content, sealed((edid.HEADER + content).ljust(128, b"\0")[:128]) + content):
        assert set(edid.panel(block)) == set(edid.FACTS)
