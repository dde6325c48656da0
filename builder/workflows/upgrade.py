"""Upgrade one host from one state of the site file to the next, with a way back and the proof that nothing was lost."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from socket import gethostname

from builder.errors import PacsmithError, Refused
from builder.inventory.outage import away
from builder.inventory.waves import waves_of
from builder.models.event import Event
from builder.models.run import Terms
from builder.models.upgrade import Leave, Timings
from builder.wayback.copy import PUT_BACK, PUTTING_BACK, Copy
from builder.workflows.at_work import refuse_crowded
from builder.workflows.build import Show
from builder.workflows.host_locks import held_on_hosts
from builder.workflows.hours import closed_now, overridden, refuse_closed
from builder.workflows.material import materials_for
from builder.workflows.modality import watched
from builder.workflows.preflight import nothing_left, refuse_late, refuse_unfit
from builder.workflows.recording import Ending, record_hosts, recorded, write_documents
from builder.workflows.rollback import Hands, go_back, over, proven
from builder.workflows.site_text import write_values
from builder.workflows.upgrade_account import keep_account
from builder.workflows.upgrade_acts import Acts
from builder.workflows.upgrade_host import ActFailed
from builder.workflows.upgrade_look import ahead_of
from builder.workflows.upgrade_ready import refuse_unready
from builder.workflows.upgrade_record import Phase, Record, Records
from builder.workflows.upgrade_roles import RoleWork
from builder.workflows.upgrade_states import States
from builder.workflows.upgrade_steps import configuration_of, logs_of, steps_beside
from builder.workflows.upgraded import Upgraded
from builder.workflows.verify import accepted_hosts


def upgrade(states: States, show: Show, now: str | None = None) -> Upgraded:
    """Carry the change set out on the one host of `states`, or bring it back to what it was. `now` is the reason for
    doing so outside its hours.

    Raises Refused, before anything is changed, for a host that is not accepted as the site file says, for a change set
    that was not rehearsed and for a check that is not met; Locked when somebody else is at work there or the calendar
    says no; ActFailed when the way back failed, too.
    """
    closed = closed_now(states.before, states.before.machines)
    states = states.begun("upgrade", Terms(now=now if closed else None, resumes=_resumed(states)))
    session = states.after
    with closing(session.ledger), closing(states.before.ledger):
        with recorded(session, locked=True) as ending:
            leave = refuse_unready(states)
            if now is None and states.resumed is None:
                refuse_closed(closed, "an upgrade")
            refuse_crowded(session, waves_of(session.site, [states.machine.host.name]))
            whole = states.resumed is None
            with held_on_hosts(session.run, gethostname(), session.machines, whole=whole) as locks:
                work = _Upgrade(states, show, leave, lambda: locks.hold_again(session.machines))
                for event in overridden(session, closed, now) if now is not None else ():
                    work.hear(event)
                with closing(work.acts):
                    work.carry_out()
            _record(states, work.result, ending)
        if work.result.outcome == "done":
            return work.result
        keep_account(states, work.result, leave)
        work.result.dossier = write_documents(states.before if work.result.rolled_back else session)
        return work.result


def _resumed(states: States) -> str | None:
    return None if states.resumed is None else states.resumed.run


def _record(states: States, result: Upgraded, ending: Ending) -> None:
    ending.outcome, ending.note = result.outcome, result.why or None
    if result.outcome == "done":
        return
    part = states.before if result.rolled_back else states.after
    record_hosts(part, result.proven, accepted_hosts(result.proven.evidence, [states.machine.host.name]))


class _Upgrade:
    """One upgrade under way."""

    def __init__(self, states: States, show: Show, leave: Leave, held: Callable[[], None]) -> None:
        self.states, self.show, self.session = states, show, states.after
        self.records = Records(self.session.folder / "upgrades")
        self.record = states.resumed or Record(
            run=self.session.run.id, host=states.was.host.name, phase="copied", changes=states.changes,
            before=states.texts[0], after=states.texts[1], values=tuple(states.values.items()),
            values_before=tuple(states.values_before.items()), apart=Copy.of(states.was.host, "").apart, leave=leave,
            configuration=configuration_of(states.was, states.machine), logs=logs_of(states.was, states.machine),
        )  # fmt: skip
        updates = any(one.part == "security" for one in states.changes.changes)
        self.beside = steps_beside(states.was, states.machine, updates=updates)
        self.acts = Acts(states.was, self.record.copy_there, self.session.run.id, self.hear, held)
        self.result = Upgraded(kept=self.record.run, seconds=self.acts.seconds)
        self.closed: float | None = None
        self.opened: float | None = None
        self.moved = 0.0

    def carry_out(self) -> None:
        """All acts in their order; the way back where one fails after the first change."""
        roles = RoleWork(self.session, materials_for(self.session), self.hear, self.show)
        self.acts.reach()
        self._refuse_gone_back()
        if self.record.phase == "copied" and not self._look_ahead():
            return
        with watched(self.session, self.states.was, adopt=self.states.resumed is not None) as watch:
            self._there_or_back(roles)
        self.result.outage, self.result.stream = watch.outage, watch.stream
        if watch.stream is not None:
            self.acts.forget(self.record.run, self.session.run.id)
        last = next(self.records.of(self.record.host), self.record)
        self.records.keep(last.model_copy(update={"outage": watch.outage}))
        self.result.timings = self._timings()
        if self.result.timings is not None:
            self.records.keep_timings(self.states.changes, self.result.timings)

    def _refuse_gone_back(self) -> None:
        """Raises Refused, or ActFailed, where somebody has put the host back at its console, or brought it back from
        another machine: there is nothing to go on with."""
        if self.acts.state() in {PUTTING_BACK, PUT_BACK}:
            raise Refused(
                f"{self.record.host} was put back at its console: it is not what the upgrade by run {self.record.run} "
                f"has made of it; bring the way back to its end: pacsmith rollback {self.record.host}"
            )
        if self.record.phase in {"changing", "open"}:
            self.acts.refuse_without_copy()

    def _timings(self) -> Timings | None:
        """How long it took behind closed doors; None of one that was cut off meanwhile, or went back."""
        if self.closed is None or self.opened is None or self.result.rolled_back:
            return None
        ahead = self.result.ahead
        return Timings(
            closed=round(self.opened - self.closed, 1),
            manifests=sum(took for name, took in self.acts.seconds.items() if name.startswith("Manifest")),
            database=round(self.moved, 1),
            stored_bytes=(ahead.stored if ahead else None) or 0,
            database_bytes=(ahead.database if ahead else None) or 0,
        )

    def _there_or_back(self, roles: RoleWork) -> None:
        try:
            if self.record.phase in {"copied", "closed"}:
                self._prepare()
            else:
                self.result.before = self.records.manifest(self.record.run)
            if self.record.phase != "open":
                self._change(roles)
            self._prove(roles)
        except (PacsmithError, OSError) as why:  # OSError: of this machine's disk, which must not keep the host closed
            self._go_back(str(why))

    def _look_ahead(self) -> bool:
        """All that can be known and done while the host serves; what fails here leaves nothing behind. False where
        nothing is left to do."""
        self.show.phase("while it serves")
        with self.acts.act("Preflight"):
            self.result.ahead = ahead_of(self.states, self.acts.remote, self.acts.copy)
            if nothing_left(self.states.was.host, self.states.changes, self.result.ahead.packages):
                self.result.outcome, self.result.why = "done", "no update is left to install; nothing was changed"
                return False
            refuse_unfit(self.result.ahead.checks)
        self.acts.say(f"all {len(self.result.ahead.checks)} checks are met", "note")
        seconds = self.result.ahead.estimate.seconds
        self.acts.say(away(self.session.site, self.states.was.host, seconds), "note")
        try:
            self.acts.take_copy()
            self.acts.know_errors(self.record.logs)
            if self.beside:
                self.acts.make_next(self.beside)
                self.acts.refuse_moved()
            self.records.reserve(self.record.run)
            refuse_late(self.states.before, seconds)
        except BaseException as why:
            with suppress(PacsmithError):
                self.acts.drop_copy()
            self.records.release(self.record.run)
            if not isinstance(why, PacsmithError):
                raise
            raise type(why)(f"{why}. Nothing was changed: {self.record.host} serves as before") from None
        return True

    def _go_back(self, why: str) -> None:
        self.result.why = why
        self.acts.say("The way back begins", "note", error=why)
        try:
            hands = Hands(self.acts, self.records, self.states.before, self.show)
            back = go_back(hands, self.record)
            over(hands, back.record)
        except (PacsmithError, OSError) as fault:
            raise ActFailed(self._stuck(why, str(fault))) from None
        self.result.after, self.result.proven, self.result.rolled_back = back.manifest, back.proven, True

    def _stuck(self, why: str, fault: str) -> str:
        name = self.record.host
        try:
            closed = self.acts.doors_closed()
        except PacsmithError:
            doors = "It does not answer, and its doors may be closed to senders, who keep what they have"
        else:
            put_back = "It is put back and keeps every image, and senders are let in; what is short is named above"
            doors = "Its doors stay closed to senders, who keep what they have" if closed else put_back
        return (
            f"{name}: the upgrade failed ({why}), and so did the way back: {fault}. {doors}. Once that is mended: "
            f"pacsmith rollback {name}. When nobody can log in, in its console or from a rescue system with its disks "
            f"mounted: sh {self.acts.copy.put_back}, and then the same"
        )

    def _prepare(self) -> None:
        """Doors closed, manifest taken, copy complete: from here on nothing can be lost, and nothing is changed yet."""
        self._phase("closed")
        self.closed = time.monotonic()
        self.acts.close_doors()
        self.show.phase("doors closed")
        self._lay_down()
        self.acts.stand_still()
        self.result.before = self.acts.manifest("Manifest of every instance")
        self.records.keep_manifest(self.record.run, self.result.before)
        self.records.keep_settings(self.record.run, self.acts.settings(self.record.configuration))
        self._phase("closed", mark=self.acts.mark())
        self.acts.complete_copy()
        self._lay_down()

    def _change(self, roles: RoleWork) -> None:
        self._phase("changing")
        if self.beside:
            self.acts.exchange()
        with self.acts.act("Database, settings and services"):
            roles.between(self.states.was, "upgrade")
            roles.converge()
        self._compare("Manifest after the upgrade")

    def _prove(self, roles: RoleWork) -> None:
        """Nothing is lost, as was seen behind closed doors; now, doors open, everything else."""
        self._phase("open")
        self._lay_down()
        self.acts.serves(self.record.mark)
        self.acts.open_doors()
        self.opened = time.monotonic()
        roles.between(self.states.was, "afterwards")
        self.acts.drop_next()
        self.result.proven = proven(self.states.after, self.record.host, self.show)
        self.result.errors = self.acts.new_errors(self.record.logs, self.session.store.redactor().clean)
        write_values(self.states.file, self.record.host, self.states.values)
        self.records.release(self.record.run)
        self._phase("upgraded")
        with suppress(PacsmithError, OSError):  # what lies there since the doors were opened does as well
            self._lay_down()
        self.result.outcome = "accepted"

    def _compare(self, name: str) -> None:
        self.result.after = self.acts.manifest(name)
        if self.result.before is not None:
            self.acts.equal(self.result.before, self.result.after)
        before = self.records.settings(self.record.run)
        self.acts.same_settings(before, self.record.configuration)
        self.result.settings = len(before)

    def _phase(self, phase: Phase, **more: int | None) -> None:
        """Keep how far it has come, before the next act."""
        self.record = self.record.model_copy(update={"phase": phase, **more})
        self.records.keep(self.record)

    def _lay_down(self) -> None:
        self.acts.lay_down(self.records.files(self.record.run))

    def hear(self, event: Event) -> None:
        """Journal an event, then show it."""
        if event.role == "archive" and event.step.startswith("PostgreSQL ") and event.duration is not None:
            self.moved += event.duration
        try:
            self.session.ledger.record(event)
        except PacsmithError:
            if not self.result.why:  # the way back waits for no ledger
                raise
        self.show.event(event)
