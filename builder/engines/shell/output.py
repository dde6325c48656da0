"""What a command says, as pyinfra wants it: lines, in the order in which they came, each of its own stream."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

from pyinfra.api.output import echo, format_text
from pyinfra.connectors.util import OutputLine

from builder.engines.shell.session import Command, Session

FLOOD_BYTES = 64 << 20
FLOOD_LINES = 1_000_000  # a line costs pyinfra some 150 bytes of memory, however short it is


class FloodError(OSError):
    """A command has said more than anybody can want to keep in memory."""


class Collector:
    """Takes bytes as they come; shows whole lines at once when `shown` (a prefix) is given. Raises FloodError."""

    def __init__(self, shown: str | None = None) -> None:
        self.lines: list[OutputLine] = []
        self.code = 0
        self._shown = shown
        self._bytes = 0
        self._rest: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}

    @classmethod
    def run(cls, session: Session, command: Command, *, within: float | None, shown: str | None = None) -> Self:
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
        self.lines.append(OutputLine(stream, text))
        if self._shown is not None:
            self.show(stream, text)

    def show(self, stream: str, text: str) -> None:
        """Print one line as pyinfra does."""
        line = format_text(text, "red") if stream == "stderr" else text
        echo(f"{self._shown}{line}", err=True)

    def show_all(self, prefix: str) -> None:
        """Print what was collected earlier."""
        self._shown = prefix
        for line in self.lines:
            self.show(line.buffer_name, line.line)

    def _joined(self, stream: str) -> str:
        return "\n".join(line.line for line in self.lines if line.buffer_name == stream)

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
