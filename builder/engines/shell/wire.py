"""What travels between us and `agent.pl` on a host: frames with a length, so no output can look like one (pure).

A frame is a letter, a command's number and a payload. To the host: R run, I input, Z end of input, T terminate,
C claim a lost command, Q quit. From it: H hello, O output, E error output, K input taken, X exit, C claim's answer,
Q gone.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_HEAD = struct.Struct("!cII")
_LENGTH = struct.Struct("!I")
_EXIT = struct.Struct("!HH")
READ, STDIN, HIDDEN, PTY = 1, 2, 4, 8  # flags of a command
NEVER_BEGUN, FENCED, LEFT_OPEN = 1, 2, 4  # flags of an exit
AGENT = Path(__file__).with_name("agent.pl")
READERS = 4  # commands that only read run side by side on the host, so many at once
# sysread takes exactly the program: what follows it is left for the program to read. No quote, no history mark. Bytes
# are bytes (-C0), whatever PERL_UNICODE says there.
_BOOTSTRAP = (
    "$c = q(); while (length $c < {size}) {{ sysread(STDIN, $c, {size} - length $c, length $c) or exit 7 }} "
    "eval $c or do {{ print STDERR $@; exit 9 }}"
)


class Frame(NamedTuple):
    """One frame, either way."""

    kind: bytes
    number: int
    payload: bytes


class Exit(NamedTuple):
    """How a command ended: its exit code, 128 + N when signal N killed it; what the flags say."""

    code: int
    flags: int


@dataclass(frozen=True)
class Hello:
    """Who answers: the folder of its claims (empty: it has none), the host's boot id, SSH_CONNECTION, its user id."""

    room: str
    boot: str
    came_from: str
    user: int


def encode(kind: bytes, number: int = 0, payload: bytes = b"") -> bytes:
    """The bytes of one frame."""
    return _HEAD.pack(kind, number, len(payload)) + payload


def _strings(*texts: str) -> bytes:
    return b"".join(_LENGTH.pack(len(data)) + data for data in (text.encode() for text in texts))


def run(number: int, text: str, environment: Mapping[str, str], flags: int) -> bytes:
    """The frame that has shell text carried out, with these variables besides what the session gives."""
    pairs = [part for pair in environment.items() for part in pair]
    return encode(b"R", number, bytes([flags]) + _strings(text, *pairs))


def claim(number: int, room: str, boot: str) -> bytes:
    """The frame that asks whether the command `number` of a lost agent had begun, and keeps it from beginning."""
    return encode(b"C", number, _strings(room, boot))


def parse_hello(payload: bytes) -> Hello:
    """The first frame's payload. Raises ValueError when it is none."""
    texts, rest = [], payload
    while rest:
        (size,) = _LENGTH.unpack_from(rest)
        texts.append(rest[_LENGTH.size : _LENGTH.size + size].decode())
        rest = rest[_LENGTH.size + size :]
    room, boot, came_from, user = texts
    return Hello(room, boot, came_from, int(user))


def parse_exit(payload: bytes) -> Exit:
    """The payload of an X frame."""
    return Exit(*_EXIT.unpack(payload))


def parse_count(payload: bytes) -> int:
    """The payload of a K frame: bytes of input that the command has taken."""
    (count,) = _LENGTH.unpack(payload)
    return int(count)


def bootstrap(agent: bytes, token: str) -> str:
    """Shell text that starts perl with a program that comes on its standard input (`agent`), named `token`."""
    return f"perl -C0 -e '{_BOOTSTRAP.format(size=len(agent))}' {token} {READERS}"


class Decoder:
    """Bytes in whatever pieces, frames out; what stands before the agent's greeting is somebody else's chatter."""

    def __init__(self, token: str) -> None:
        self._greeting = f"\npacsmith-shell-{token}\n".encode()
        self._greeted = False
        self._buffer = bytearray()

    @property
    def chatter(self) -> bytes:
        """What came instead of a greeting, as a login banner or a message of the shell."""
        return b"" if self._greeted else bytes(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now."""
        self._buffer += data
        if not self._greeted:
            found = self._buffer.find(self._greeting)
            if found < 0:
                return
            self._greeted = True
            del self._buffer[: found + len(self._greeting)]
        begin, size = 0, len(self._buffer)
        while size - begin >= _HEAD.size:
            kind, number, length = _HEAD.unpack_from(self._buffer, begin)
            if size - begin - _HEAD.size < length:
                break
            end = begin + _HEAD.size + length
            yield Frame(kind, number, bytes(memoryview(self._buffer)[begin + _HEAD.size : end]))
            begin = end
        del self._buffer[:begin]
