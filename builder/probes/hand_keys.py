"""From what shall be typed to the keys of a keyboard as an X server describes it: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Keysyms as in X11's keysymdef.h.
NAMED = {
    "BackSpace": 0xFF08, "Tab": 0xFF09, "Return": 0xFF0D, "Escape": 0xFF1B, "Home": 0xFF50, "Left": 0xFF51,
    "Up": 0xFF52, "Right": 0xFF53, "Down": 0xFF54, "Page_Up": 0xFF55, "Page_Down": 0xFF56, "End": 0xFF57,
    "Delete": 0xFFFF, "Menu": 0xFF67, "space": 0x20, **{f"F{number}": 0xFFBD + number for number in range(1, 13)},
    "shift": 0xFFE1, "ctrl": 0xFFE3, "alt": 0xFFE9, "super": 0xFFEB,
}  # fmt: skip
CAPS_LOCK = 0xFFE5
_UNICODE = 0x01000000  # keysymdef.h: a character outside Latin-1 is this plus its code point


@dataclass(frozen=True)
class Stroke:
    """One key, pressed and released while the keys of `held` are down; all are keycodes."""

    keycode: int
    held: tuple[int, ...] = ()


@dataclass(frozen=True)
class Keyboard:
    """`keysyms`: keycode -> what the key gives alone and with shift (0 is nothing); `caps`: is Caps Lock on?"""

    keysyms: Mapping[int, Sequence[int]]
    caps: bool = False

    def keycode(self, keysym: int) -> int:
        """The key that gives `keysym` by itself. Raises LookupError when there is none."""
        for keycode, given in sorted(self.keysyms.items()):
            if given and given[0] == keysym:
                return keycode
        raise LookupError(f"no key gives the keysym {keysym:#x}")

    def lacking(self, text: str) -> dict[int, int]:
        """Spare keycode -> keysym, for the characters that no key of this keyboard gives. Raises LookupError when there
        are not so many spare keycodes."""
        there = {keysym for given in self.keysyms.values() for keysym in given[:2]}
        wanted = sorted({keysym_of(character) for character in text} - there)
        spare = [keycode for keycode, given in sorted(self.keysyms.items(), reverse=True) if not any(given)]
        if len(wanted) > len(spare):
            raise LookupError(f"{len(wanted)} characters are on no key, and only {len(spare)} keys are free")
        return dict(zip(spare, wanted, strict=False))

    def with_keys(self, added: Mapping[int, int]) -> "Keyboard":
        """The same keyboard with spare keys given a keysym, whether shift is down or not."""
        return Keyboard({**self.keysyms, **{keycode: (keysym, keysym) for keycode, keysym in added.items()}}, self.caps)

    def strokes(self, text: str) -> tuple[Stroke, ...]:
        """The keys that type `text`; Caps Lock is switched off first. Raises LookupError when a key is missing."""
        off = (Stroke(self.keycode(CAPS_LOCK)),) if self.caps else ()
        return off + tuple(self._stroke(keysym_of(character)) for character in text)

    def combination(self, name: str) -> Stroke:
        """A key by name, as `Return`, `ctrl+a` or `ctrl+shift+Tab`. Raises LookupError for one that is not there."""
        *held, last = name.split("+") if len(name) > 1 else [name]
        if last not in NAMED and len(last) != 1:
            raise LookupError(f"no key is called {last}")
        stroke = self._stroke(NAMED[last] if last in NAMED else keysym_of(last))
        return Stroke(stroke.keycode, tuple(self.keycode(NAMED[one]) for one in held) + stroke.held)

    def _stroke(self, keysym: int) -> Stroke:
        for level in (0, 1):
            for keycode, given in sorted(self.keysyms.items()):
                if len(given) > level and given[level] == keysym:
                    return Stroke(keycode, (self.keycode(NAMED["shift"]),) if level else ())
        raise LookupError(f"no key gives the keysym {keysym:#x}")


def keysym_of(character: str) -> int:
    """The keysym of a character: Latin-1 stands for itself (keysymdef.h)."""
    point = ord(character)
    if point == 0x0A:
        return NAMED["Return"]
    return point if 0x20 <= point <= 0x7E or 0xA0 <= point <= 0xFF else _UNICODE + point
