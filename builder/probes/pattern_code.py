"""The machine-readable mark of a test pattern: 8 x 8 black and white cells that say which study and which slice it is.

32 bits of study number, 16 bits of slice number and a checksum of 16 bits (CRC-CCITT), most significant bit first, row
by row from the upper left; white is 1. The checksum starts from 0xFFFF, so that an all-black field is never valid.
"""

import binascii
import hashlib
from dataclasses import dataclass

CELLS = 8  # in a row and in a column


@dataclass(frozen=True)
class PatternCode:
    """`number` is derived from the StudyInstanceUID (study_number), `slice_number` is the InstanceNumber from 1."""

    number: int
    slice_number: int


def study_number(study: str) -> int:
    """The 32-bit number that stands in the pixels of every image of `study`: the start of its UID's SHA-256."""
    return int.from_bytes(hashlib.sha256(study.encode()).digest()[:4])


def to_cells(code: PatternCode) -> tuple[bool, ...]:
    """The 64 cells, row by row; True is white. Raises OverflowError for numbers that do not fit."""
    payload = code.number.to_bytes(4) + code.slice_number.to_bytes(2)
    whole = payload + _checksum(payload)
    return tuple(bool(byte >> bit & 1) for byte in whole for bit in range(7, -1, -1))


def from_cells(cells: tuple[bool, ...]) -> PatternCode | None:
    """What 64 cells say, or None when their checksum does not hold."""
    whole = int("".join("1" if cell else "0" for cell in cells), 2).to_bytes(CELLS)
    payload, checksum = whole[:6], whole[6:]
    if _checksum(payload) != checksum:
        return None
    return PatternCode(int.from_bytes(payload[:4]), int.from_bytes(payload[4:]))


def _checksum(payload: bytes) -> bytes:
    return binascii.crc_hqx(payload, 0xFFFF).to_bytes(2)
