"""A host's shell as its user sees it: commands go through one link, and through another when that was lost.

A command is sent again only when it is certain that it never began: nothing of it had left this machine, or the host
itself says so. There the agent makes a file before it begins a command, and whoever makes that file first owns it:
after a cut the successor makes it in the lost agent's place, or learns that it is too late.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import gevent
from gevent.lock import RLock

from builder.engines.shell import wire
from builder.engines.shell.link import Call, Chunks, Link, LinkLostError, Sink
from builder.engines.shell.target import Target

CONNECT_SECONDS = 30.0
COMMAND_SECONDS = 3600.0  # with our own hosts, a command that takes longer is taken for dead
CLAIM_SECONDS = 10.0
END_SECONDS = 5.0  # how long a command that is out of time may take to die


class ConnectionLostError(OSError):
    """The connection ended while a command was under way, or could not be opened again; the text is a sentence."""


@dataclass(frozen=True)
class Command:
    """Shell text; it `reads` when it changes nothing, and is `repeatable` when twice is as good as once.

    `stdin` makes its input, from the start each time. A `hidden` text is in no process list, nor is `environment`.
    With `pty` it has a terminal, and its error output joins its output.
    """

    text: str
    reads: bool = False
    hidden: bool = False
    repeatable: bool = False
    pty: bool = False
    stdin: Callable[[], Chunks] | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold a password

    @property
    def flags(self) -> int:
        """As the wire wants them."""
        given = wire.STDIN * (self.stdin is not None)
        return given | wire.READ * self.reads | wire.HIDDEN * self.hidden | wire.PTY * self.pty


def one_line(said: str) -> str:
    """What ssh said, on one line of a sentence."""
    return "; ".join(line.strip() for line in said.splitlines() if line.strip())


class Session:
    """One host. `opened` counts its links, `round_trips` how often somebody here had to wait for it."""

    def __init__(self, target: Target, link: Link | None = None) -> None:
        self.target = target
        self.opened = 0
        self.round_trips = 0
        self.lost: str | None = None  # why the last command ended too early
        self._link = link
        self._left: list[wire.Hello] = []  # agents that were lost, and could not clear their rooms
        self._opening = RLock()

    def open(self, within: float = CONNECT_SECONDS) -> wire.Hello:
        """Connect, unless that is done. Raises ConnectionLostError with what ssh said, TimeoutError."""
        with self._opening:
            if self._link is not None and self._link.hello is not None and self.alive:
                return self._link.hello
            if self._link is None or self._link.hello is not None:
                self._end_link()
                self._link = Link(self.target)
            self.opened += 1
            self.round_trips += 1
            try:
                self._link.greet(within)
            except TimeoutError:
                self._end_link()
                raise
            except LinkLostError as lost:
                self._end_link()
                raise ConnectionLostError(str(lost)) from lost
            hello = self._link.hello
            assert hello is not None
            return hello

    @property
    def alive(self) -> bool:
        """Whether a command could be sent without connecting again."""
        return self._link is not None and self._link.hello is not None and self._link.alive

    def close(self) -> None:
        """End the connection; a later command would open another."""
        if self._link is not None:
            for hello in self._left if self.alive else ():
                self._link.claim(0, hello.room, hello.boot, END_SECONDS)
            self._left.clear()
            self._link.close()
            self._link = None

    def _end_link(self) -> None:
        if self._link is not None:
            if self._link.hello is not None:
                self._left.append(self._link.hello)
            self._link.close(kill=True)
            self._link = None

    def begin(self, command: Command, sink: Sink) -> tuple[Link, Call]:
        """Send a command whose end somebody else waits for. Raises ConnectionLostError with a sentence."""
        try:
            self.open()
        except (ConnectionLostError, TimeoutError) as fault:
            self.lost = str(fault)
            raise ConnectionLostError(f"{self.target.name}: no connection ({one_line(str(fault))})") from fault
        link = self._link
        assert link is not None
        return link, link.begin(command.text, command.environment, command.flags, sink)

    def ahead(self, command: Command, sink: Sink) -> Call:
        """Send a command on a link that was begun, whether or not somebody has answered there already."""
        assert self._link is not None
        return self._link.begin(command.text, command.environment, command.flags, sink)

    def terminate(self, call: Call) -> None:
        """End a command that was begun here, if its connection still lives."""
        if self._link is not None:
            self._link.terminate(call)

    def run(self, command: Command, make_sink: Callable[[], Sink], *, within: float | None = None) -> wire.Exit:
        """Carry a command out. `make_sink` is called once an attempt.

        Raises TimeoutError after `within` seconds (what it started is ended), ConnectionLostError, or the sink's fault.
        """
        for last in (False, True):
            link, call = self.begin(command, make_sink())
            self.round_trips += 1
            ended = self._wait(link, call, command, within)
            if ended.flags & (wire.NEVER_BEGUN | wire.FENCED) == 0 and call.lost is None:
                self.lost = None
                return ended
            if ended.flags & wire.FENCED:
                self._end_link()
            if last or not (call.lost is None or command.reads or command.repeatable or self._never_began(link, call)):
                break
        self.lost = call.lost or "the host would not begin the command"
        raise ConnectionLostError(self._sentence(call, self.lost))

    def _wait(self, link: Link, call: Call, command: Command, within: float | None) -> wire.Exit:
        """Feed the command and wait for its end; an exit that means nothing when the link was lost."""
        try:
            with gevent.Timeout(within, TimeoutError(f"{self.target.name}: no end within {within} s")):
                if command.stdin is not None:
                    link.feed(call, command.stdin())
                call.ended.wait()
        except BaseException:  # out of time, or nobody wants it any more: it must not go on alone
            link.terminate(call)
            if not call.ended.wait(END_SECONDS) and link is self._link:
                self._end_link()  # it cannot be ended, or nobody listens there: the next command has a shell of its own
            link.forget(call)
            raise
        if call.fault is not None:
            raise call.fault
        return call.exit or wire.Exit(0, wire.NEVER_BEGUN)

    def _never_began(self, link: Link, call: Call) -> bool:
        """Whether it is certain; asks the host when it must."""
        if not call.sent:
            return True
        before = link.hello
        if before is None or not before.room:
            return False
        try:
            self.open()
        except OSError:
            return False
        assert self._link is not None
        return self._link.claim(call.number, before.room, before.boot, CLAIM_SECONDS) == "free"

    def _sentence(self, call: Call, why: str) -> str:
        last = one_line(why)
        if call.sent:
            return (
                f"{self.target.name}: the connection was lost while a command was under way ({last}); "
                "it may have been carried out in part, so it was not sent again"
            )
        return f"{self.target.name}: the connection was lost ({last})"
