"""Acceptance alone: verify the selected machines, put them under load when asked to, write down what was found."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from builder.models.evidence import Evidence
from builder.models.run import Outcome
from builder.workflows.burn_in import BurnInOrder
from builder.workflows.recording import record_proof, recorded
from builder.workflows.session import Session
from builder.workflows.verify import Verified, verify


@dataclass(frozen=True)
class Acceptance:
    """The run's outcome and what it rests on."""

    outcome: Outcome
    verified: Verified


def accept(session: Session, on_evidence: Callable[[Evidence], None], burn_in: BurnInOrder | None = None) -> Acceptance:
    """Verify and record; with `burn_in`, load the machines after that. Raises Locked while someone else works on one of
    the machines, or while one must not be loaded; BadInput for bad secrets."""
    loads = burn_in is not None and burn_in.minutes > 0
    with closing(session.ledger), recorded(session, locked=True, changing=loads) as ending:
        if burn_in is not None:
            burn_in.refuse(session)
            burn_in.tidy(session)
        verified = verify(session, on_evidence=on_evidence)
        if burn_in is not None:
            under_load = burn_in.carry_out(session, on_evidence)
            verified = replace(verified, evidence=(*verified.evidence, *under_load))
        record_proof(session, verified, ending)
        return Acceptance(ending.outcome, verified)
