"""One wave of a build: its hosts converge at once, boot anew where they must, and are proven."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from builder.engines.job import JobResult
from builder.engines.material import Material
from builder.inventory import Machine
from builder.inventory.waves import Wave
from builder.models.event import Event
from builder.workflows.jobs import parts_of, run_parts
from builder.workflows.reboot import reboot_where_needed
from builder.workflows.session import Session
from builder.workflows.verify import Verified, accepted_hosts


@dataclass(frozen=True)
class Report:
    """What became of `hosts`. `job` is None where nothing was to be changed and they were only verified."""

    hosts: tuple[str, ...]
    job: JobResult | None
    proven: Verified
    accepted: frozenset[str]

    @property
    def failed(self) -> tuple[str, ...]:
        """The hosts that were not accepted."""
        return tuple(name for name in self.hosts if name not in self.accepted)

    @property
    def told(self) -> str:
        """How it ended, as a clause."""
        return "is accepted" if not self.failed else f"is not accepted, because of {', '.join(self.failed)}"


def machines_of(session: Session, names: Collection[str]) -> tuple[Machine, ...]:
    """The session's machines of these names, in its order."""
    return tuple(machine for machine in session.machines if machine.host.name in names)


def carry_out(
    session: Session,
    wave: Wave,
    materials: Mapping[str, Material],
    hear: Callable[[Event], None],
    prove: Callable[[Session], Verified],
    *,
    broken: Callable[[Sequence[str]], Mapping[str, str]],
    announced: Collection[str] | None = None,
) -> Report:
    """Converge the wave's hosts and prove those that went through. A host that fails stops; the others of its wave,
    which are changed already, are finished: half-changed they would serve nobody. `broken` says on which hosts
    something else was done than was planned, and what; `announced` are the hosts that a plan lets be booted anew, None
    where no plan is carried out."""
    machines = machines_of(session, wave.hosts)
    job = run_parts(parts_of(machines, session.run.id, "converge", memory=session.questions), materials, hear)
    fine = _went_through(machines, job)
    faults = dict(broken([machine.host.name for machine in fine]))
    upright = [machine for machine in fine if machine.host.name not in faults]
    faults |= reboot_where_needed(session, upright, hear, announced)
    if faults:
        job = job.model_copy(
            update={
                "ok": False,
                "failed": tuple(dict.fromkeys((*job.failed, *faults))),
                "reasons": (*job.reasons, *faults.values()),
            }
        )
        fine = tuple(machine for machine in fine if machine.host.name not in faults)
    proven = prove(replace(session, machines=fine)) if fine else Verified((), unreachable=False)
    good = accepted_hosts(proven.evidence, [machine.host.name for machine in fine])
    return Report(wave.hosts, job, proven, good)


def _went_through(machines: Sequence[Machine], job: JobResult) -> tuple[Machine, ...]:
    lost = {*job.failed, *job.unreachable}
    if not job.ok and not lost:
        return ()  # the engine went wrong and nobody knows on which host
    return tuple(machine for machine in machines if machine.host.name not in lost)
