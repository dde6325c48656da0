"""What the hand (builder/probes/hand.py) runs on a station: it looks at the X screen and works mouse and keyboard.

Runs there as root with Debian's python3-xlib, sent over SSH and held by its standard input; no disk is written.
A request is a JSON list on a line, [verb, arguments...]; the answer is a JSON object on a line, with `bytes` of binary
data behind it. All keys that it has defined or holds down are put back when its input ends.
"""

import contextlib
import json
import os
import socket
import struct
import sys
import time
import zlib
from typing import Any

from Xlib import X, Xatom, display, error
from Xlib.ext import xtest

_STRIP = 128  # rows fetched at once: python-xlib gets slow with long answers
_STARTING = 10  # seconds in which an X server may take its own devices for somebody's touch
_OWN = 0.05  # seconds between an input's own time and when it is known to be done
_MARK = "_PACSMITH_HAND"  # property of the root window: when (CLOCK_MONOTONIC) a hand was last here


class Screen:
    """The X screen of the station."""

    def __init__(self) -> None:
        self.display = display.Display()
        self.screen = self.display.screen()
        self.root = self.screen.root
        self.spare: dict[int, list[int]] = {}
        self.down: list[int] = []
        self.came = time.monotonic()

    def picture(self, left: int, top: int, width: int, height: int, known: int) -> tuple[dict[str, Any], bytes]:
        """The pixels of a part of the screen (0 x 0 is all of it), deflated; none when their checksum is `known`."""
        whole = self.root.get_geometry()
        width, height = width or whole.width, height or whole.height
        self.display.grab_server()  # for some 0.1 s, so that the strips belong to one picture
        try:
            strips = [
                self.root.get_image(left, row, width, min(_STRIP, top + height - row), X.ZPixmap, 0xFFFFFFFF).data
                for row in range(top, top + height, _STRIP)
            ]
        finally:
            self.display.ungrab_server()
            self.display.flush()
        pixels = b"".join(strips)
        checksum = zlib.crc32(pixels, width)
        told = {"width": width, "height": height, "depth": self.screen.root_depth, "checksum": checksum}
        return told, b"" if checksum == known else zlib.compress(pixels, 1)

    def keyboard(self) -> dict[str, Any]:
        """What each key gives alone and with shift, and whether Caps Lock is on."""
        first = self.display.display.info.min_keycode
        count = self.display.display.info.max_keycode - first + 1
        rows = self.display.get_keyboard_mapping(first, count)
        keys = {first + place: list(row[:2]) + ([1] if any(row[2:]) and not any(row[:2]) else [])
                for place, row in enumerate(rows)}  # fmt: skip
        return {"keys": keys, "caps": bool(self.root.query_pointer().mask & X.LockMask)}

    def define(self, keys: dict[str, int]) -> dict[str, Any]:
        """Give spare keys a keysym until the end."""
        for name, keysym in keys.items():
            keycode = int(name)
            self.spare.setdefault(keycode, list(self.display.get_keyboard_mapping(keycode, 1)[0]))
            self.display.change_keyboard_mapping(keycode, [[keysym, keysym]])
        self.display.sync()
        return {}

    def act(self, events: list[list[Any]]) -> dict[str, Any]:
        """Move (x, y), press, release (a button), down and up (a key), one after another; nothing when somebody else
        has touched the station since this hand came."""
        touched = self.touched()
        if touched is not None and time.monotonic() - touched > self.came:
            return {"touched": touched}
        for verb, *arguments in events:
            if verb == "move":
                xtest.fake_input(self.display, X.MotionNotify, x=arguments[0], y=arguments[1])
                continue
            kind = {"press": X.ButtonPress, "release": X.ButtonRelease, "down": X.KeyPress, "up": X.KeyRelease}[verb]
            xtest.fake_input(self.display, kind, arguments[0])
            if verb == "down":
                self.down.append(arguments[0])
            elif verb == "up" and arguments[0] in self.down:
                self.down.remove(arguments[0])
        self.display.sync()
        self.leave_mark()
        return {}

    def idle(self) -> dict[str, Any]:
        """Seconds since somebody else than a hand touched mouse or keyboard; null when nobody has since then."""
        return {"idle": self.touched()}

    def windows(self) -> dict[str, Any]:
        """The windows that the window manager shows, in the order of their opening, with their places on the screen."""
        listed = self.root.get_full_property(self.atom("_NET_CLIENT_LIST"), Xatom.WINDOW)
        found, typed_into = [], self.typed_into()
        for number in listed.value if listed else ():
            with contextlib.suppress(error.BadWindow, error.BadDrawable):  # it has gone in the meantime
                found.append({**self.window(int(number)), "focus": int(number) in typed_into})
        return {"windows": found}

    def typed_into(self) -> set[int]:
        """The window that gets what is typed, and all that it lies in."""
        window, found = self.display.get_input_focus().focus, set()
        with contextlib.suppress(error.BadWindow):
            while not isinstance(window, int) and window != self.root:
                found.add(window.id)
                window = window.query_tree().parent
        return found

    def window(self, number: int) -> dict[str, Any]:
        """One window. `shown` is whether it is mapped."""
        window = self.display.create_resource_object("window", number)
        size, place = window.get_geometry(), self.root.translate_coords(window, 0, 0)
        title = window.get_full_property(self.atom("_NET_WM_NAME"), X.AnyPropertyType)
        transient = window.get_full_property(Xatom.WM_TRANSIENT_FOR, Xatom.WINDOW)
        return {
            "number": number,
            "title": title.value.decode("utf-8", "replace") if title else str(window.get_wm_name() or ""),
            "name": (window.get_wm_class() or ("", ""))[1],
            "left": place.x, "top": place.y, "width": size.width, "height": size.height,
            "shown": window.get_attributes().map_state == X.IsViewable,
            "dialog_of": int(transient.value[0]) if transient and len(transient.value) else None,
        }  # fmt: skip

    def touched(self) -> float | None:
        """See `idle`. The server knows only the last touch, so that its time is compared with the hand's own last."""
        before = time.monotonic()
        idle = self.root.screensaver_query_info().idle / 1000
        mark = self.mark()
        ours = mark is not None and before - idle <= mark + _OWN
        return None if ours or self.age() - idle <= _STARTING else idle

    def age(self) -> float:
        """Seconds since the X server was started."""
        options = self.display.display.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        with open(f"/proc/{struct.unpack('3i', options)[0]}/stat", encoding="utf-8") as file:  # noqa: PTH123
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")

    def mark(self) -> float | None:
        """When a hand was last here; None when none was since the screen began."""
        found = self.root.get_full_property(self.atom(_MARK), Xatom.STRING)
        return float(found.value) if found else None

    def leave_mark(self) -> None:
        """A hand was here."""
        self.root.change_property(self.atom(_MARK), Xatom.STRING, 8, repr(time.monotonic()).encode())
        self.display.sync()

    def atom(self, name: str) -> int:
        """The number of a name."""
        return int(self.display.intern_atom(name))

    def put_back(self) -> None:
        """Release every key and give spare keys back what they had."""
        for keycode in self.down:
            xtest.fake_input(self.display, X.KeyRelease, keycode)
        for keycode, row in self.spare.items():
            self.display.change_keyboard_mapping(keycode, [row])
        self.display.sync()


def say(told: dict[str, Any], data: bytes = b"") -> None:
    """One answer."""
    sys.stdout.buffer.write(json.dumps({**told, "bytes": len(data)}).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


def serve() -> None:
    """Answer until the input ends."""
    try:
        screen = Screen()
    except (error.DisplayError, OSError) as fault:
        say({"error": f"the screen {os.environ['DISPLAY']} cannot be used: {fault}"})
        return
    say({})
    try:
        for line in sys.stdin.buffer:
            verb, *arguments = json.loads(line)
            told = getattr(screen, verb)(*arguments)
            say(*told if isinstance(told, tuple) else (told,))
    finally:
        screen.put_back()


if __name__ == "__main__":
    serve()
