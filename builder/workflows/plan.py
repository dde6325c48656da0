"""Plan: what a build would change on each host, with diffs, and the share of steps that could be previewed."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from builder.assess.moved import marked
from builder.durable import write_whole
from builder.engines.job import JobResult
from builder.engines.material import Material
from builder.errors import BadInput
from builder.inventory import Machine
from builder.inventory.outage import Change, outages, reboot_of
from builder.inventory.served import for_good, served
from builder.ledger import HostState
from builder.models.event import REBOOT_DUE, Event
from builder.models.interruption import Interruption
from builder.models.plan import Outage, PlannedHost, PlannedStep, Reboot, WrittenPlan, sha256_of, world_of
from builder.workflows.jobs import parts_of, run_parts
from builder.workflows.material import materials_for
from builder.workflows.measuring import boot_seconds, measuring
from builder.workflows.recording import recorded, variables_of
from builder.workflows.session import Session, this_tool

_ARCHIVE = "archive"
_MODE = 0o640
"""Differences show how machines are set up: for the owner and the group that shares the work, nobody else."""


@dataclass(frozen=True)
class Plan:
    """Every planned step in order, the engine's own count, and what the changes would take away for a while.

    `new`: hosts that no run has accepted yet; nobody knows what they serve now, so no outage is told of them."""

    steps: tuple[Event, ...]
    job: JobResult
    outages: tuple[Outage, ...] = ()
    new: tuple[str, ...] = ()
    reboots: tuple[Reboot, ...] = ()

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
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        on_event(event)

    with closing(session.ledger), recorded(session, locked=False) as ending:
        try:
            parts = parts_of(session.machines, session.run.id, "plan", memory=session.questions)
            job = run_parts(parts, materials_for(session), hear)
        finally:
            session.ledger.record_all(heard)  # at once: a plan that is killed has changed nothing that must be known
        steps = [event for event in heard if event.status == "planned"]
        ending.outcome = "done" if job.ok else "failed"
        found = by_host(steps)
        return Plan(tuple(steps), job, *_outages(session, found), _reboots(session, found, heard))


def dry_run(
    session: Session,
    machines: Sequence[Machine],
    materials: Mapping[str, Material],
    on_event: Callable[[Event], None] = lambda _: None,
) -> tuple[Mapping[str, tuple[PlannedStep, ...]], JobResult]:
    """What the roles of `machines` would do now, by host, without a secret; nothing is recorded or changed."""
    steps: defaultdict[str, list[PlannedStep]] = defaultdict(list)
    clean = session.store.redactor().clean

    def hear(event: Event) -> None:
        if event.status == "planned":  # what of it is needed, and no more: a fleet has 40 events a host
            steps[event.host].append(PlannedStep.of(cleaned(event, clean)))
        on_event(event)

    job = run_parts(parts_of(machines, session.run.id, "plan", memory=session.questions), materials, hear)
    return {host: marked(its) for host, its in steps.items()}, job


def by_host(events: list[Event]) -> Mapping[str, tuple[PlannedStep, ...]]:
    """The planned steps of each host, in their order."""
    found: defaultdict[str, list[PlannedStep]] = defaultdict(list)
    for event in events:
        found[event.host].append(PlannedStep.of(event))
    return {host: marked(steps) for host, steps in found.items()}


def written(session: Session, done: Plan) -> WrittenPlan:
    """The plan as a file has it; of one that has seen every host wholly: a build can be held to no other."""
    clean = session.store.redactor().clean
    steps = by_host([cleaned(event, clean) for event in done.steps])
    hosts = tuple(
        PlannedHost(
            host=machine.host.name, address=machine.connection.address, port=machine.connection.port,
            steps=steps.get(machine.host.name, ()), world=world_of(steps.get(machine.host.name, ())),
        )
        for machine in session.machines
    )  # fmt: skip
    return WrittenPlan(
        site=session.site.name,
        site_file=session.site_file,
        run=session.run.id,
        who=session.run.who,
        made=session.run.started,
        tool=this_tool(),
        inputs=session.run.inputs,
        inputs_digest=sha256_of(session.run.inputs),
        world_digest=sha256_of({host.host: host.world for host in hosts}),
        hosts=hosts,
        steps=done.job.steps,
        changes=len(done.changes),
        unseen=len(done.unseen),
        coverage=round(done.job.coverage, 4),
        reasons=done.job.reasons,
        outages=done.outages,
        reboots=done.reboots,
        new=done.new,
    ).sealed()


def cleaned(event: Event, clean: Callable[[str], str]) -> Event:
    """The event with `clean` (a Redactor's) passed over its texts; the engine has done so with the secrets that it was
    handed, and this does it with every other one of the site."""
    texts = {"step": event.step, "diff": event.diff, "error": event.error}
    return event.model_copy(update={name: clean(text) for name, text in texts.items() if text})


def write(plan: WrittenPlan, file: Path) -> None:
    """Write the plan whole or not at all, for its owner and group alone. Raises BadInput when the disk refuses."""
    try:
        write_whole(file, plan.text.encode(), _MODE)
    except OSError as fault:
        raise BadInput(f"--out {file}: cannot be written ({fault.strerror}); choose another file") from None


def interruptions_of(machine: Machine) -> tuple[Interruption, ...]:
    """What the host's roles say of steps that take a service away."""
    return tuple(one for role in machine.roles for one in getattr(type(role.variables), "interruptions", ()))


def _outages(
    session: Session, steps: Mapping[str, tuple[PlannedStep, ...]]
) -> tuple[tuple[Outage, ...], tuple[str, ...]]:
    measure = measuring(session.ledger, session.site.name)
    found: list[Outage] = []
    new: list[str] = []
    for machine in session.machines:
        name = machine.host.name
        due = steps.get(name, ())
        state = session.ledger.host_state(session.site.name, name) if any(step.changes for step in due) else None
        change = _change(session, machine, state) if state is not None else None
        its = outages(session.site, machine.host, due, interruptions_of(machine), measure(name), change)
        if its and (state is None or state.accepted_run is None):
            new.append(name)
        else:
            found += its
    return tuple(found), tuple(new)


def _change(session: Session, machine: Machine, state: HostState) -> Change | None:
    """Of an archive whose acceptance is known: what it was, and what of that goes for good."""
    variables = (state.accepted or {}).get("variables")
    archive = variables.get(_ARCHIVE) if isinstance(variables, dict) else None
    before = served(session.site, archive if isinstance(archive, dict) else None)
    now = served(session.site, variables_of(machine).get(_ARCHIVE))
    return None if before is None or now is None else Change(before, for_good(before, now, machine.host))


def _reboots(
    session: Session, steps: Mapping[str, tuple[PlannedStep, ...]], heard: Sequence[Event]
) -> tuple[Reboot, ...]:
    due = {
        event.host: tuple((event.error or "").splitlines())
        for event in heard
        if event.status == "note" and event.step == REBOOT_DUE
    }
    ledger, site = session.ledger, session.site.name

    def serves(name: str) -> bool:
        state = ledger.host_state(site, name)
        return state is not None and state.accepted_run is not None

    def one(machine: Machine) -> Reboot | None:
        name = machine.host.name
        return reboot_of(
            session.site, machine.host, steps.get(name, ()), due.get(name, ()),
            partial(boot_seconds, ledger, site, name), serves=partial(serves, name),
        )  # fmt: skip

    return tuple(found for found in map(one, session.machines) if found is not None)
