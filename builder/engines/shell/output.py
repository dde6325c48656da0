"""What a command says, as pyinfra wants it: lines, in the order in which they came, each of its own stream."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from builder.engines.shell.session import Command, Session

Show = Callable[[str, str], None]
FLOOD_BYTES = 64 << 20
FLOOD_LINES = 1_000_000  # a line costs pyinfra some 150 bytes of memory, however short it is


class FloodError(OSError):
    """A command has said more than anybody can want to keep in memory."""


class Collector:
    """Takes bytes as they come; whole lines go to `shown` at once, with the name of their stream. Raises FloodError."""

    def __init__(self, shown: Show | None = None) -> None:
        self.lines: list[tuple[str, str]] = []
        self.code = 0
        self._shown = shown
        self._bytes = 0
        self._rest: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    @classmethod
    def run(cls, session: Session, command: Command, *, within: float | None, shown: Show | None = None) -> Self:
        """Carry a command out; raises as Session.run does."""
        attempts: list[Self] = []

        def sink() -> Any:
            attempts.append(cls(shown))
            return attempts[-1].take

        ended = session.run(command, sink, within=within)
        attempts[-1].end(ended.code)
        return attempts[-1]

    def take(self, stream: str, data: bytes) -> None:
        """A piece of output."""
        self._bytes += len(data)
        if self._bytes > FLOOD_BYTES or len(self.lines) > FLOOD_LINES:
            raise FloodError(
                f"the command said more than {FLOOD_BYTES >> 20} MiB or {FLOOD_LINES} lines and was ended; "
                "let it write to a file on the host, and fetch that"
            )
        rest = self._rest[stream]
        rest += data
        if b"\n" in data:
            *whole, last = bytes(rest).split(b"\n")
            self._rest[stream] = bytearray(last)
            for line in whole:
                self._add(stream, line)

    def end(self, code: int) -> None:
        """The command is over; a last line without its newline counts."""
        for stream, rest in self._rest.items():
            if rest:
                self._add(stream, bytes(rest))
                rest.clear()
        self.code = code

    def _add(self, stream: str, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        self.lines.append((stream, text))
        if self._shown is not None:
            self._shown(stream, text)

    def _joined(self, stream: str) -> str:
        return "\n".join(text for name, text in self.lines if name == stream)

    @property
    def stdout(self) -> str:
        """All of the output."""
        return self._joined("stdout")

    @property
    def stderr(self) -> str:
        """All of the error output."""
        return self._joined("stderr")


def input_of(given: Any) -> Iterator[bytes]:
    """pyinfra's `_stdin` as bytes: text, bytes, a list of either, or an open file; lines of text end with a newline."""
    if hasattr(given, "readlines"):
        if given.seekable():
            given.seek(0)
        given = given.readlines()
    items: Iterable[Any] = [given] if isinstance(given, (str, bytes)) else given
    for item in items:
        if isinstance(item, bytes):
            yield item
        else:
            yield (item if item.endswith("\n") else f"{item}\n").encode()
