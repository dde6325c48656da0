"""Acceptance alone: verify the selected machines, write down what was found, change nothing on them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from builder.models.evidence import Evidence
from builder.models.run import Outcome
from builder.workflows.recording import remember
from builder.workflows.session import Session
from builder.workflows.verify import Verified, accepted, verify


@dataclass(frozen=True)
class Acceptance:
    """The run's outcome and what it rests on."""

    outcome: Outcome
    verified: Verified


def accept(session: Session, on_evidence: Callable[[Evidence], None]) -> Acceptance:
    """Verify and record. Raises Locked while someone else works on one of the machines, BadInput for bad secrets."""
    ledger = session.ledger
    outcome: Outcome = "interrupted"
    note: str | None = "interrupted"
    ledger.begin(session.run)
    with ExitStack() as held:
        held.callback(ledger.close)
        try:
            for machine in session.machines:
                scope = f"{session.site.name}/{machine.host.name}"
                held.enter_context(ledger.lock(scope, who=session.run.who, why="verify", run=session.run.id))
            verified = verify(session, on_evidence=on_evidence)
            ledger.record_evidence(verified.evidence)
            outcome = "accepted" if accepted(verified.evidence) else "failed"
            note = None if outcome == "accepted" else "verification found something short or unknown"
            remember(session, verified, outcome)
            return Acceptance(outcome, verified)
        except Exception as fault:
            outcome, note = "failed", session.store.redactor().clean(str(fault))
            raise
        finally:
            ledger.finish(session.run.id, outcome, note)
