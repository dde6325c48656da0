"""Burn-in: the selected hosts under load at once, each watched, and left as it was found."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from builder.errors import Locked, PacsmithError, Unreachable
from builder.inventory import Machine
from builder.inventory.quiet import left_alone
from builder.models.evidence import Evidence
from builder.models.site import Site
from builder.probes.burn_in import BurnIn, StoppedError
from builder.probes.burn_in_collect import remove, running
from builder.probes.burn_in_images import Show
from builder.probes.burn_in_judge import Judged
from builder.probes.hand import HandError, open_hand
from builder.probes.station_viewer import QUIET_MINUTES
from builder.survey.displays import SCREENS
from builder.survey.remote import Remote
from builder.workflows.images_under_load import images_under_load
from builder.workflows.session import Session, now

SOURCE = "pacsmith verify --burn-in"
MOST_MINUTES = 24 * 60
Hear = Callable[[Evidence], None]
Shows = Callable[[Session, Hear], AbstractContextManager[Mapping[str, Show]]]


@dataclass(frozen=True)
class BurnInOrder:
    """What was asked for. `shows` opens, by host, what shows an image of the archive there once. `tell` hears host and
    progress. 0 minutes only removes what an earlier burn-in left behind."""

    minutes: int
    tell: Callable[[str, str], None]
    shows: Shows = images_under_load

    def refuse(self, session: Session) -> None:
        """Raise Locked when a selected host must not be loaded now: a production host in peak hours or outside its
        windows, at any minute of the burn-in; a station that somebody uses; one under another's burn-in."""
        for machine in session.machines if self.minutes else ():
            clause = disturbed(session.site, machine, now(), self.minutes)
            if clause is not None:
                raise Locked(
                    f"{machine.host.name} is in production, and {clause}; choose fewer minutes or another hour, or "
                    "name the other hosts with --host"
                )
        with ThreadPoolExecutor(16) as pool:
            faults = [fault for fault in pool.map(lambda one: _occupied(session, one), session.machines) if fault]
        if faults:
            raise Locked("; ".join(faults))

    def tidy(self, session: Session) -> None:
        """Remove what an earlier burn-in left on the selected hosts, before anything is verified under its load. What
        cannot be reached or removed is told by `carry_out`."""

        def one(machine: Machine) -> None:
            with suppress(Unreachable), Remote(machine.connection) as remote:
                remove(remote)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(one, session.machines))

    def carry_out(self, session: Session, hear: Hear) -> tuple[Evidence, ...]:
        """Burn in all selected hosts at once. Ctrl-C stops and removes everything before it goes on up."""
        told: list[Evidence] = []
        clean = session.store.redactor().clean

        def tell(item: Evidence) -> None:
            told.append(item.model_copy(update={"observed": clean(item.observed)}))
            hear(told[-1])

        stop = threading.Event()
        with (
            self.shows(session, tell) if self.minutes else nullcontext({}) as shows,
            ThreadPoolExecutor(len(session.machines)) as pool,
        ):
            work = [pool.submit(self._one, session, machine, stop, shows, tell) for machine in session.machines]
            try:
                _wait(work)
            except BaseException:
                stop.set()
                raise
        for future in work:
            future.result()
        return tuple(told)

    def _one(
        self, session: Session, machine: Machine, stop: threading.Event, shows: Mapping[str, Show], hear: Hear
    ) -> None:
        name = machine.host.name
        with Remote(machine.connection) as remote:
            for judged in self._judged(session, machine, remote, stop, shows.get(name)):
                hear(evidence_of(judged, name, session.run.id, now()))

    def _judged(
        self, session: Session, machine: Machine, remote: Remote, stop: threading.Event, show: Show | None
    ) -> Sequence[Judged]:
        name = machine.host.name
        if not self.minutes:
            return _tidied(remote)
        burn_in = BurnIn(
            remote, machine.host, session.run.id, self.minutes * 60, stop, lambda text: self.tell(name, text), show
        )
        expected = f"{self.minutes} minutes under load"
        try:
            return burn_in.carry_out()
        except StoppedError:
            return ()
        except PacsmithError as fault:
            return [Judged("whole", expected, str(fault), "unknown")]


def _wait(work: Sequence[Future[None]]) -> None:
    """Wait in slices: Python takes Ctrl-C between two of them."""
    left = set(work)
    while left:
        left = wait(left, timeout=1).not_done


def _tidied(remote: Remote) -> list[Judged]:
    """Only remove what is left. Never raises for a host that is away."""
    expected = "nothing is left of an earlier burn-in"
    try:
        left = remove(remote)
    except Unreachable as fault:
        return [Judged("left as found", expected, str(fault), "unknown")]
    if left:
        return [Judged("left as found", expected, f"still there: {', '.join(left)}", "short")]
    return [Judged("left as found", expected, "nothing is there", "met")]


def disturbed(site: Site, machine: Machine, moment: datetime, minutes: int) -> str | None:
    """Why `machine` must not be loaded for `minutes` from `moment` on, as a clause; None when it may be."""
    for later in range(minutes + 1):
        clause = left_alone(site, machine.host, moment + timedelta(minutes=later))
        if clause is not None:
            return clause if later == 0 else f"in {later} minutes {clause}"
    return None


def _occupied(session: Session, machine: Machine) -> str | None:
    """Why a host cannot be loaded as it is used now; None when it can, or when it cannot be asked (which the burn-in
    itself will tell)."""
    try:
        with Remote(machine.connection) as remote:
            return _elsewhere(session, machine, running(remote)) or _used(machine, remote)
    except Unreachable:
        return None


def _elsewhere(session: Session, machine: Machine, run: str | None) -> str | None:
    """A burn-in of a run that this ledger has ended is a killed one's; of any other, somebody may be waiting for it."""
    if run is None:
        return None
    try:
        if session.ledger.run(run).outcome != "running":
            return None
    except PacsmithError:
        pass
    return (
        f"{machine.host.name}: a burn-in of run {run} is under way there, begun from another project folder or "
        "machine; wait for its end, or end it on the host with: systemctl stop pacsmith-burn-in"
    )


def _used(machine: Machine, remote: Remote) -> str | None:
    authority = SCREENS.get(machine.host.host_class)
    if authority is None or remote.run(["test", "-e", authority], sudo=True).code != 0:
        return None  # no screen, or one that is not up: nobody reads there
    try:
        with open_hand(remote, authority) as hand:
            idle = hand.idle()
    except HandError as fault:
        return f"{fault}; until then nobody can tell whether somebody works there"
    if idle is None or idle >= QUIET_MINUTES * 60:
        return None
    return (
        f"{machine.host.name}: somebody touched mouse or keyboard {idle:.0f} s ago; burn it in when nobody has used it "
        f"for {QUIET_MINUTES} minutes"
    )


def evidence_of(judged: Judged, host: str, run: str, at: datetime) -> Evidence:
    """What a burn-in has shown, as evidence."""
    return Evidence(
        kind="check", subject=f"{host}: burn-in, {judged.what}", source=SOURCE, expected=judged.expected,
        observed=judged.observed, verdict=judged.verdict, at=at, probe=f"burn-in over SSH on {host}", host=host,
        run=run, raw_sha256=hashlib.sha256(judged.raw.encode()).hexdigest() if judged.raw else None,
        attest=judged.attest, qualified=judged.qualified,
    )  # fmt: skip
