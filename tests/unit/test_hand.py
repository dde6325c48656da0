"""The hand at a station's screen: which keys type a text, and what comes back over its held line."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from builder.errors import Unreachable
from builder.models.connection import Connection
from builder.probes.hand import Frame, Hand, HandError, Shot
from builder.probes.hand_keys import CAPS_LOCK, NAMED, Keyboard, Stroke
from builder.probes.held import Held
from builder.probes.station_viewer import StationInUse
from builder.survey.remote import Remote

SHIFT, CTRL, A, ONE, CAPS, SPARE, RETURN = 50, 37, 38, 10, 66, 248, 36
KEYS = {
    SHIFT: (NAMED["shift"], 0), CTRL: (NAMED["ctrl"], 0), CAPS: (CAPS_LOCK, 0), RETURN: (NAMED["Return"], 0),
    A: (ord("a"), ord("A")), ONE: (ord("1"), ord("!")), SPARE: (0, 0), SPARE + 1: (0, 0),
}  # fmt: skip


def test_a_shifted_character_is_typed_with_shift_and_no_other() -> None:
    assert Keyboard(KEYS).strokes("aA1!") == (
        Stroke(A), Stroke(A, (SHIFT,)), Stroke(ONE), Stroke(ONE, (SHIFT,)),
    )  # fmt: skip


def test_caps_lock_is_switched_off_before_a_password_is_typed() -> None:
    assert Keyboard(KEYS, caps=True).strokes("a") == (Stroke(CAPS), Stroke(A))


def test_what_is_on_no_key_gets_a_spare_one_whatever_it_is() -> None:
    keyboard = Keyboard(KEYS)
    lacking = keyboard.lacking("aä€a")
    assert sorted(lacking.values()) == [0xE4, 0x010020AC]
    assert set(lacking) == {SPARE, SPARE + 1}
    typed = keyboard.with_keys(lacking).strokes("ä€")
    assert [lacking[stroke.keycode] for stroke in typed] == [0xE4, 0x010020AC]
    with pytest.raises(LookupError, match="3 characters are on no key, and only 2 keys are free"):
        keyboard.lacking("äöü")


def test_keys_by_name_and_with_others_held() -> None:
    keyboard = Keyboard(KEYS)
    assert keyboard.combination("Return") == Stroke(RETURN)
    assert keyboard.combination("ctrl+a") == Stroke(A, (CTRL,))
    assert keyboard.combination("ctrl+shift+Return") == Stroke(RETURN, (CTRL, SHIFT))
    with pytest.raises(LookupError, match="no key is called Entre"):
        keyboard.combination("Entre")


class Pretended(Remote):
    """A machine on which every command is the Python program given."""

    def __init__(self, program: str) -> None:
        super().__init__(Connection(host="read1", address="192.0.2.1", user="x", key="k", known_hosts="h"))
        self.program = program

    def start(self, command: str | list[str], *, sudo: bool = False) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


ANSWERS = """
import json, sys, zlib
pixels = b"".join(bytes([shade, shade + 1, shade + 2, 0]) for shade in range(6))
for line in sys.stdin:
    verb, *rest = json.loads(line)
    told, data = {}, b""
    if verb == "picture":
        told = {"width": 3, "height": 2, "depth": 24, "checksum": zlib.crc32(pixels)}
        data = b"" if rest[-1] == told["checksum"] else zlib.compress(pixels)
    elif verb == "idle":
        told = {"idle": 7.5}
    elif verb == "act":
        told = {"touched": 0.4} if rest[0][0] == ["move", 5, 5] else {}
    elif verb == "keyboard":
        told = {"keys": {"38": [97, 65], "50": [0xFFE1, 0]}, "caps": False}
    elif verb == "windows":
        print("Traceback (most recent call last):\\nModuleNotFoundError: No module named 'Xlib'")
        break
    head = json.dumps({**told, "bytes": len(data)}).encode() + b"\\n"
    for piece in (head[:5], head[5:] + data[:3], data[3:]):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
"""


def hand(program: str = ANSWERS) -> Hand:
    return Hand("read1", Held(Pretended(program), ""))


def colours(shot: Shot) -> list[list[list[int]]]:
    found: list[list[list[int]]] = np.asarray(Image.open(io.BytesIO(shot.png))).tolist()
    return found


def test_a_picture_comes_in_pieces_and_only_once_while_it_stays_the_same() -> None:
    station = hand()
    first, second = station.shot(), station.shot()
    assert colours(first) == [[[2, 1, 0], [3, 2, 1], [4, 3, 2]], [[5, 4, 3], [6, 5, 4], [7, 6, 5]]]
    assert second.png is first.png
    assert second.at > first.at
    assert station.idle() == 7.5


def test_ten_bits_a_channel_become_the_nearest_of_256() -> None:
    words = [1023 << 20, 514 << 10, 1, 3, 1023 << 20 | 1023 << 10 | 1023]
    shot = Shot(Frame(np.array(words, "<u4").tobytes(), 5, 1, 30), 0.0)
    assert colours(shot) == [[[255, 0, 0], [0, 128, 0], [0, 0, 0], [0, 0, 1], [255, 255, 255]]]


def test_the_hand_yields_to_a_person() -> None:
    station = hand()
    station.move(1, 1)
    with pytest.raises(StationInUse, match="read1: somebody touched mouse or keyboard 0 s ago"):
        station.move(5, 5)


def test_a_key_that_the_keyboard_lacks_is_a_sentence_without_the_text() -> None:
    with pytest.raises(HandError, match=r"read1: the text cannot be typed: 1 characters are on no key") as fault:
        hand().type("aé")
    assert "é" not in str(fault.value)


def test_what_python_says_there_is_said_here() -> None:
    with pytest.raises(HandError, match="No module named 'Xlib'; see that python3-xlib is installed"):
        hand().windows()


def test_a_station_that_falls_silent_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="read1"):
        hand("input()").windows()


def test_the_request_is_one_line_of_json() -> None:
    said = "import sys; line = sys.stdin.readline(); print('{\"bytes\": %d}' % len(line)); print(end=line)"
    station = hand(said)
    station._held.send(json.dumps(["a", "b\n"]).encode() + b"\n")
    assert json.loads(station.answer("a")[1]) == ["a", "b\n"]
