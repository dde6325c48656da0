"""Ask a host once: answers are kept while they hold; what will be asked next travels along with what is asked now."""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from builder.engines.shell.answers import Answers, Order, Question
from builder.engines.shell.link import Call
from builder.engines.shell.output import Collector, Show
from builder.engines.shell.reading import Reading
from builder.engines.shell.session import Command, Session
from builder.engines.shell.wire import FENCED, NEVER_BEGUN

MOST = 512  # questions that are asked ahead at once, and remembered
_LONGEST = 1 << 16  # characters of a question that is remembered
NO_ANSWER = NEVER_BEGUN | FENCED


class _Pending:
    """A question under way, or (without a call) its answer."""

    def __init__(self, call: Call | None, collected: Collector) -> None:
        self.call, self.collected = call, collected


class Asking:
    """The reads of one host; none may take longer than `within` seconds.

    `memory` is a file that keeps in which order the host was asked, never what it said.
    """

    def __init__(self, session: Session, memory: str | None = None, within: float | None = None) -> None:
        self.answers: Answers[_Pending] = Answers(time.monotonic)
        self.session, self._within = session, within
        self._opened = max(session.opened, 1)  # the connection may still be opening
        self._memory = Path(memory) if memory else None
        self._order = Order(_remembered(self._memory) if self._memory else ())
        self._ahead = MOST

    def begin(self) -> None:
        """Ask ahead, without waiting, what was asked the last time; the connection may still be opening."""
        for question in self._order.first(MOST):
            collected = Collector()
            call = self.session.ahead(_command(question), collected.take)
            self.answers.keep(question, _Pending(call, collected))

    def remember(self, hides: Callable[[str], bool] | None) -> None:
        """Keep the order for the next run, but no question that hides a secret or may hold a password.

        `hides` tells texts with a secret; without it, every text that is to be hidden counts as one.
        """
        if self._memory is None or not self._order.asked:
            return
        fit = [one for one in self._order.asked if not one.environment and len(one.text) <= _LONGEST]
        listed = [[one.text, one.hidden] for one in fit if not (hides(one.text) if hides else one.hidden)]
        with contextlib.suppress(OSError):  # without it the next run is slower, and that is all
            self._write(self._memory, json.dumps(listed[:MOST]))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f".{path.name}.new")
        new.touch(mode=0o600)
        new.write_text(text)
        new.replace(path)

    def something_changes(self, touched: tuple[str, ...] | None) -> None:
        """The host changes, or has changed: answers that could depend on it (None: any of them) are dropped.

        Nothing is asked ahead from now on: what a change sets in motion takes its time, and each question its own.
        """
        self.answers.drop(touched)
        self._ahead = 0

    @property
    def changed(self) -> bool:
        """Whether the host was changed, as far as is known here, since this pass began."""
        return self._ahead == 0

    def forget(self) -> None:
        """A new pass begins: what was said until now is asked again, the later questions along with the first."""
        self.answers.drop()
        self._ahead = MOST

    def answer(
        self,
        text: str,
        environment: dict[str, str],
        how: Reading,
        *,
        hidden: bool,
        named: bool = True,
        shown: Show | None = None,
    ) -> Collector:
        """What the host says to a question now. One that is not `named` is not remembered. Raises as Session.run."""
        self._come_back()
        question = Question(text, tuple(environment.items()), hidden)
        if not how.kept:
            return Collector.run(self.session, _command(question), within=self._within, shown=shown)
        if named:
            self._order.note(question)
        pending = self.answers.get(question)
        if pending is None:
            pending = self._ask(question, how)
        else:
            self.answers.depends(question, how.files)
        collected = self._end(question, pending, how)
        if shown is not None:
            for line in collected.lines:
                shown(*line)
        return collected

    def _come_back(self) -> None:
        """After a connection was lost the host may be another: it may have been started anew."""
        if self.session.opened > self._opened:
            self._opened = self.session.opened
            self.something_changes(None)

    def _ask(self, question: Question, how: Reading) -> _Pending:
        pending = self._send(question, how.files)
        for later in self._order.after(question, self._ahead):
            if self.answers.get(later) is None:
                self._send(later, None)
        return pending

    def _send(self, question: Question, files: tuple[str, ...] | None) -> _Pending:
        collected = Collector()
        _, call = self.session.begin(_command(question), collected.take)
        pending = _Pending(call, collected)
        self.answers.keep(question, pending, files)
        return pending

    def _end(self, question: Question, pending: _Pending, how: Reading) -> Collector:
        if pending.call is None:
            return pending.collected
        if not pending.call.ended.is_set():
            self.session.round_trips += 1
            if not pending.call.ended.wait(self._within):
                self.session.terminate(pending.call)
                raise TimeoutError(f"{self.session.target.name}: no answer within {self._within} s")
        if pending.call.fault is not None:
            raise pending.call.fault
        ended = pending.call.exit
        if ended is None or ended.flags & NO_ANSWER:  # lost, or dropped on its way: alone, with another try
            collected = Collector.run(self.session, _command(question), within=self._within)
            self.answers.keep(question, _Pending(None, collected), how.files)
            return collected
        pending.collected.end(ended.code)
        return pending.collected


def _command(question: Question) -> Command:
    return Command(question.text, reads=True, hidden=question.hidden, environment=dict(question.environment))


def _remembered(memory: Path) -> list[Question]:
    """The order of the last run; nothing when there is none, or none that can be read.

    It is carried out as whoever the engine is on the host, so nobody else may have written it.
    """
    try:
        about = memory.stat()
        if about.st_uid != os.geteuid() or about.st_mode & 0o022:
            return []
        listed = json.loads(memory.read_text())
        return [Question(str(text), (), bool(hidden)) for text, hidden in listed]
    except (OSError, ValueError, TypeError):
        return []
