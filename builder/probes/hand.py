"""A hand at a station: it sees the X screen, and works mouse and keyboard, over one held SSH session.

Nothing is left on the station; what is typed goes through standard input alone, so that it may be a password. It yields
to people: when somebody else touches the station after it has begun, it does nothing more and raises StationInUse.
"""

import json
import shlex
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.errors import PacsmithError, Unreachable
from builder.probes.hand_keys import Keyboard, Stroke
from builder.probes.held import Held
from builder.probes.station_viewer import QUIET_MINUTES, StationInUse
from builder.survey.remote import Remote

Found = TypeVar("Found")
_PROGRAM = Path(__file__).with_name("hand_program.py")
_BEGIN = "import sys; file = sys.stdin.buffer; exec(compile(file.read(int(file.readline())), 'hand', 'exec'))"
_PATIENCE = 30.0  # seconds for one answer
_POLL = 0.1


class HandError(PacsmithError):
    """The screen of a station cannot be seen or worked."""


@dataclass(frozen=True)
class Box:
    """A part of the screen, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[int, int]:
        """x and y of the pixel in the middle."""
        return self.left + self.width // 2, self.top + self.height // 2


@dataclass(frozen=True)
class Window:
    """A window that the window manager knows; `box` is its content without the frame. `name` is the program's, `focus`
    whether it gets what is typed."""

    number: int
    title: str
    name: str
    box: Box
    shown: bool
    dialog_of: int | None
    focus: bool = False


@dataclass(frozen=True)
class Frame:
    """Pixels of a screen as its X server gives them."""

    pixels: bytes
    width: int
    height: int
    depth: int

    @cached_property
    def picture(self) -> Image.Image:
        """Red, green, blue of 8 bits. Depth 24 has them in three of four bytes, depth 30 in 10 bits each of a word."""
        size = (self.width, self.height)
        if self.depth != 30:
            return Image.frombuffer("RGB", size, self.pixels, "raw", "BGRX", 0, 1)
        words = np.frombuffer(self.pixels, "<u4").reshape(size[::-1])
        channels = [((words >> shift & 1023) * 255 + 511) // 1023 for shift in (20, 10, 0)]
        return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG."""
        file = BytesIO()
        self.picture.save(file, "PNG", compress_level=1)
        return file.getvalue()

    @property
    def colours(self) -> NDArray[np.uint8]:
        """Rows x columns x red, green, blue."""
        return np.asarray(self.picture)


@dataclass(frozen=True)
class Shot:
    """A screenshot. `at`: time.monotonic() here when it had been taken and brought."""

    frame: Frame
    at: float

    @property
    def png(self) -> bytes:
        """The picture as PNG; the same object as long as the screen stays as it is."""
        return self.frame.png


class Hand:
    """Made by `open_hand`. Every method raises HandError and Unreachable; those that touch raise StationInUse, too."""

    def __init__(self, host: str, held: Held) -> None:
        self.host = host
        self._held = held
        self._rest = b""
        self._last: tuple[int, Frame] | None = None

    def shot(self, box: Box | None = None) -> Shot:
        """The screen, or a part of it. The mouse pointer is not in it."""
        part = (box.left, box.top, box.width, box.height) if box else (0, 0, 0, 0)
        known, frame = self._last or (-1, None)
        told, data = self._ask("picture", *part, known)
        if data or frame is None:  # the checksum is of the shape, too
            frame = Frame(zlib.decompress(data), told["width"], told["height"], told["depth"])
        self._last = told["checksum"], frame
        return Shot(frame, time.monotonic())

    def windows(self) -> tuple[Window, ...]:
        """The windows in the order of their opening."""
        told, _ = self._ask("windows")
        return tuple(
            Window(one["number"], one["title"], one["name"], Box(one["left"], one["top"], one["width"], one["height"]),
                   one["shown"], one["dialog_of"], one["focus"])
            for one in told["windows"]
        )  # fmt: skip

    def idle(self) -> float | None:
        """Seconds since somebody touched mouse or keyboard; None when nobody has since the screen began, or since a
        hand was last here."""
        seconds: float | None = self._ask("idle")[0]["idle"]
        return seconds

    def yield_to_people(self, within: float = QUIET_MINUTES * 60) -> None:
        """Raise StationInUse when somebody has touched the station in the last seconds (`within`): asked before what
        they do there would be ended."""
        idle = self.idle()
        if idle is not None and idle < within:
            raise StationInUse(self.host, idle)

    def move(self, x: int, y: int) -> None:
        """Put the pointer somewhere."""
        self._act([["move", x, y]])

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """Click, or double click; buttons are 1 left, 2 middle, 3 right.

        A window manager may look at a click before the program does, so that keys pressed next overtake it: wait until
        the screen shows what the click has done.
        """
        self._act([["move", x, y], *([["press", button], ["release", button]] * times)])

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, button: int = 1) -> None:
        """Press at one place and release at another, with some movements between."""
        ways = [
            ["move", *(round(one + (other - one) * step / 8) for one, other in zip(start, end, strict=True))]
            for step in range(9)
        ]
        self._act([ways[0], ["press", button], *ways[1:], ["release", button]])

    def wheel(self, x: int, y: int, clicks: int) -> None:
        """Turn the wheel over a place: towards the person when positive, as one scrolls down."""
        button = 5 if clicks > 0 else 4
        self._act([["move", x, y], *([["press", button], ["release", button]] * abs(clicks))])

    def press(self, *names: str) -> None:
        """Keys one after another, each as `Return`, `ctrl+a` or a character."""
        try:
            self._strokes([self._keyboard().combination(name) for name in names])
        except LookupError as fault:
            raise HandError(f"{self.host}: {fault}; look at the keyboard layout of its screen") from None

    def type(self, text: str) -> None:
        """Type a text, a password as well: whatever is on no key is put on a spare one until the hand goes."""
        keyboard = self._keyboard()
        try:
            lacking = keyboard.lacking(text)
            if lacking:
                self._ask("define", lacking)
            strokes = keyboard.with_keys(lacking).strokes(text)
        except LookupError as fault:
            raise HandError(f"{self.host}: the text cannot be typed: {fault}") from None
        self._strokes(strokes)

    def until(self, look: Callable[[], Found | None], patience: float) -> Found | None:
        """What `look` finds, asked again ten times a second; None when it found nothing in `patience` seconds."""
        end = time.monotonic() + patience
        while (found := look()) is None and time.monotonic() < end:
            time.sleep(_POLL)
        return found

    def _keyboard(self) -> Keyboard:
        told, _ = self._ask("keyboard")
        return Keyboard({int(code): keysyms for code, keysyms in told["keys"].items()}, told["caps"])

    def _strokes(self, strokes: Sequence[Stroke]) -> None:
        events: list[list[Any]] = []
        for stroke in strokes:
            events += [["down", key] for key in (*stroke.held, stroke.keycode)]
            events += [["up", key] for key in (stroke.keycode, *reversed(stroke.held))]
        self._act(events)

    def _act(self, events: list[list[Any]]) -> None:
        told, _ = self._ask("act", events)
        if "touched" in told:
            raise StationInUse(self.host, told["touched"])

    def _ask(self, verb: str, *arguments: object) -> tuple[dict[str, Any], bytes]:
        try:
            self._held.send(json.dumps([verb, *arguments]).encode() + b"\n")
        except BrokenPipeError:
            raise Unreachable(f"{self.host}: the hand at its screen has ended; see that the host is up") from None
        return self.answer(verb)

    def answer(self, verb: str) -> tuple[dict[str, Any], bytes]:
        """The next answer: what was told, and the data behind it."""
        end = time.monotonic() + _PATIENCE
        while b"\n" not in self._rest:
            self._more(verb, end)
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:  # Python's own words, or sudo's: nothing that was typed is in them
            rest = (line + b"\n" + self._rest + self._held.piece(1)).decode("utf-8", "replace").strip()
            raise HandError(
                f"{self.host}: {verb} at its screen failed: {rest.splitlines()[-1]}; see that python3-xlib is installed"
            ) from None
        if "error" in told:
            raise HandError(f"{self.host}: {told['error']}; see that its screen runs")
        pieces = [self._rest]
        while sum(map(len, pieces)) < told["bytes"]:
            pieces.append(self._piece(verb, end))
        whole = b"".join(pieces)
        data, self._rest = whole[: told["bytes"]], whole[told["bytes"] :]
        return told, data

    def _more(self, verb: str, end: float) -> None:
        self._rest += self._piece(verb, end)

    def _piece(self, verb: str, end: float) -> bytes:
        piece = self._held.piece(max(end - time.monotonic(), 0))
        if not piece:
            raise Unreachable(f"{self.host}: no answer to {verb} at its screen in {_PATIENCE:.0f} s; see that it runs")
        return piece


@contextmanager
def open_hand(remote: Remote, authority: str, screen: str = ":0") -> Iterator[Hand]:
    """A hand at the X screen of a machine; `authority` is the file with the screen's key there. Raises HandError when
    the screen cannot be used, Unreachable."""
    host = remote.connection.host
    command = ["env", f"DISPLAY={screen}", f"XAUTHORITY={authority}", "python3", "-I", "-c", _BEGIN]
    held = Held(remote, f"exec {shlex.join(command)} 2>&1", sudo=True)
    try:
        program = _PROGRAM.read_bytes()
        held.send(b"%d\n" % len(program) + program)
        hand = Hand(host, held)
        hand.answer("begin")
        yield hand
    except BrokenPipeError:
        raise Unreachable(f"{host}: no hand could be sent to its screen; see that the host is up") from None
    finally:
        held.release()


def require_unused(remote: Remote, authority: str) -> None:
    """Raise StationInUse when somebody has touched the machine in the last minutes; HandError, Unreachable."""
    with open_hand(remote, authority) as hand:
        hand.yield_to_people()
