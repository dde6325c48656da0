"""Boot a host anew where a role says that it needs that, and believe it only when the host says a new boot id.

An open port proves nothing: a host that has not gone down yet has one, too. What a host answers counts only when it has
the form of a boot id, so that a failed question is never taken for a new boot.
"""

import re
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from builder.errors import PacsmithError, Unreachable
from builder.inventory import Machine
from builder.inventory.quiet import may_reboot
from builder.models.event import Event, StepStatus
from builder.survey.remote import Remote
from builder.workflows.jobs import reboot_scripts
from builder.workflows.session import Session, now

STEP = "Reboot"
_ROLE = "system"
_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_READ = "cat /proc/sys/kernel/random/boot_id"
_FAILED_UNITS = "systemctl list-units --state=failed --plain --no-legend | cut -d' ' -f1"
_SETTLED = "systemctl is-system-running --wait"
_GO_DOWN_SECONDS = 180.0  # systemd's own patience with one service that does not stop is 90 s
_COME_BACK_SECONDS = 900.0  # servers test their memory before they boot
_PAUSE = 1.0

Said = tuple[int, str] | None  # exit code and output; None: the host did not answer
Ask = Callable[[str], Said]


class RebootError(PacsmithError):
    """A host that was not booted anew, or not as it should be; the text begins with what is so."""


@dataclass(frozen=True)
class Rebooted:
    """Boot ids before and after, and the seconds from the order until the host was up."""

    before: str
    after: str
    seconds: float


def boot_id(said: Said) -> str | None:
    """The boot id that an answer is; None for every other answer."""
    text = said[1].strip() if said is not None and said[0] == 0 else ""
    return text if _BOOT_ID.fullmatch(text) else None


def reboot(
    ask: Ask, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
) -> Rebooted:
    """Boot a host anew and wait until it is up. `ask` runs a shell text there as root. Raises RebootError."""
    before, broken = boot_id(ask(_READ)), _units(ask(_FAILED_UNITS))
    if before is None or broken is None:
        raise RebootError("its boot id or its units cannot be read, so nobody could tell a reboot; it was not rebooted")
    began = clock()
    ordered = ask("systemctl reboot")
    if ordered is not None and ordered[0] != 0:
        raise RebootError(f"it refuses to reboot: {ordered[1].strip() or f'exit code {ordered[0]}'}; do it by hand")
    after = _new_boot(ask, before, began, clock, pause)
    _settle(ask, broken, clock() + _COME_BACK_SECONDS, clock, pause)
    return Rebooted(before, after, round(clock() - began, 1))


def came_back(
    ask: Ask, before: str, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
) -> str:
    """Wait for a host that boots by its own script to say another boot id than `before`, and for its services to come
    to rest. Which of them have failed is for a verification to say: it boots with settings that are laid down later.
    Raises RebootError."""
    after = _new_boot(ask, before, clock(), clock, pause)
    _settle(ask, None, clock() + _COME_BACK_SECONDS, clock, pause)
    return after


def answered(ask: Ask, clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep) -> str:
    """Wait for a host that is away to say any boot id. Raises RebootError."""
    began = clock()
    while (found := boot_id(ask(_READ))) is None:
        if clock() - began > _COME_BACK_SECONDS:
            raise RebootError(f"it has not answered for {clock() - began:.0f} s; look at its console")
        pause(_PAUSE)
    return found


def _new_boot(ask: Ask, before: str, began: float, clock: Callable[[], float], pause: Callable[[float], None]) -> str:
    away = False
    while True:
        said = ask(_READ)
        found = boot_id(said)
        if found is not None and found != before:
            return found
        away = away or said is None
        waited = clock() - began
        if found == before and not away and waited > _GO_DOWN_SECONDS:
            raise RebootError(
                f"it was told to reboot {waited:.0f} s ago and still runs boot {before}; systemctl list-jobs there "
                "says what keeps it"
            )
        if waited > _COME_BACK_SECONDS:
            raise RebootError(
                f"it was told to reboot {waited:.0f} s ago and has not said a new boot id since; look at its console, "
                "where a disk may wait for its passphrase"
            )
        pause(_PAUSE)


def _settle(
    ask: Ask, broken: frozenset[str] | None, end: float, clock: Callable[[], float], pause: Callable[[float], None]
) -> None:
    """Wait until systemd has started what it starts; nothing may have failed that had not failed before (None: all
    may)."""
    units = None
    while units is None:
        said = ask(_SETTLED)
        units = _units(ask(_FAILED_UNITS)) if said is not None and said[1].strip() in ("running", "degraded") else None
        if units is None and clock() > end:
            raise RebootError("it has booted anew, and its services do not come to rest; see systemctl list-jobs there")
        if units is None:
            pause(_PAUSE)
    if broken is not None and units - broken:
        raise RebootError(
            f"it has booted anew, and these units failed: {', '.join(sorted(units - broken))}; see systemctl status"
        )


def _units(said: Said) -> frozenset[str] | None:
    return frozenset(said[1].split()) if said is not None and said[0] == 0 else None


def reasons(ask: Ask, machine: Machine) -> tuple[str, ...]:
    """Why the host's roles want it booted anew, in their words; raises RebootError when one cannot be asked."""
    found: list[str] = []
    for role, script in reboot_scripts(machine):
        said = ask(script)
        if said is None or said[0] != 0:
            why = "the host does not answer" if said is None else said[1].strip() or f"exit code {said[0]}"
            raise RebootError(f"role {role} cannot tell whether it must be rebooted: {why}")
        found += said[1].splitlines()
    return tuple(dict.fromkeys(found))


def over_ssh(machine: Machine) -> Ask:
    """Ask one host, by a connection of its own each time: the one before may have died with the boot."""

    def ask(script: str) -> Said:
        try:
            with Remote(machine.connection) as remote:
                answer = remote.run("sh -s", stdin=script.encode(), sudo=True)
        except Unreachable:
            return None
        return answer.code, answer.text

    return ask


def reboot_where_needed(
    session: Session, machines: Sequence[Machine], hear: Callable[[Event], None],
    announced: Collection[str] | None = None, asker: Callable[[Machine], Ask] = over_ssh,
) -> dict[str, str]:  # fmt: skip
    """Reboot, all at once, those of `machines` whose roles need it and whose window allows it, and of a build that
    carries out a plan also that plan (`announced`); the others that need it are told of. What went wrong, by host; its
    other checks are for the verification that follows."""
    with ThreadPoolExecutor(16) as pool:
        faults = pool.map(lambda one: _one(session, one, hear, announced, asker(one)), machines)
        return {one.host.name: why for one, why in zip(machines, faults, strict=True) if why is not None}


def _one(
    session: Session, machine: Machine, hear: Callable[[Event], None], announced: Collection[str] | None, ask: Ask
) -> str | None:
    name = machine.host.name

    def say(status: StepStatus, step: str = STEP, **more: object) -> None:
        role = "" if status == "note" else _ROLE
        event = {"run": session.run.id, "at": now(), "host": name, "role": role, "step": step, "status": status}
        hear(Event.model_validate({**event, "previewable": False, **more}))

    try:
        why = reasons(ask, machine)
    except RebootError as fault:
        say("note", str(fault))
        return None
    kept = _kept_up(session, machine, why, announced)
    if not why or kept is not None:
        if kept is not None:
            say("note", kept)
        return None
    say("started")
    try:
        done = reboot(ask)
        left = reasons(ask, machine)
    except RebootError as fault:
        say("failed", error=str(fault))
        return f"{name}: {STEP}: {fault}"
    if left:
        fault_left = f"it has booted anew (boot {done.after}), and still: {'; '.join(left)}"
        say("failed", error=fault_left)
        return f"{name}: {STEP}: {fault_left}"
    say("changed", changed=True, duration=done.seconds, diff=f"-boot {done.before}\n+boot {done.after}\n "
        + "\n ".join(why))  # fmt: skip
    return None


def _kept_up(session: Session, machine: Machine, why: Sequence[str], announced: Collection[str] | None) -> str | None:
    """Why a host that must be rebooted is not; None where it is, or need not be."""
    if why and not may_reboot(session.site, machine.host, now()):
        return (
            f"must be rebooted ({'; '.join(why)}), and no window of the site file that says `reboot: true` is open for "
            "it: reboot it by hand, or let such a window"
        )
    if why and announced is not None and machine.host.name not in announced:
        return (
            f"must be rebooted ({'; '.join(why)}), and the plan that is carried out does not say so: make a new plan, "
            "or reboot it by hand"
        )
    return None
