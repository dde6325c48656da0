"""Pixels along both sides of a display. Which way up it is mounted is a choice, and no matter here."""

import re
from dataclasses import dataclass

_TEXT = re.compile(r"([1-9][0-9]{1,4}) ?[x\u00d7] ?([1-9][0-9]{1,4})")


@dataclass(frozen=True)
class Resolution:
    """At least another one when it is so along both sides: 1920x1080 is neither more nor less than 1600x1200."""

    longer: int
    shorter: int

    def __ge__(self, other: "Resolution") -> bool:
        return self.longer >= other.longer and self.shorter >= other.shorter

    def __le__(self, other: "Resolution") -> bool:
        return self.longer <= other.longer and self.shorter <= other.shorter

    def __str__(self) -> str:
        return f"{self.longer}x{self.shorter}"


def resolution(text: str) -> Resolution | None:
    """The resolution that `text` states, as "1024x768"; None when it states none."""
    read = _TEXT.fullmatch(text.strip())
    if read is None:
        return None
    first, second = int(read[1]), int(read[2])
    return Resolution(max(first, second), min(first, second))
