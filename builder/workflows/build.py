"""Build: make hosts what the site says, read them again, prove them, and write down the evidence."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from builder.engines.job import Job, JobHost, JobResult, run_job
from builder.engines.material import Material
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.run import Outcome
from builder.secrets.redact import Redactor
from builder.workflows.material import materials_for
from builder.workflows.recording import remember, write_documents
from builder.workflows.session import Session
from builder.workflows.verify import Verified, accepted, verify


@dataclass(frozen=True)
class Show:
    """What a build tells its watcher while it goes on; each is called with plain values."""

    phase: Callable[[str], None] = lambda _: None
    event: Callable[[Event], None] = lambda _: None
    evidence: Callable[[Evidence], None] = lambda _: None


@dataclass(frozen=True)
class BuildResult:
    """What became of a build. `dossier` maps a format to its file."""

    outcome: Outcome
    job: JobResult
    evidence: tuple[Evidence, ...] = ()
    dossier: Mapping[str, Path] = field(default_factory=dict)


def job_of(session: Session, mode: str) -> Job:
    """The engine's job for the selected machines."""
    hosts = tuple(
        JobHost(
            connection=machine.connection,
            roles=tuple((role.role, role.variables.model_dump(mode="json", by_alias=True)) for role in machine.roles),
        )
        for machine in session.machines
    )
    return Job.model_validate({"run": session.run.id, "mode": mode, "hosts": hosts})


def build(session: Session, show: Show) -> BuildResult:
    """Converge, verify, record. Raises Locked when someone else builds one of the hosts, BadInput for bad secrets."""
    with ExitStack() as held:
        ledger = session.ledger
        ledger.begin(session.run)
        outcome: Outcome = "interrupted"
        note: str | None = None
        try:
            for machine in session.machines:
                held.enter_context(
                    ledger.lock(
                        f"{session.site.name}/{machine.host.name}", who=session.run.who, why="build", run=session.run.id
                    )
                )
            show.phase("certificates and secrets")
            materials = materials_for(session)
            job = _converge(session, materials, show)
            if not job.ok:
                outcome, note = "failed", "a step failed or a host could not be reached"
                return BuildResult(outcome, job)
            proven = _prove(session, show)
            outcome = "accepted" if accepted(proven.evidence) else "failed"
            note = (
                None if outcome == "accepted" else "the hosts were built; verification found something short or unknown"
            )
            remember(session, proven, outcome)
            ledger.finish(session.run.id, outcome, note)
            show.phase("dossier")
            return BuildResult(outcome, job, proven.evidence, write_documents(session, session.run.id))
        except KeyboardInterrupt:
            note = "interrupted"
            raise
        except Exception as fault:
            outcome, note = "failed", Redactor(session.store.all_values()).clean(str(fault))
            raise
        finally:
            ledger.finish(session.run.id, outcome, note)
            ledger.close()


def _converge(session: Session, materials: Mapping[str, Material], show: Show) -> JobResult:
    show.phase("converge")

    def hear(event: Event) -> None:
        session.ledger.record(event)
        show.event(event)

    return run_job(job_of(session, "converge"), materials, hear)


def _prove(session: Session, show: Show) -> Verified:
    show.phase("verify")
    proven = verify(session, on_evidence=show.evidence)
    session.ledger.record_evidence(proven.evidence)
    return proven
