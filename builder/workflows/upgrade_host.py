"""One host during an upgrade: shell texts on it, its boots, and the journal of what is done there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from builder.errors import PacsmithError, Unreachable
from builder.inventory import Machine
from builder.models.event import Event, StepStatus
from builder.survey.remote import Answer, Remote
from builder.wayback.copy import Copy, detached
from builder.workflows.reboot import answered, came_back, over_ssh
from builder.workflows.session import now

ROLE = "upgrade"
_LONG = 24 * 3600.0
_TIMES = 3
_UNIT = "pacsmith-way-"
_QUIET = '[ -z "$(systemctl list-units --no-legend --state=activating,active,deactivating {units})" ]'


class ActFailed(PacsmithError):
    """An act that did not do its work; the host goes back to what it was."""


def idle_script(units: str) -> str:
    """Shell text that waits until none of the units (systemd's patterns) is at work. Pure."""
    return f"timeout {_LONG:.0f} sh -c 'until {_QUIET.format(units=units)}; do sleep 1; done'"


class UpgradedHost:
    """One host. Its upgrade uses `copy`, `own` is the run that journals, `held` takes the host's lock again after a
    boot; `seconds` is how long each act took."""

    def __init__(
        self, machine: Machine, copy: Copy, own: str, hear: Callable[[Event], None], held: Callable[[], None]
    ) -> None:
        self.machine, self.name, self.own, self.hear, self.held = machine, machine.host.name, own, hear, held
        self.copy = copy
        self.remote = Remote(machine.connection)
        self.seconds: dict[str, float] = {}

    def reach(self) -> None:
        """Wait for a host that is away, as long as a host may take to boot, and for what a pacsmith that was killed has
        begun on it. Raises Unreachable."""
        idle = idle_script(f'"{_UNIT}*"')
        try:
            self.shell(idle)
        except Unreachable:
            self.remote.close()
            with self.act("Wait for the host"):
                answered(over_ssh(self.machine))
            self.remote = Remote(self.machine.connection)
            self.held()
            self.shell(idle)

    def down(self, script: str, unit: str, ends: str) -> None:
        """Carry a script out that boots the host, in a unit of its own, and wait until it is up. A boot alone proves
        nothing: where the power went meanwhile, the script is carried out once more. Raises ActFailed when the host
        never says that it came to its end."""
        for _ in range(_TIMES):
            before = self.shell("cat /proc/sys/kernel/random/boot_id").strip()
            with suppress(Unreachable):  # it goes down with the connection; its next boot says how it went
                self.shell(detached(script, self.unit(unit)))
            self.remote.close()
            came_back(over_ssh(self.machine), before)
            self.remote = Remote(self.machine.connection)
            self.held()
            if self.state() == ends:
                return
        raise ActFailed(f"{self.name}: it booted {_TIMES} times before that came to its end; see its journal")

    def state(self) -> str:
        """What the copy's file `state` says; empty where there is none."""
        return self.shell(f"cat {self.copy.folder}/state 2>/dev/null || true").strip()

    def unit(self, kind: str) -> str:
        """By the upgrade's own name: what a pacsmith that was killed has begun is found again by the next."""
        return f"{_UNIT}{kind}-{self.copy.name}"

    def shell(self, script: str) -> str:
        """What a shell text that runs as root prints. Raises ActFailed when it fails, Unreachable as `Remote.run`
        does."""
        answer = self.answer(script)
        if answer.code != 0:
            raise ActFailed(f"{self.name}: {answer.text.strip()[-400:] or f'exit code {answer.code}'}")
        return answer.stdout.decode("utf-8", "replace")

    def answer(self, script: str) -> Answer:
        """The same, with its exit code."""
        return self.remote.run("sh -s", stdin=script.encode(), sudo=True, timeout=_LONG)

    @contextmanager
    def act(self, name: str) -> Iterator[None]:
        """Journal an act: that it begins, and how it ended."""
        began = time.monotonic()
        self.say(name, "started")
        try:
            yield
        except PacsmithError as fault:
            self.say(name, "failed", error=str(fault))
            raise
        self.seconds[name] = round(time.monotonic() - began, 1)
        self.say(name, "changed", changed=True, duration=self.seconds[name])

    def say(self, step: str, status: StepStatus, **more: object) -> None:
        """Journal one event."""
        event = {"run": self.own, "at": now(), "host": self.name, "role": ROLE, "step": step, "previewable": False}
        self.hear(Event.model_validate({**event, "status": status, **more}))

    def close(self) -> None:
        """End the connection."""
        self.remote.close()
