"""Build: make hosts what the site says, read them again, prove them, and write down the evidence."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from builder.engines.job import JobResult
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.run import Outcome
from builder.workflows.fitness import refuse_short
from builder.workflows.jobs import parts_of, run_parts
from builder.workflows.material import materials_for
from builder.workflows.recording import record_proof, recorded, write_documents
from builder.workflows.session import Session
from builder.workflows.survey import survey_hosts
from builder.workflows.verify import Verified, verify


@dataclass(frozen=True)
class Show:
    """What a build tells its watcher while it goes on; each is called with plain values."""

    phase: Callable[[str], None] = lambda _: None
    event: Callable[[Event], None] = lambda _: None
    evidence: Callable[[Evidence], None] = lambda _: None


@dataclass(frozen=True)
class BuildResult:
    """What became of a build: `proven` is without evidence when it failed before. `dossier`: format to file."""

    outcome: Outcome
    job: JobResult
    proven: Verified
    dossier: Mapping[str, Path] = field(default_factory=dict)


def build(session: Session, show: Show) -> BuildResult:
    """Read the hosts, converge, verify, record. Raises Locked when someone else builds one of the hosts, Refused when
    one of them is short of a minimum (then nothing was changed, here or there), BadInput for bad secrets."""
    with closing(session.ledger):
        proven = Verified((), unreachable=False)
        with recorded(session, locked=True) as ending:
            show.phase("minimum requirements")
            refuse_short(survey_hosts(session.machines, session.recordings), session.sheets, session.today)
            show.phase("certificates and secrets")
            materials = materials_for(session)
            show.phase("converge")
            parts = parts_of(session.machines, session.run.id, "converge", memory=session.questions)
            job = run_parts(parts, materials, _heard(session, show))
            if job.ok:
                show.phase("verify")
                proven = verify(session, on_evidence=show.evidence)
                record_proof(session, proven, ending)
            else:
                ending.note = "a step failed or a host could not be reached"
        show.phase("dossier")
        return BuildResult(ending.outcome, job, proven, write_documents(session))


def _heard(session: Session, show: Show) -> Callable[[Event], None]:
    def hear(event: Event) -> None:
        session.ledger.record(event)
        show.event(event)

    return hear
