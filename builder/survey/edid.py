"""What one display says of itself in its EDID (VESA E-EDID Standard, release A, revision 2; DisplayID 1.3). Pure.

No library: pyedid (1.0.3, 2023) tells neither bit depth nor interface nor the size of the first timing, and edid-decode
is a program of its own that the hosts do not have; what is wanted stands in 128 bytes at fixed places.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from builder.survey.question import ABSENT, Noted, Reply, Said, UnreadableError

FACTS = (
    "display.depth", "display.height", "display.interface", "display.made", "display.maker", "display.megapixels",
    "display.mode", "display.name", "display.pitch", "display.product", "display.serial", "display.serial_number",
    "display.shorter", "display.width", "display.year",
)  # fmt: skip
"""The facts of one display; on a host they stand under its connector, as `displays.DP-1.depth`."""

HEADER = bytes.fromhex("00ffffffffffff00")
BLOCK = 128  # bytes of the base block and of each extension (section 2.2)
DESCRIPTORS = (54, 72, 90, 108)  # where the four 18-byte descriptors begin (section 3.10)
SERIAL, _NAME = b"\0\0\0\xff", b"\0\0\0\xfc"
FILLERS = (0x01010101, 0xFFFFFFFF)  # what makers write who do not number their displays there
_DEPTHS = {1: 6, 2: 8, 3: 10, 4: 12, 5: 14, 6: 16}  # bits of byte 20 from 4 to 6 (table 3.11)
_INTERFACES = {1: "DVI", 2: "HDMI-a", 3: "HDMI-b", 4: "MDDI", 5: "DisplayPort"}  # bits 0 to 3 of the same
_DISPLAYID = 0x70
_DUMPED = re.compile(r"([0-9a-fA-F]{4,8}):? +((?:[0-9a-fA-F]{2,4} ?)+)(?: .*)?")  # offset, 16 bytes, the same as text
_SHORT = "the EDID was cut off"
_ALIKE = 0.02  # of the pixel pitch: more between across and down is no square pixel but a wrong size


class Timing(NamedTuple):
    """A detailed timing: pixels across and down, and the picture's size in mm (0 where it is not stated)."""

    across: int
    down: int
    width: int
    height: int


def blocks_in(edid: bytes) -> tuple[bytes, ...]:
    """The base block, and each extension that is whole. Raises UnreadableError when the base block is damaged."""
    base = edid[:BLOCK]
    if not base.startswith(HEADER):
        raise UnreadableError("this is no EDID" if edid else "there is no EDID")
    if len(base) < BLOCK:
        raise UnreadableError(f"{_SHORT} after {len(base)} of {BLOCK} bytes")
    if sum(base) % 256:
        raise UnreadableError("the EDID of a display is damaged: look at its cable")
    if base[18] != 1:
        raise UnreadableError(f"the EDID is of version {base[18]}, and only version 1 is understood")
    parts = [edid[at : at + BLOCK] for at in range(BLOCK, len(edid), BLOCK)]
    return (base, *(part for part in parts if len(part) == BLOCK and sum(part) % 256 == 0))


def panel(edid: bytes) -> dict[str, Said]:
    """Bytes of an EDID -> each of FACTS: its value, or why it cannot be told. Never raises."""
    try:
        blocks = blocks_in(edid)
    except UnreadableError as why:
        return dict.fromkeys(FACTS, why)
    base = blocks[0]
    return {
        "display.maker": maker(base),
        "display.product": product(base),
        "display.name": _descriptor(base, _NAME) or UnreadableError("the EDID names no product"),
        **_numbers(base),
        **_made(base),
        "display.depth": _depth(base),
        "display.interface": _interface(base),
        **_size(base),
        **_picture(blocks),
    }


def maker(base: bytes) -> Said:
    """Three letters, five bits each (section 3.4.1)."""
    letters = [int.from_bytes(base[8:10], "big") >> shift & 31 for shift in (10, 5, 0)]
    if not all(1 <= letter <= 26 for letter in letters):
        return UnreadableError("the maker in the EDID is not made of letters")
    return "".join(chr(ord("A") - 1 + letter) for letter in letters)


def product(base: bytes) -> str:
    """Four hexadecimal digits, as the site file has them (section 3.4.2)."""
    return f"{int.from_bytes(base[10:12], 'little'):04X}"


def texts(base: bytes, tag: bytes) -> list[str]:
    """What the descriptors of this tag say (section 3.10.3)."""
    found = [base[at + 5 : at + 18] for at in DESCRIPTORS if base[at : at + 4] == tag]
    return [text.partition(b"\n")[0].decode("cp437").strip() for text in found]


def _descriptor(base: bytes, tag: bytes) -> str:
    return next(iter(texts(base, tag)), "")


def _numbers(base: bytes) -> dict[str, Said]:
    """The serial number as text (a descriptor) and as a number of 32 bits: makers write the one, the other or both."""
    number, written = int.from_bytes(base[12:16], "little"), _descriptor(base, SERIAL)
    counted: Said = str(number) if number else ABSENT
    if number in FILLERS:
        counted = UnreadableError(f"the EDID holds a filler for it, 0x{number:08X}")
    none = UnreadableError("the display states no serial number")
    if written:
        return {"display.serial": written, "display.serial_number": counted}
    text = Noted(counted, "a number; there is no text") if isinstance(counted, str) else none
    return {"display.serial": text, "display.serial_number": counted}


def _made(base: bytes) -> dict[str, Said]:
    """Week 255 tells that the year is the model's and not that of its making (section 3.4.4)."""
    week, year = base[16], 1990 + base[17]
    if not base[17]:
        return dict.fromkeys(("display.made", "display.year"), UnreadableError("the EDID states no year"))
    words = {0: f"{year}", 255: f"model of {year}"}.get(week, f"week {week} of {year}")
    made: Said = words if week <= 54 or week == 255 else UnreadableError(f"the EDID states week {week}")
    return {"display.made": made, "display.year": Noted(year, "year of the model") if week == 255 else year}


def _depth(base: bytes) -> Said:
    if not base[20] & 0x80:
        return UnreadableError("the input is analogue, which has no bits")
    if base[19] < 4:
        return UnreadableError(f"an EDID 1.{base[19]} does not state it")
    return _DEPTHS.get(base[20] >> 4 & 7, UnreadableError("the EDID leaves it open"))


def _interface(base: bytes) -> Said:
    if not base[20] & 0x80:
        return "analogue"
    if base[19] < 4:
        return UnreadableError(f"a digital one; an EDID 1.{base[19]} does not state which")
    return _INTERFACES.get(base[20] & 15, UnreadableError("a digital one; the EDID does not state which"))


def _first(base: bytes) -> Timing | None:
    """The first detailed timing (section 3.10.2); None where there is none or it is interlaced."""
    timing = base[54:72]
    if not timing[:2].strip(b"\0") or timing[17] & 0x80:
        return None
    return Timing(
        timing[2] | (timing[4] & 0xF0) << 4,
        timing[5] | (timing[7] & 0xF0) << 4,
        timing[12] | (timing[14] & 0xF0) << 4,
        timing[13] | (timing[14] & 0x0F) << 8,
    )


def _size(base: bytes) -> dict[str, Said]:
    """Width and height in mm. The first timing states them in mm, bytes 21 and 22 in whole cm; both must agree."""
    names = ("display.width", "display.height")
    across, down = base[21] * 10, base[22] * 10
    timing = _first(base)
    if not across or not down:
        return dict.fromkeys(names, UnreadableError("the EDID states no size, as that of a projector"))
    if timing is None or not timing.width or not timing.height:
        return {name: Noted(float(size), "in whole cm") for name, size in zip(names, (across, down), strict=True)}
    if abs(timing.width - across) > 10 or abs(timing.height - down) > 10:
        two = f"{timing.width} x {timing.height} mm and {across // 10} x {down // 10} cm"
        return dict.fromkeys(names, UnreadableError(f"the EDID states two sizes, {two}"))
    return {"display.width": float(timing.width), "display.height": float(timing.height)}


def _picture(blocks: tuple[bytes, ...]) -> dict[str, Said]:
    """The native mode, and what is computed from it: megapixels, pixel pitch in mm, pixels of the shorter side."""
    names = ("display.mode", "display.megapixels", "display.shorter", "display.pitch")
    try:
        timing = _own(blocks)
    except UnreadableError as why:
        return dict.fromkeys(names, why)
    return {
        "display.mode": f"{timing.across}x{timing.down}",
        "display.megapixels": round(timing.across * timing.down / 1e6, 4),
        "display.shorter": min(timing.across, timing.down),
        "display.pitch": _pitch(blocks[0], timing),
    }


def _pitch(base: bytes, timing: Timing) -> Said:
    size = _size(base)["display.width"]
    if isinstance(size, UnreadableError):
        return size
    if isinstance(size, Noted):
        return UnreadableError("the EDID states the size in whole cm alone, too coarse for a pixel")
    across, down = timing.width / timing.across, timing.height / timing.down
    if abs(across / down - 1) > _ALIKE:
        return UnreadableError("the size in the EDID would make pixels that are not square")
    return round(across, 4)


def _own(blocks: tuple[bytes, ...]) -> Timing:
    """The native timing, which is the first one where the EDID says so (bit 1 of byte 24): an analogue input cannot
    tell, and an extension may know better. Raises UnreadableError with the reason.
    """
    base = blocks[0]
    timing = _first(base)
    if timing is None or not timing.across or not timing.down or not base[24] & 2:
        raise UnreadableError("the EDID does not say which mode is the display's own")
    if not base[20] & 0x80:
        raise UnreadableError("the input is analogue, and its preferred mode need not be the display's own")
    if len(blocks) - 1 < base[126]:
        raise UnreadableError(f"{_SHORT} or damaged in one of its {base[126]} extensions, which may state another mode")
    for tag, content in _displayid(blocks[1:]):
        if tag in (0x12, 0x28):
            raise UnreadableError("the display is one of several tiles, and the EDID speaks of its tile")
        if tag in (0x01, 0x21) and len(content) >= 8:
            _same(timing, int.from_bytes(content[4:6], "little"), int.from_bytes(content[6:8], "little"))
        if tag in (0x03, 0x22):
            for at in range(0, len(content) - 19, 20):
                if content[at + 3] & 0x80:  # preferred
                    _same(timing, *(int.from_bytes(content[at + by : at + by + 2], "little") + 1 for by in (4, 12)))
    return timing


def _same(timing: Timing, across: int, down: int) -> None:
    if (across, down) not in ((timing.across, timing.down), (0, 0)):
        raise UnreadableError(f"the EDID states two modes, {timing.across}x{timing.down} and {across}x{down}")


def _displayid(extensions: tuple[bytes, ...]) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each data block of the DisplayID extensions."""
    for block in (block for block in extensions if block[0] == _DISPLAYID):
        section = block[5 : 5 + block[2]]
        while len(section) >= 3 and any(section[:3]):
            yield section[0], section[3 : 3 + section[2]]
            section = section[3 + section[2] :]


def edid_in(text: str) -> bytes:
    """The bytes in hexadecimal text: what edid-decode prints before its own words, what xxd, od and hexdump print, or
    digits alone. Raises UnreadableError for anything else."""
    told = re.search(r"edid-decode \(hex\):\s*\n(.*?)(?:\n-{4,}|\Z)", text, re.DOTALL)
    lines = (told[1] if told else text).splitlines()
    dumped = [_DUMPED.fullmatch(line.strip()) for line in lines if line.strip()]
    if told is None and all(match and int(match[1], 16) == 16 * at for at, match in enumerate(dumped)):
        lines = [match[2] for match in dumped if match]
    digits = "".join("".join(lines).split())
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", digits):
        complaint = next((line.strip() for line in text.splitlines() if line.strip()), "")
        half = bool(re.fullmatch(r"[0-9a-fA-F]+", digits))
        other = f'this is no EDID: "{complaint[:80]}"' if complaint else "there is no EDID"
        raise UnreadableError(_SHORT if half else other)
    return bytes.fromhex(digits)


def display(reply: Reply) -> dict[str, Said]:
    """One display's EDID in hexadecimal text, as `edid_in` reads it. Raises UnreadableError when it is none."""
    return panel(edid_in(reply.checked()))


def on_connector(connector: str, said: Mapping[str, Said]) -> dict[str, Said]:
    """The facts of one display under the name of its connector: `display.depth` -> `displays.DP-1.depth`."""
    return {name.replace("display.", f"displays.{connector}.", 1): value for name, value in said.items()}
