"""What a host's roles do within an upgrade: their own step from one state to the other, and what the site says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from builder.engines.job import Job, JobHost, JobResult, run_job
from builder.engines.material import Material
from builder.errors import PacsmithError, Unreachable
from builder.inventory import Machine
from builder.inventory.roles import has_module
from builder.models.event import Event
from builder.workflows.build import Show
from builder.workflows.jobs import parts_of, plain_roles, run_parts
from builder.workflows.session import Session
from builder.workflows.upgrade_host import ActFailed


@dataclass(frozen=True)
class RoleWork:
    """On the one host of `session`. All of it raises Unreachable for a host that is away, ActFailed for a step that
    failed."""

    session: Session
    materials: Mapping[str, Material]
    hear: Callable[[Event], None]
    show: Show

    def converge(self) -> None:
        """What the site file says, as in every build."""
        self.show.phase("converge")
        run, memory = self.session.run.id, self.session.questions
        self._fine(
            run_parts(parts_of(self.session.machines, run, "converge", memory=memory), self.materials, self.hear)
        )

    def between(self, was: Machine, call: Literal["upgrade", "afterwards"]) -> None:
        """The roles' step from what the host `was`: behind closed doors, or once they are open again."""
        shall = self.session.machines[0]
        had = {role.role for role in was.roles}
        host = JobHost(
            connection=shall.connection,
            roles=tuple(of for of in plain_roles(shall) if of[0] in had and has_module(of[0], "upgrade")),
            before=plain_roles(was),
            call=call,
        )
        self._fine(run_job(Job(run=self.session.run.id, mode="converge", hosts=(host,)), self.materials, self.hear))

    def _fine(self, job: JobResult) -> None:
        if not job.ok:
            kind: type[PacsmithError] = Unreachable if job.unreachable else ActFailed
            raise kind("; ".join(job.reasons) or f"{self.session.machines[0].host.name}: a step failed")
