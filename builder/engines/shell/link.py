"""One SSH process with our agent at its other end: frames out, frames in, and the commands that wait for them.

Nothing here blocks the process: it waits as a gevent greenlet, so other hosts go on meanwhile.
"""

import contextlib
import ctypes
import os
import signal
import struct
from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from typing import Any

import gevent
from gevent import os as gevent_os
from gevent.event import AsyncResult, Event
from gevent.queue import Queue
from gevent.subprocess import PIPE, Popen

from builder.engines.shell import wire
from builder.engines.shell.target import Target

WINDOW = 4 << 20  # bytes of input that may be on their way to a command: enough for 80 MB/s at 50 ms
PIECE = 1 << 16
_AT_ONCE = 1 << 18  # bytes of one reading or writing
_COMPLAINTS = 8192  # bytes of what ssh says on its standard error that are kept
_CLOSE_SECONDS = 2
_PR_SET_PDEATHSIG = 1

Sink = Callable[[str, bytes], None]
Chunks = Iterable[bytes]


class LinkLostError(OSError):
    """The connection or the agent has ended; the text is what ssh said."""


def die_with_parent() -> None:
    """For a child `ssh`, before it starts: when the engine is killed it must not go on writing to the host."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Call:
    """One command under way. `sink` gets `stdout` or `stderr` and bytes as they come; `ended` is set at its end."""

    def __init__(self, number: int, sink: Sink) -> None:
        self.number, self.sink = number, sink
        self.sent = False  # whether any of it may have left this machine
        self.exit: wire.Exit | None = None
        self.lost: str | None = None
        self.fault: Exception | None = None  # what the sink raised: then the command is ended
        self.ended = Event()
        self.taken = Event()  # input was taken by the command, so more may be sent
        self.on_its_way = 0

    def end(self, exit_: wire.Exit | None, lost: str | None = None) -> None:
        """The command is over, or its connection is."""
        self.exit, self.lost = exit_, lost
        self.ended.set()
        self.taken.set()


class Link:
    """One `ssh` process. It is started at once; `greet` waits until the agent answers."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.hello: wire.Hello | None = None
        self.lost: str | None = None
        self._number = 0
        self._calls: dict[int, Call] = {}
        self._claims: dict[int, Any] = {}
        self._greeted, self._gone = Event(), Event()
        self._outbox: Any = Queue()
        self._queued, self._broken = 0, False
        self._complaints = bytearray()
        token, program = token_hex(8), wire.AGENT.read_bytes()
        argv = target.command(wire.bootstrap(program, token))
        self._decoder = wire.Decoder(token)
        self.process = Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, preexec_fn=die_with_parent, bufsize=0)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            gevent_os.make_nonblocking(stream.fileno())
        self._listener = gevent.spawn(self._listen)
        self._complainer = gevent.spawn(self._keep_complaints)
        self._sender = gevent.spawn(self._send_queued)
        with contextlib.suppress(LinkLostError):  # the listener says why
            self._post(program)

    def greet(self, within: float) -> None:
        """Wait for the agent. Raises LinkLostError with what ssh said, TimeoutError after `within` seconds."""
        if not self._greeted.wait(within):
            self.close(kill=True)
            raise TimeoutError(f"no answer within {within:.0f} s")
        if self.lost is not None:
            raise LinkLostError(self.lost)

    @property
    def alive(self) -> bool:
        """Whether a command may be sent."""
        return self.lost is None and self.process.poll() is None

    def begin(self, text: str, environment: Mapping[str, str], flags: int, sink: Sink) -> Call:
        """Send a command; wait for `ended` of what is returned."""
        self._number += 1
        call = Call(self._number, sink)
        if not self.alive:
            call.end(None, self.lost or "the connection has ended")
            return call
        self._calls[call.number] = call
        call.sent = True
        try:
            self._post(wire.run(call.number, text, environment, flags))
        except LinkLostError:
            self._after_broken_pipe()
        return call

    def feed(self, call: Call, chunks: Chunks) -> None:
        """Send a command's input, never more than it takes; returns early when the command ends first."""
        try:
            for chunk in chunks:
                for begin in range(0, len(chunk), PIECE):
                    piece = chunk[begin : begin + PIECE]
                    while call.on_its_way + len(piece) > WINDOW and not call.ended.is_set():
                        call.taken.clear()
                        call.taken.wait()
                    if call.ended.is_set():
                        return
                    call.on_its_way += len(piece)
                    self._write(wire.encode(b"I", call.number, piece))
            self._write(wire.encode(b"Z", call.number))
        except LinkLostError:
            self._after_broken_pipe()

    def terminate(self, call: Call) -> None:
        """Ask the agent to end a command and all that it started, without waiting: it may hang."""
        if self.alive:
            try:
                self._post(wire.encode(b"T", call.number))
            except LinkLostError:
                self._after_broken_pipe()

    def forget(self, call: Call) -> None:
        """Nobody waits for this command any more."""
        self._calls.pop(call.number, None)

    def claim(self, number: int, room: str, boot: str, within: float) -> str:
        """Whether a lost agent's command had begun: `free` (it never will), `taken`, or `unknown`."""
        answer: Any = AsyncResult()
        self._claims[number] = answer
        try:
            self._post(wire.claim(number, room, boot))
            return str(answer.get(timeout=within))
        except (LinkLostError, gevent.Timeout):
            return "unknown"

    def close(self, *, kill: bool = False) -> None:
        """End the connection; unless it must be quick, after the agent has cleared its room and said so."""
        if not kill and self.alive:
            with contextlib.suppress(LinkLostError):
                self._post(wire.encode(b"Q"))
                self._gone.wait(_CLOSE_SECONDS)
        if self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait()
        gevent.joinall([self._listener, self._complainer], timeout=2)
        self._broken = True
        self._sender.kill()
        while not self._outbox.empty():
            self._outbox.get()[1].set()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if not stream.closed:
                with contextlib.suppress(OSError):
                    stream.close()

    def _write(self, data: bytes) -> None:
        """Send one frame and wait until it has left this process. Raises LinkLostError."""
        sent = self._post(data)
        if sent is not None:
            sent.wait()
        if self._broken:
            raise LinkLostError(self.lost or "ssh takes no more")

    def _post(self, data: bytes) -> Event | None:
        """Send one frame, or put it into the queue; then the event says when it has left, or never can.

        It goes whole even when its sender is stopped half-way: what follows must not land in it. Raises LinkLostError.
        """
        rest = memoryview(data)
        if not self._queued:
            rest = rest[self._write_some(rest) :]
        if self._broken:
            raise LinkLostError(self.lost or "ssh takes no more")
        if not rest:
            return None
        sent = Event()
        self._queued += 1
        self._outbox.put((rest, sent))
        return sent

    def _write_some(self, data: memoryview) -> int:
        try:
            return os.write(self.process.stdin.fileno(), data)
        except BlockingIOError:
            return 0
        except (OSError, ValueError):  # ValueError: it is closed
            self._broken = True
            return len(data)

    def _send_queued(self) -> None:
        while True:
            rest, sent = self._outbox.get()
            try:
                while rest and not self._broken:
                    rest = rest[gevent_os.nb_write(self.process.stdin.fileno(), rest[:_AT_ONCE]) :]
            except (OSError, ValueError):
                self._broken = True
            finally:  # also when the link is closed: nobody must wait for what goes nowhere
                self._queued -= 1
                sent.set()

    def _after_broken_pipe(self) -> None:
        """ssh takes no more: what it still had to say comes first, then the listener ends every call."""
        self._listener.join(timeout=5)
        if self.lost is None:
            self._end("the connection has ended")

    def _listen(self) -> None:
        try:
            while data := gevent_os.nb_read(self.process.stdout.fileno(), _AT_ONCE):
                for frame in self._decoder.feed(data):
                    self._take(frame)
        except (OSError, ValueError, struct.error) as fault:  # the last two: what came is no frame of ours
            self._complaints += str(fault).encode()
        self._complainer.join(timeout=2)
        self._end(self._why())

    def _why(self) -> str:
        said = self._complaints.decode("utf-8", "replace").strip() or self._decoder.chatter.decode("utf-8", "replace")
        return said.strip() or "the connection has ended"

    def _end(self, why: str) -> None:
        self.lost = self.lost or why
        self._greeted.set()
        self._gone.set()
        for call in list(self._calls.values()):
            call.end(None, self.lost)
        for answer in self._claims.values():
            answer.set("unknown")
        self._calls.clear()

    def _take(self, frame: wire.Frame) -> None:
        call = self._calls.get(frame.number)
        if frame.kind == b"H":
            self.hello = wire.parse_hello(frame.payload)
            self._greeted.set()
        elif frame.kind == b"C":
            self._claims.pop(frame.number, AsyncResult()).set(frame.payload.decode())
        elif frame.kind == b"Q":
            self._gone.set()
        elif call is None:
            return
        elif frame.kind == b"O":
            self._hand_over(call, "stdout", frame.payload)
        elif frame.kind == b"E":
            self._hand_over(call, "stderr", frame.payload)
        elif frame.kind == b"K":
            call.on_its_way -= wire.parse_count(frame.payload)
            call.taken.set()
        elif frame.kind == b"X":
            self._calls.pop(frame.number).end(wire.parse_exit(frame.payload))

    def _hand_over(self, call: Call, stream: str, data: bytes) -> None:
        if call.fault is not None:
            return
        try:
            call.sink(stream, data)
        except Exception as fault:  # whoever waits for the command is told; the other commands go on
            call.fault = fault
            gevent.spawn(self.terminate, call)

    def _keep_complaints(self) -> None:
        try:
            while data := gevent_os.nb_read(self.process.stderr.fileno(), PIECE):
                self._complaints = (self._complaints + data)[-_COMPLAINTS:]
        except OSError:
            pass
