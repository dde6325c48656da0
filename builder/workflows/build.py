"""Build: make hosts what the site says, read them again, prove them, and write down the evidence."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from builder.assess.moved import first_of
from builder.engines.job import JobResult
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.plan import WrittenPlan
from builder.models.run import Outcome
from builder.workflows.fitness import refuse_short
from builder.workflows.jobs import parts_of, run_parts
from builder.workflows.material import materials_for
from builder.workflows.plan import cleaned
from builder.workflows.planned import departed, refuse_other_inputs, refuse_other_world
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


def build(session: Session, show: Show, planned: WrittenPlan | None = None) -> BuildResult:
    """Read the hosts, converge, verify, record. Raises Locked when someone else builds one of the hosts, Refused when
    one of them is short of a minimum (then nothing was changed, here or there), BadInput for bad secrets.

    With `planned` exactly that is carried out, or Refused is raised before any change, naming what has moved since.
    """
    with closing(session.ledger):
        proven = Verified((), unreachable=False)
        events: list[Event] = []
        with recorded(session, locked=True) as ending:
            if planned is not None:
                refuse_other_inputs(planned, session)
            show.phase("minimum requirements")
            refuse_short(survey_hosts(session.machines, session.recordings), session.sheets, session.today)
            show.phase("certificates and secrets")
            materials = materials_for(session)
            if planned is not None:
                show.phase("whether all is as the plan found it")
                refuse_other_world(planned, session, materials)
            show.phase("converge")
            parts = parts_of(session.machines, session.run.id, "converge")
            job = run_parts(parts, materials, _heard(session, show, events))
            beyond = departed(planned, events) if planned is not None else ()
            if beyond:
                job = job.model_copy(update={"ok": False, "reasons": (*job.reasons, *beyond)})
                ending.note = f"not what the plan says: {first_of(beyond)}"
            elif job.ok:
                show.phase("verify")
                proven = verify(session, on_evidence=show.evidence)
                record_proof(session, proven, ending)
            else:
                ending.note = "a step failed or a host could not be reached"
        show.phase("dossier")
        return BuildResult(ending.outcome, job, proven, write_documents(session))


def _heard(session: Session, show: Show, events: list[Event]) -> Callable[[Event], None]:
    clean = session.store.redactor().clean

    def hear(event: Event) -> None:
        session.ledger.record(event)
        events.append(cleaned(event, clean))
        show.event(event)

    return hear
