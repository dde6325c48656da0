"""Which probe answers which question, and the pool in which they are asked."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from builder.errors import PacsmithError, Unreachable
from builder.models.evidence import Evidence
from builder.probes import (
    between,
    between_refused,
    commitment,
    dicom,
    rate,
    refusals,
    rest,
    restore,
    sending,
    viewer,
    web,
    webdoor,
    worklist,
)
from builder.probes.question import Answer, Question, evidence_of, settle
from builder.probes.stage import Asks, Stage

AT_ONCE = 12  # most of them wait for a connection that nobody answers


def attest(_: Stage, question: Question) -> Answer:
    """Nobody but a person can answer."""
    return Answer("unknown", question.detail or "no probe can ask this", "none: a person must attest it", unasked=True)


ASKS: Asks = {
    "attest": attest,
    "echo": dicom.echo,
    "store": dicom.store,
    "find": dicom.find,
    "move": dicom.move,
    "get": dicom.get,
    "worklist": worklist.worklist,
    "commit": commitment.commit,
    "qido": web.qido,
    "wado": web.wado,
    "stow": web.stow,
    "send-echo": sending.send_echo,
    "send-store": sending.send_store,
    "send-commit": commitment.send_commit,
    "between-echo": between.echo,
    "between-store": between.store,
    "between-find": between.find,
    "between-move": between.move,
    "between-get": between.get,
    "between-commit": between.commit,
    **{f"between-refuse-{operation}": between_refused.refuse(operation) for operation in between_refused.REST},
    "between-refuse-get": between_refused.refuse_get,
    "send-refused": sending.send_refused,
    "registry": sending.registry,
    "strangers": sending.strangers,
    "rate": rate.rate,
    "restore": restore.restore,
    "refuse-echo": refusals.refuse("echoscu", "echo"),
    "refuse-store": refusals.refuse("storescu", "store"),
    "refuse-find": refusals.refuse("findscu", "find"),
    "refuse-move": refusals.refuse_move,
    "refuse-get": refusals.refuse("getscu", "get"),
    "refuse-worklist": refusals.refuse("findscu", "worklist"),
    "refuse-commit": commitment.refuse_commit,
    "refuse-called-title": refusals.called_title,
    "refuse-calling-title": refusals.calling_title,
    "refuse-tls": refusals.tls,
    "refuse-web": webdoor.refuse_operation,
    "refuse-web-door": webdoor.door,
    "user-rights": webdoor.user_rights,
    "closed": refusals.closed,
    "rest": rest.rest,
    "refuse-dicomweb": rest.no_dicomweb,
    "viewer": viewer.viewer,
    "refuse-viewer": rest.no_viewer,
}


def answer(stage: Stage, question: Question) -> Answer:
    """Ask one question. Whatever keeps it from being asked makes it unknown, never met."""
    try:
        return ASKS[question.ask](stage, question)
    except Unreachable as fault:
        return Answer("unknown", f"not asked: {fault}", question.ask, unreachable=True, unasked=True)
    except PacsmithError as fault:
        return Answer("unknown", f"not asked: {fault}", question.ask, unasked=True)
    except (OSError, ValueError, LookupError) as fault:
        # A service that is broken in a way that no probe foresaw: say what was met with, and go on with the others.
        return Answer("unknown", f"the probe failed: {type(fault).__name__}: {fault}", question.ask)


class Asker:
    """Asks questions side by side and hands evidence on as soon as it stands."""

    def __init__(self, stage: Stage, on_evidence: Callable[[Evidence], None]) -> None:
        self._stage = stage
        self._tell = on_evidence
        self._waiting: list[tuple[Question, Answer]] = []
        self._lock = threading.Lock()
        self.alive: set[str] = set()
        self.unreachable = False

    def ask(self, questions: Iterable[Question], at_once: int = AT_ONCE) -> list[Evidence]:
        """Ask these; the evidence of all that need no sign of life from elsewhere."""
        told = []
        with ThreadPoolExecutor(at_once) as pool:
            asked = {pool.submit(answer, self._stage, question): question for question in questions}
            for done in as_completed(asked):
                told += self._take(asked[done], done.result())
        return told

    def _take(self, question: Question, got: Answer) -> list[Evidence]:
        with self._lock:
            self.alive |= got.proves
            # A machine that is not selected may be away: a person attests what it would have shown.
            self.unreachable |= got.unreachable and question.attest is None
            if got.needs:
                self._waiting.append((question, got))
                return []
        return [self._evidence(question, got)]

    def close(self, alive: Iterable[str] = ()) -> list[Evidence]:
        """The evidence of the rest, now that it is known what was alive."""
        living = frozenset({*self.alive, *alive})
        waiting, self._waiting = self._waiting, []
        return [self._evidence(question, settle(got, living)) for question, got in waiting]

    def _evidence(self, question: Question, got: Answer) -> Evidence:
        evidence = evidence_of(question, got, self._stage.run)
        self._tell(evidence)
        return evidence
