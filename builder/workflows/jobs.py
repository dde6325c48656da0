"""Which engine does what, in which order: machines -> jobs, one after the other (pure), and carrying them out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from builder.engines.job import ENGINES, Job, JobHost, JobResult, run_job
from builder.engines.material import Material
from builder.engines.tally import merged
from builder.inventory import Machine, RoleVariables
from builder.inventory.roles import Engine, engine_of, role_folder
from builder.models.event import Event
from builder.models.site import HostClass

Mode = Literal["plan", "converge"]
ORDER: tuple[tuple[HostClass, ...], ...] = (("archive",), ("workstation", "thin_client"))
"""Archives before the machines that show what they keep."""
REBOOT = "reboot.sh"
"""A role's own words on whether its host must be booted anew: read-only shell text that prints a reason a line."""


@dataclass(frozen=True)
class Part:
    """One engine's share of a build: all its hosts at once."""

    engine: Engine
    job: Job


def parts_of(
    machines: Sequence[Machine],
    run: str,
    mode: Mode,
    engine: Callable[[str], Engine] = engine_of,
    *,
    memory: str | None = None,
) -> tuple[Part, ...]:
    """The engines' jobs in order of need: by class, and then each host's roles in their order.

    Consecutive roles of one engine are one job of that host; hosts that have come equally far share a job.
    `memory` is the folder of `Job.memory`. In a plan, the first job of a host that pyinfra does asks all its roles
    whether it must be booted anew.

    Raises BadInput for a role that names no engine.
    """
    parts = []
    asked: set[str] = set()
    for classes in ORDER:
        hosts = [machine for machine in machines if machine.host.host_class in classes]
        stretches = {machine.host.name: tuple(_stretches(machine, engine)) for machine in hosts}
        for number in range(max(map(len, stretches.values()), default=0)):
            by_engine: dict[Engine, list[JobHost]] = {}
            for machine in hosts:
                for found, job in stretches[machine.host.name][number : number + 1]:
                    if mode == "plan" and found == "pyinfra" and machine.host.name not in asked:
                        asked.add(machine.host.name)
                        texts = tuple(text for _, text in reboot_scripts(machine))
                        by_engine.setdefault(found, []).append(job.model_copy(update={"reboot": texts}))
                        continue
                    by_engine.setdefault(found, []).append(job)
            parts += [
                Part(name, Job(run=run, mode=mode, hosts=tuple(jobs), memory=memory))
                for name, jobs in by_engine.items()
            ]
    return tuple(parts)


def reboot_scripts(machine: Machine) -> Iterator[tuple[str, str]]:
    """Role and text of each REBOOT that the host's roles have."""
    for role in machine.roles:
        file = role_folder(role.role) / REBOOT
        if file.is_file():
            yield role.role, file.read_text(encoding="utf-8")


def plain_roles(
    machine: Machine, roles: Iterable[RoleVariables] | None = None
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The roles of `machine` (or these of them), each with its variables as plain data."""
    chosen = machine.roles if roles is None else roles
    return tuple((role.role, role.variables.model_dump(mode="json", by_alias=True)) for role in chosen)


def _stretches(machine: Machine, engine: Callable[[str], Engine]) -> Iterator[tuple[Engine, JobHost]]:
    for name, roles in groupby(machine.roles, key=lambda role: engine(role.role)):
        yield (
            name,
            JobHost(
                connection=machine.connection,
                roles=plain_roles(machine, roles),
            ),
        )


def without(job: Job, names: set[str]) -> Job:
    """The job for the other hosts."""
    return job.model_copy(update={"hosts": tuple(host for host in job.hosts if host.connection.host not in names)})


def run_parts(
    parts: Sequence[Part],
    materials: Mapping[str, Material],
    on_event: Callable[[Event], None],
    run: Callable[..., JobResult] = run_job,
) -> JobResult:
    """Carry out one part after the other. A host that failed or was not reached takes no part in what follows."""
    done: list[JobResult] = []
    for part in parts:
        lost = {name for result in done for name in (*result.failed, *result.unreachable)}
        job = without(part.job, lost)
        if job.hosts:
            own = {host.connection.host: materials[host.connection.host] for host in job.hosts}
            done.append(run(job, own, on_event, engine=ENGINES[part.engine]))
    return merged(done)
