"""What a build will do, in which order: its waves, what an interrupted run has done of them, and what it hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from builder.errors import BadInput, Locked, Refused
from builder.inventory import Machine
from builder.inventory.waves import Wave, waves_of
from builder.models.run import Run, Terms
from builder.workflows.session import Session
from builder.workflows.standing import stands


@dataclass(frozen=True)
class Course:
    """`session` has the machines of all `waves`, which are numbered within `total`; those of `done` were accepted by
    the run that is resumed and are verified again before anything else. `beyond` are hosts of waves that come after a
    single one that was asked for, and that are not yet what the site file says."""

    session: Session
    waves: tuple[Wave, ...]
    total: int
    done: tuple[Machine, ...] = ()
    beyond: frozenset[str] = frozenset()


def course_of(session: Session, terms: Terms, *, resume: bool = False) -> Course:
    """The course of a build of the session's machines on these terms; with `resume`, of the last build that was cut off
    or failed, on its own.

    Raises BadInput for a wave or a run that there is not, Refused for a wave before whose predecessors are accepted,
    Locked when the run to resume is still under way.
    """
    if resume:
        return _resumed(session, terms)
    names = [machine.host.name for machine in session.machines]
    waves = waves_of(session.site, names, canary=terms.canary, at_once=terms.at_once)
    if terms.wave is None:
        return Course(_on(session, session.machines, terms), waves, len(waves))
    chosen = _wave(session, waves, terms.wave)
    machines = [machine for machine in session.machines if machine.host.name in chosen.hosts]
    after = {name for wave in waves[terms.wave :] for name in wave.hosts}
    beyond = frozenset(one.host.name for one in session.machines if one.host.name in after and not stands(session, one))
    return Course(_on(session, machines, terms), (chosen,), len(waves), beyond=beyond)


def _on(session: Session, machines: Sequence[Machine], terms: Terms) -> Session:
    hosts = tuple(machine.host.name for machine in machines)
    run = session.run.model_copy(update={"hosts": hosts, "terms": terms})
    return replace(session, machines=tuple(machines), run=run)


def _wave(session: Session, waves: Sequence[Wave], number: int) -> Wave:
    """The wave of that number, once all before it are accepted."""
    if not 1 <= number <= len(waves):
        told = "; ".join(f"{wave.number}: {', '.join(wave.hosts)}" for wave in waves)
        raise BadInput(f"--wave {number}: these hosts make {len(waves)} waves ({told}); choose one of them")
    before = {name for wave in waves[: number - 1] for name in wave.hosts}
    waiting = [one.host.name for one in session.machines if one.host.name in before and not stands(session, one)]
    if waiting:
        raise Refused(
            f"--wave {number}: the waves before it are not accepted as the site file and the roles are now "
            f"({', '.join(waiting)}); build and accept them first, with --wave 1 and so on"
        )
    return waves[number - 1]


def _resumed(session: Session, terms: Terms) -> Course:
    run = _to_resume(session)
    old = run.terms or Terms()
    machines = [machine for machine in session.inventory.machines if machine.host.name in run.hosts]
    if not machines:
        raise BadInput(f"--resume: none of the hosts of run {run.id} is in the site file any more; build without it")
    again = old.model_copy(update={"now": terms.now, "resumes": run.id})
    runs = _chain(session, run)
    done = tuple(machine for machine in machines if stands(session, machine, runs))
    names = [machine.host.name for machine in machines]
    if old.wave is not None:
        waves: tuple[Wave, ...] = (Wave(old.wave, tuple(names)),)
    else:
        waves = waves_of(session.site, names, canary=old.canary, at_once=old.at_once)
    return Course(_on(session, machines, again), waves, waves[-1].number, done)


def _to_resume(session: Session) -> Run:
    """The last build that did anything, unless it is at work still or has nothing left to do."""
    runs = session.ledger.runs(site=session.site.name, verbs=("build",), limit=200)
    run = next((run for run in runs if run.outcome != "refused"), None)
    if run is None:
        raise BadInput(f"--resume: the ledger holds no build of site {session.site.name}; build without it")
    if run.outcome == "running":
        raise Locked(
            f"--resume: run {run.id} of {run.who} is still under way since {run.started:%Y-%m-%d %H:%M} UTC; pacsmith "
            "locks says where"
        )
    if run.outcome == "accepted":
        raise BadInput(f"--resume: the last build, run {run.id}, was accepted; nothing of it is left to do")
    return run


def _chain(session: Session, run: Run) -> set[str]:
    """The run, the one that it went on with, and so on."""
    found = {run.id}
    while run.terms is not None and run.terms.resumes is not None and run.terms.resumes not in found:
        run = session.ledger.run(run.terms.resumes)
        found.add(run.id)
    return found
