"""What a build will do, in which order: its waves, what an interrupted run has done of them, and what it hangs on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from builder.errors import BadInput, Locked, Refused
from builder.inventory import Machine
from builder.inventory.waves import Wave, waves_of
from builder.inventory.windows import told_in
from builder.models.run import Run, Terms
from builder.workflows.planned import PLAN
from builder.workflows.session import Session
from builder.workflows.standing import stands

_LOOKED_AT = 200  # newest builds


@dataclass(frozen=True)
class Course:
    """`session` has the machines of all `waves`, which are numbered within `total`; those of `done` were accepted by
    the run that is `resumed` and are verified again before anything else. `beyond` are hosts of waves that come after a
    single one that was asked for, and that are not yet what the site file says."""

    session: Session
    waves: tuple[Wave, ...]
    total: int
    done: tuple[Machine, ...] = ()
    beyond: frozenset[str] = frozenset()
    resumed: Run | None = None


def course_of(session: Session, terms: Terms, *, resume: bool = False) -> Course:
    """The course of a build of the session's machines on these terms; with `resume`, of the last build that was cut off
    or failed, on its own. One that carried out a plan is resumed with that plan alone, to which the session's run is
    held then.

    Raises BadInput for a wave, a run to resume or a plan of it that there is not, Refused for a wave before whose
    predecessors are accepted, Locked when the run to resume is still under way.
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
    return Course(_on(session, machines, again), waves, waves[-1].number, done, resumed=run)


def _to_resume(session: Session) -> Run:
    """The last build that failed or was cut off, and whose hosts nobody has accepted since. Raises Locked while another
    build is at work on them."""
    runs = session.ledger.runs(site=session.site.name, verbs=("build",), limit=_LOOKED_AT)
    runs = tuple(run for run in runs if run.outcome != "refused")
    if not runs:
        raise BadInput(f"--resume: the ledger holds no build of site {session.site.name}; build without it")
    since = _accepted_at(session)
    left = (run for run in runs if run.outcome in ("failed", "interrupted") and _unfinished(run, since))
    found = next(left, None)
    for run in runs:
        if run.outcome == "running" and (found is None or set(run.hosts) & set(found.hosts)):
            raise Locked(
                f"--resume: run {run.id} of {run.who} is still under way since "
                f"{told_in(session.site.time.zone, run.started)}; "
                "pacsmith locks says where"
            )
    if found is None:
        raise BadInput(f"--resume: the last build, run {runs[0].id}, was accepted; nothing of it is left to do")
    _same_plan(found, session.run)
    return found


def _accepted_at(session: Session) -> dict[str, datetime]:
    """When the run began that accepted each host last."""
    ledger = session.ledger
    names = [host.name for host in session.site.hosts]
    states = ledger.host_states(session.site.name, names).items()
    return {name: ledger.run(one.accepted_run).started for name, one in states if one.accepted_run is not None}


def _unfinished(run: Run, since: Mapping[str, datetime]) -> bool:
    return any(host not in since or since[host] <= run.started for host in run.hosts)


def _same_plan(then: Run, today: Run) -> None:
    """Raise BadInput unless both carry out the same plan, or none."""
    was, now = then.inputs.get(PLAN), today.inputs.get(PLAN)
    if was == now:
        return
    if was is None:
        raise BadInput(f"--resume: run {then.id} was carrying out no plan; leave --plan out")
    which = "a plan" if now is None else "another plan than this one"
    raise BadInput(
        f"--resume: run {then.id} was carrying out {which}: go on with pacsmith build --resume --plan FILE, where FILE "
        f"is that plan (its digest begins with {was[:12]}), or build without --resume what the site file says now"
    )


def _chain(session: Session, run: Run) -> set[str]:
    """The run, the one that it went on with, and so on."""
    found = {run.id}
    while run.terms is not None and run.terms.resumes is not None and run.terms.resumes not in found:
        run = session.ledger.run(run.terms.resumes)
        found.add(run.id)
    return found
