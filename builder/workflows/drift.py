"""Drift: read the hosts, change nothing, and say what is no longer as it was accepted, since when, and who moved."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from builder.assess.drifted import Compared, facts_drifted, requirements_drifted, steps_done, steps_drifted, together
from builder.assess.outliers import facts_recorded
from builder.engines.job import JobResult
from builder.inventory import Machine
from builder.inventory.windows import told_in
from builder.ledger import HostState
from builder.models.drift import Accepted, Cause, Difference, HostDrift, SiteDrift, Unseen
from builder.models.event import Event
from builder.models.plan import PlannedStep
from builder.models.run import Run
from builder.secrets.certificates import certificates_folder, present_certificate
from builder.secrets.leaf import days_left
from builder.workflows.findings import findings_of
from builder.workflows.material import materials_for
from builder.workflows.plan import dry_run
from builder.workflows.recording import recorded
from builder.workflows.remembering import READING, remembered
from builder.workflows.replay import as_accepted, causes, doubts, kept, renewed_since, steps_as_accepted, wanted_moved
from builder.workflows.session import Session, this_tool
from builder.workflows.survey import HostFacts, survey_hosts

_CHANGING = frozenset(("build", "upgrade", "rollback", "refresh"))
_NEVER = "never accepted: there is nothing to hold it against; accept it with pacsmith build or pacsmith verify"
_NOT_KEPT = "accepted by an older pacsmith, which kept nothing to compare with; run pacsmith verify"


Steps = tuple[PlannedStep, ...]


@dataclass(frozen=True)
class _Reading:
    """What was read of all hosts: facts, and a dry run's steps, with the present and with the accepted variables."""

    facts: Mapping[str, HostFacts]
    steps: Mapping[str, Steps]
    before: Mapping[str, Steps]
    job: JobResult


@dataclass(frozen=True)
class _Known:
    """What the ledger knows of a host; `by` is the run that accepted it, None when no run has."""

    state: HostState | None
    by: Run | None
    accepted: Accepted | None
    moved: tuple[bool, bool]
    at_work: str | None

    @property
    def at(self) -> datetime | None:
        return self.by.finished or self.by.started if self.by is not None else None


def drift(session: Session, on_event: Callable[[Event], None] = lambda _: None) -> SiteDrift:
    """One reading of the selected hosts, recorded as a run; what the dry run says goes to `on_event`. Raises BadInput
    for bad secrets."""
    this_tool.cache_clear()  # whoever watches for days may be installed anew meanwhile
    with closing(session.ledger), recorded(session, locked=False) as ending:
        known = _known(session)
        free = replace(session, machines=tuple(one for one in session.machines if not known[one.host.name].at_work))
        read = _read(free, known, on_event)
        found = remembered(
            session,
            [_host(session, machine, known[machine.host.name], read) for machine in session.machines],
            {name: one.state for name, one in known.items()},
        )
        ending.outcome = "done" if all(host.state == "as accepted" for host in found.hosts) else "failed"
        ending.note = summary(found)
        return found


def summary(found: SiteDrift) -> str:
    """The hosts counted by their states, as `2 as accepted, 1 drift`."""
    states = [host.state for host in found.hosts]
    return ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))


def _known(session: Session) -> dict[str, _Known]:
    names = [machine.host.name for machine in session.machines]
    states, runs = session.ledger.host_states(session.site.name, names), dict[str, Run]()
    locks = {lock.scope: lock for lock in session.ledger.living_locks() if lock.why in _CHANGING}
    found = {}
    for machine in session.machines:
        name = machine.host.name
        state = states.pop(name, None)
        accepted = kept(state)
        if state is not None:
            state = state.model_copy(update={"accepted": None})  # once is enough: of a fleet it is hundreds of MiB
        by = None
        if state is not None and state.accepted_run is not None:
            by = runs[state.accepted_run] = runs.get(state.accepted_run) or session.ledger.run(state.accepted_run)
        moved = (False, False)
        if state is not None and by is not None:
            moved = wanted_moved(session, machine, state, by, accepted)
        lock = locks.get(f"{session.site.name}/{name}") or locks.get(session.site.name)
        found[name] = _Known(
            state, by, accepted, moved,
            f"{lock.who} is at work on it since {told_in(session.site.time.zone, lock.since)} ({lock.why}, run "
            f"{lock.run})"
            if lock else None,
        )  # fmt: skip
    return found


def _read(session: Session, known: Mapping[str, _Known], on_event: Callable[[Event], None]) -> _Reading:
    day = _certificate_stays(session)
    materials = materials_for(session, day)
    with ThreadPoolExecutor(1) as pool:
        surveyed = pool.submit(survey_hosts, session.machines, session.recordings)
        steps, job = dry_run(session, session.machines, materials, on_event)
        facts = {one.machine.host.name: replace(one, answer="") for one in surveyed.result()}
    return _Reading(facts, steps, _as_accepted(session, known, job, day), job)


def _as_accepted(
    session: Session, known: Mapping[str, _Known], job: JobResult, day: Callable[[str], date]
) -> Mapping[str, Steps]:
    """The dry run with the accepted variables, of those hosts whose variables are others now and nothing else is."""
    lost = {*job.failed, *job.unreachable}
    again: list[Machine] = []
    for machine in session.machines:
        one = known[machine.host.name]
        if one.moved == (True, False) and machine.host.name not in lost and one.accepted and one.state:
            found = as_accepted(machine, one.accepted, one.state)
            again += [found] if found is not None else []
    return steps_as_accepted(session, again, day) if again else {}


def _certificate_stays(session: Session) -> Callable[[str], date]:
    """A day on which the present certificate of a host is not due yet: to look at a host is no reason to make it a new
    one. How long it lasts is told as a difference of its own."""

    def day(name: str) -> date:
        certificate = present_certificate(certificates_folder(session.site) / f"{name}.pem")
        if certificate is None:
            return session.today
        last = certificate.not_valid_after_utc.date() - timedelta(days=session.site.ca.renew_before_days)
        return max(min(session.today, last), certificate.not_valid_before_utc.date())

    return day


def _host(session: Session, machine: Machine, known: _Known, read: _Reading) -> HostDrift:
    name = machine.host.name
    facts = read.facts.get(name)
    bare = HostDrift(host=name, accepted_run=known.by.id if known.by else None, accepted_at=known.at,
                     ends=_ends(session, name))  # fmt: skip
    if known.at_work is not None:
        return bare.model_copy(update={"unseen": (Unseen(host=name, subject=READING, why=known.at_work),)})
    if facts is None or facts.fault is not None or name in read.job.unreachable:
        why = (facts.fault if facts else None) or _reason(read.job, name)
        return bare.model_copy(update={"read": False, "unseen": (Unseen(host=name, subject=READING, why=why),)})
    steps = read.steps.get(name, ())
    compared = together((*_compared(session, machine, known, facts, read), _certificate(session, name)))
    unseen = list(compared.unseen)
    unseen += [
        Unseen(host=name, subject=f"{step.role}: {step.step}", why=step.why)
        for step in steps
        if step.changes is None and step.why
    ]
    if name in read.job.failed:
        unseen.append(Unseen(host=name, subject="roles", why=_reason(read.job, name)))
    if known.by is None:
        unseen.append(Unseen(host=name, subject=READING, why=_NEVER))
    elif known.accepted is None:
        unseen.append(Unseen(host=name, subject="facts", why=_NOT_KEPT))
    clean = session.store.redactor().clean
    return bare.model_copy(update={
        "steps": len(steps),
        "seen": sum(step.changes is not None for step in steps),
        "facts": len(known.accepted.facts) if known.accepted else 0,
        "differences": tuple(_clean(one, clean) for one in compared.differences),
        "unseen": tuple(unseen),
        "blind": tuple(f"{step.role}: {step.step}" for step in steps if step.changes is None and not step.why),
    })  # fmt: skip


def _compared(
    session: Session, machine: Machine, known: _Known, facts: HostFacts, read: _Reading
) -> Sequence[Compared]:
    name = machine.host.name
    steps = read.steps.get(name, ())
    parts = [
        steps_drifted(name, steps, *_causes(session, name, known, steps, read)),
        steps_done(name, steps, read.before.get(name)),
        _not_told(name, known, steps, read),
    ]
    if known.accepted is not None and known.by is not None:
        parts.append(facts_drifted(name, facts_recorded(known.accepted.facts), facts.facts))
        findings = findings_of(facts, session.sheets, session.today, session.reports)
        moved = _papers_moved(known.by, session.run)
        parts.append(requirements_drifted(name, known.accepted.requirements, findings, moved=moved))
    return parts


def _not_told(name: str, known: _Known, steps: Sequence[PlannedStep], read: _Reading) -> Compared:
    """Where the site's words on a host are others than at its acceptance and it cannot be tried with those: whether it
    was already made what they say now, nobody can tell."""
    if known.at is None or not known.moved[0] or name in read.before or any(step.changes for step in steps):
        return Compared(0, (), ())
    why = "the site says otherwise than at its acceptance, and the host is as it says now: run pacsmith verify"
    return Compared(0, (), (Unseen(host=name, subject="roles", why=why),))


def _causes(
    session: Session, name: str, known: _Known, steps: Sequence[PlannedStep], read: _Reading
) -> tuple[Mapping[tuple[str, str], Cause], Cause]:
    """Why each step would change something, and why those would that are not named."""
    if known.at is None:
        return {}, "undecided"
    variables, roles = known.moved
    unsure = doubts(steps, renewed=renewed_since(session, name, known.at))
    if roles:
        return unsure, "undecided"
    if not variables:
        return unsure, "corrective"
    told = causes(steps, read.before.get(name))
    return {**told, **{key: cause for key, cause in unsure.items() if told.get(key) == "corrective"}}, "undecided"


def _papers_moved(then: Run, today: Run) -> bool:
    """Whether another file than a role is not what it was: site, sheets, calibration reports."""

    def papers(run: Run) -> dict[str, str]:
        return {name: digest for name, digest in run.inputs.items() if not name.startswith("roles/") and name != "plan"}

    return papers(then) != papers(today)


def _certificate(session: Session, name: str) -> Compared:
    certificate = present_certificate(certificates_folder(session.site) / f"{name}.pem")
    if certificate is None:
        missing = Unseen(host=name, subject="certificate", why="no certificate of it is kept here that can be read")
        return Compared(0, (), (missing,))
    left, wanted = days_left(certificate, session.today), session.site.ca.renew_before_days
    if left >= wanted:
        return Compared(1, (), ())
    end = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    told = f"ends on {end}, in {left} days" if left >= 0 else f"expired on {end}"
    renewal = "pacsmith build renews it" if session.site.ca.mode == "internal" else "have its request signed again"
    one = Difference(host=name, kind="certificate", subject=f"{name}.pem", concern="certificates", cause="due",
                     accepted=f"valid for {wanted} days or more", now=f"{told}; {renewal}")  # fmt: skip
    return Compared(1, (one,), ())


def _ends(session: Session, name: str) -> datetime | None:
    certificate = present_certificate(certificates_folder(session.site) / f"{name}.pem")
    return certificate.not_valid_after_utc if certificate is not None else None


def _reason(job: JobResult, host: str) -> str:
    its = [reason for reason in job.reasons if reason.startswith((f"{host} ", f"{host}:"))]
    return "; ".join(its or job.reasons) or "it could not be read"


def _clean(one: Difference, clean: Callable[[str], str]) -> Difference:
    return one.model_copy(update={"accepted": clean(one.accepted), "now": clean(one.now)})
