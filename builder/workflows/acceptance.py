"""Acceptance alone: verify the selected machines, write down what was found, change nothing on them."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from builder.models.evidence import Evidence
from builder.models.run import Outcome
from builder.workflows.recording import record_proof, recorded
from builder.workflows.session import Session
from builder.workflows.verify import Verified, verify


@dataclass(frozen=True)
class Acceptance:
    """The run's outcome and what it rests on."""

    outcome: Outcome
    verified: Verified


def accept(session: Session, on_evidence: Callable[[Evidence], None]) -> Acceptance:
    """Verify and record. Raises Locked while someone else works on one of the machines, BadInput for bad secrets."""
    with closing(session.ledger), recorded(session, locked=True) as ending:
        verified = verify(session, on_evidence=on_evidence)
        record_proof(session, verified, ending)
        return Acceptance(ending.outcome, verified)
