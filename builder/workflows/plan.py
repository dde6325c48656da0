"""Plan: what a build would change on each host, with diffs, and the share of steps that could be previewed."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from builder.engines.job import JobResult
from builder.models.event import Event
from builder.workflows.jobs import parts_of, run_parts
from builder.workflows.material import materials_for
from builder.workflows.recording import recorded
from builder.workflows.session import Session


@dataclass(frozen=True)
class Plan:
    """Every planned step in order, and the engine's own count."""

    steps: tuple[Event, ...]
    job: JobResult

    @property
    def unseen(self) -> tuple[Event, ...]:
        """Steps whose effect cannot be shown before they run."""
        return tuple(step for step in self.steps if not step.previewable)

    @property
    def changes(self) -> tuple[Event, ...]:
        """Steps that would change something."""
        return tuple(step for step in self.steps if step.previewable and step.changed)


def plan(session: Session, on_event: Callable[[Event], None] = lambda _: None) -> Plan:
    """Read the selected hosts and change nothing on them.

    A host certificate that is due is issued on this machine (it is part of what would be written to the host).
    """
    steps: list[Event] = []

    def hear(event: Event) -> None:
        if event.status == "planned":
            steps.append(event)
        session.ledger.record(event)
        on_event(event)

    with closing(session.ledger), recorded(session, locked=False) as ending:
        job = run_parts(
            parts_of(session.machines, session.run.id, "plan", memory=session.questions), materials_for(session), hear
        )
        ending.outcome = "done" if job.ok else "failed"
        return Plan(tuple(steps), job)
