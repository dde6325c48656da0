"""Build: make hosts what the site says, read them again, prove them, and write down the evidence; wave after wave."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import gethostname

from builder.assess.moved import first_of
from builder.engines.job import JobResult
from builder.engines.material import Material
from builder.engines.tally import merged
from builder.errors import Locked
from builder.inventory.waves import Wave, held_back
from builder.inventory.windows import Closed
from builder.models.event import Event
from builder.models.evidence import Evidence
from builder.models.plan import WrittenPlan
from builder.models.run import Outcome
from builder.report.latest import latest
from builder.workflows.at_work import refuse_crowded
from builder.workflows.course import Course
from builder.workflows.fitness import refuse_short
from builder.workflows.host_locks import HostLocks, held_on_hosts
from builder.workflows.hours import closed_now, overridden, refuse_closed
from builder.workflows.material import materials_for
from builder.workflows.planned import Promise, goes_on, refuse_other_inputs, refuse_other_world
from builder.workflows.recording import Ending, record_hosts, recorded, write_documents
from builder.workflows.session import Session, now
from builder.workflows.survey import survey_hosts
from builder.workflows.upgrade_record import Records, refuse_cut_off
from builder.workflows.verify import Verified, accepted_hosts, verify
from builder.workflows.wave import Report, carry_out, machines_of


@dataclass(frozen=True)
class Show:
    """What a build tells its watcher while it goes on; each is called with plain values."""

    phase: Callable[[str], None] = lambda _: None
    event: Callable[[Event], None] = lambda _: None
    evidence: Callable[[Evidence], None] = lambda _: None


@dataclass(frozen=True)
class BuildResult:
    """What became of a build: `proven` is without evidence when it failed before. `dossier`: format to file. `stopped`
    says which locks kept a wave from being begun; `held`, by host, why it was not begun."""

    outcome: Outcome
    job: JobResult
    proven: Verified
    dossier: Mapping[str, Path] = field(default_factory=dict)
    stopped: str | None = None
    held: Mapping[str, str] = field(default_factory=dict)


def build(course: Course, show: Show, plan: WrittenPlan | None = None, plan_file: Path | None = None) -> BuildResult:
    """Read the hosts, converge, verify, record; wave after wave, each once what it hangs on is accepted. Raises Locked
    when someone else builds one of the hosts or the site's calendar locks one, Refused when one of them is short of a
    minimum (then nothing was changed, here or there), BadInput for bad secrets.

    With `plan`, which was read from `plan_file`, exactly that is carried out, or Refused is raised before any change,
    naming what has moved since.
    """
    session = _dated(course.session)
    with closing(session.ledger):
        work = _Build(session, course, show, plan, plan_file)
        with recorded(session, locked=True) as ending:
            names = [machine.host.name for machine in session.machines]
            refuse_cut_off(Records(session.folder / "upgrades"), names, "changed")
            if plan is not None:
                refuse_other_inputs(plan, session)
            work.respect_hours()
            refuse_crowded(session, course.waves)
            with held_on_hosts(session.run, gethostname(), session.machines, whole=True) as locks:
                show.phase("minimum requirements")
                read = survey_hosts(session.machines, session.recordings)
                refuse_short(read, session.sheets, session.today)
                work.away = frozenset(one.machine.host.name for one in read if one.fault is not None)
                show.phase("certificates and secrets")
                materials = materials_for(session)
                if plan is not None:
                    show.phase("whether all is as the plan found it")
                    work.hold_to(refuse_other_world(plan, session, materials, plan_file))
                work.carry_out(materials, locks, ending)
        show.phase("dossier")
        return work.result(ending.outcome, write_documents(session))


def _dated(session: Session) -> Session:
    """The session whose run keeps the reason for an odd hour only where the hour is odd."""
    terms = session.run.terms
    if terms is None or terms.now is None or closed_now(session, session.machines):
        return session
    run = session.run.model_copy(update={"terms": terms.model_copy(update={"now": None})})
    return replace(session, run=run)


class _Build:
    """One build under way: what was reported of its waves so far, and who is not begun and why."""

    def __init__(
        self, session: Session, course: Course, show: Show, plan: WrittenPlan | None, file: Path | None
    ) -> None:
        self.session, self.course, self.show = session, course, show
        self.promise = Promise(plan, session)
        self.reports: list[Report] = []
        self.held: dict[str, str] = {}
        self.away: frozenset[str] = frozenset()
        """The hosts that did not answer before anything was changed."""
        self.told: set[str] = set()
        """The hosts of which it was recorded that they are changed although the calendar locks them."""
        self.stopped: str | None = None
        self.goes_on = "pacsmith build --resume" if plan is None else goes_on(plan, file)
        self.reason = course.session.run.terms.now if course.session.run.terms else None
        """Why hosts are changed that the calendar locks; None: they are not."""

    def hold_to(self, plan: WrittenPlan) -> None:
        """Compare what is done with `plan`, which in a resumed build is what was left of it."""
        self.promise = Promise(plan, self.session)
        for host in plan.hosts if self.course.resumed is not None else ():
            left = sum(bool(step.changes) for step in host.steps)
            self._note(f"{left} steps of the plan are left to do", host.host)

    def respect_hours(self) -> None:
        """Raises Locked for hosts that the calendar locks, unless somebody said why it cannot wait: then record it."""
        locks = closed_now(self.session, self.session.machines)
        if self.reason is None:
            refuse_closed(locks, "a build")
        else:
            self._override(locks, self.reason)

    def carry_out(self, materials: Mapping[str, Material], locks: HostLocks, ending: Ending) -> None:
        """Verify what was done, then wave after wave; at last everything together, where it was proven in parts."""
        again = self._verified_again()
        for wave in self._waves(again, locks):
            self._note(f"{wave.of(self.course.total)} begins")
            self.show.phase(self._titled(wave, "converge"))
            report = carry_out(
                self.session,
                wave,
                materials,
                self.hear,
                self._verify_phase(wave),
                broken=self.promise.broken,
                announced=self.promise.reboots,
            )
            self._keep(report)
            self._note(f"{wave.of(self.course.total)} {report.told}")
        if self._complete() and len(self.reports) > 1:
            self.show.phase("verify everything together")
            proven = verify(self.session, on_evidence=self.show.evidence)
            names = [machine.host.name for machine in self.session.machines]
            self._keep(Report(tuple(names), None, proven, accepted_hosts(proven.evidence, names)))
        ending.outcome = "accepted" if self._complete() else "failed"
        ending.note = None if ending.outcome == "accepted" else self._why()

    def hear(self, event: Event) -> None:
        """Journal an event, then show it."""
        self.session.ledger.record(event)
        self.promise.hear(event)
        self.show.event(event)

    def _override(self, locks: Sequence[Closed], reason: str) -> None:
        for event in overridden(self.session, locks, reason):
            if event.host not in self.told:
                self.told.add(event.host)
                self.hear(event)
        terms = self.session.run.terms
        if locks and terms is not None and terms.now is None:  # it was not needed when the build began
            self.session.ledger.set_terms(self.session.run.id, terms.model_copy(update={"now": reason}))

    def _verified_again(self) -> frozenset[str]:
        """The hosts that the resumed run had accepted, and that still are; the others are built again."""
        names = [machine.host.name for machine in self.course.done]
        if not names:
            return frozenset()
        self.show.phase("verify what was done")
        part = replace(self.session, machines=self.course.done)
        proven = verify(part, on_evidence=self.show.evidence, later=self._later(0) - set(names))
        good = accepted_hosts(proven.evidence, names)
        self._keep(Report(tuple(sorted(good)), None, proven, good))
        for name in names:
            what = "it is verified again and left as it is" if name in good else "it no longer is and is built again"
            self._note(f"accepted by the run that this one goes on with; {what}", name)
        return good

    def _waves(self, done: frozenset[str], locks: HostLocks) -> Iterator[Wave]:
        """Each wave without what is done and what is held back, as long as nothing locks its hosts by now."""
        for wave in self.course.waves:
            lost = {name for report in self.reports for name in report.failed}
            hosts = [name for name in wave.hosts if name not in done]
            held = held_back(self.session.site, hosts, lost, self.away - self._touched())
            for name, why in held.items():
                self.held[name] = why
                self._note(f"not begun: {why}", name)
            left = tuple(name for name in hosts if name not in held)
            if left and self._may_begin(left, locks):
                yield Wave(wave.number, left)

    def _touched(self) -> set[str]:
        """The hosts that this build has reached so far."""
        jobs = [report.job for report in self.reports if report.job is not None]
        return {name for job in jobs for name in job.changed if job.changed[name] or name not in job.unreachable}

    def _may_begin(self, names: tuple[str, ...], locks: HostLocks) -> bool:
        """Whether neither the calendar nor somebody else locks these hosts by now; what was begun is never stopped."""
        machines = machines_of(self.session, names)
        if not self.reports:
            return True  # asked a moment ago, before anything was done
        closed, why = closed_now(self.session, machines), ""
        if closed and self.reason is None:
            why = f"the site's calendar locks it by now: {'; '.join(one.sentence for one in closed)}"
        try:
            locks.hold(machines, whole=True)  # a reboot lets go of it
        except Locked as held:
            why = str(held)
        if not why and self.reason is not None:
            self._override(closed, self.reason)
        if why:
            self.stopped = f"{', '.join(names)}: not begun: {why}; go on then with: {self.goes_on}"
            self.held.update(dict.fromkeys(names, why))
            self._note(self.stopped)
        return not why

    def _complete(self) -> bool:
        """Whether every host was accepted, the last time that it was verified."""
        last = {name: name in report.accepted for report in self.reports for name in report.hosts}
        return not self.held and all(last.get(machine.host.name, False) for machine in self.session.machines)

    def _why(self) -> str:
        if self.stopped is not None:
            return self.stopped
        if self.promise.departures:
            return f"not what the plan says: {first_of(self.promise.departures)}"
        jobs = [report.job for report in self.reports if report.job is not None]
        if not all(job.ok for job in jobs):
            return "a step failed or a host could not be reached"
        return "verification found something short or unknown"

    def _keep(self, report: Report) -> None:
        self.reports.append(report)
        record_hosts(self.session, report.proven, report.accepted)

    def _verify_phase(self, wave: Wave) -> Callable[[Session], Verified]:
        def prove(part: Session) -> Verified:
            self.show.phase(self._titled(wave, "verify"))
            built = {name for report in self.reports for name in report.accepted}
            return verify(part, on_evidence=self.show.evidence, later=self._later(wave.number) - built)

        return prove

    def _later(self, number: int) -> set[str]:
        """The hosts of the waves after wave `number`."""
        return {name for wave in self.course.waves if wave.number > number for name in wave.hosts} | self.course.beyond

    def _titled(self, wave: Wave, phase: str) -> str:
        return phase if self.course.total == 1 else f"{wave.of(self.course.total)}: {phase}"

    def _note(self, step: str, host: str = "") -> None:
        if host or self.course.total > 1:
            self.hear(Event(run=self.session.run.id, at=now(), host=host, status="note", step=step))

    def result(self, outcome: Outcome, dossier: Mapping[str, Path]) -> BuildResult:
        """What came of it all."""
        proofs = [report.proven for report in self.reports]
        facts = {host: found for proven in proofs for host, found in proven.facts.items()}
        proven = Verified(
            latest(item for one in proofs for item in one.evidence),
            outcome != "accepted" and any(one.unreachable for one in proofs),  # it may have answered since
            facts,
        )
        job = merged([report.job for report in self.reports if report.job is not None])
        return BuildResult(outcome, job, proven, dossier, self.stopped, self.held)
