"""Turn what pyinfra does into events: one `started` and one closing event a step in a run, one `planned` in a plan."""

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State

from builder.engines.notes import note_of
from builder.models.event import Event, StepStatus

ERROR_LINES = 12


@dataclass
class Pending:
    """The step of a host that is under way."""

    operation: str
    began: float
    ended: float | None = None


@dataclass
class Recorder(BaseStateCallback):
    """Emits events of all hosts; `role` is kept by host name."""

    run: str
    emit: Callable[[Event], None]
    roles: dict[str, str] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=dict)

    def say(self, host: str, status: StepStatus, *, step: str = "", error: str | None = None, **more: object) -> None:
        """Emit one event of the host's present role."""
        event = {"run": self.run, "at": datetime.now(UTC), "host": host, "role": self.roles.get(host, "")}
        self.emit(Event.model_validate({**event, "step": step, "status": status, "error": error, **more}))

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        """pyinfra begins a step: close the one before it, say `started`."""
        self.close(state, host)
        self.pending[host.name] = Pending(op_hash, time.monotonic())
        self.say(host.name, "started", step=step_name(state, op_hash))

    def operation_host_success(self, *about: object) -> None:  # type: ignore[override]
        """The step's commands are through (state, host, operation, retries)."""
        self.pending[str(about[1])].ended = time.monotonic()

    def close(self, state: State, host: Host, error: str | None = None) -> None:
        """Say how the step that was under way ended; `error` when an exception ended it."""
        under_way = self.pending.pop(host.name, None)
        if under_way is None:
            return
        meta = state.ops[host][under_way.operation].operation_meta
        note, step = note_of(host, under_way.operation), step_name(state, under_way.operation)
        duration = round((under_way.ended or time.monotonic()) - under_way.began, 3)
        failed = error is not None or not meta.is_complete() or not meta.did_succeed()
        if failed:
            said = error or "\n".join(
                (meta.stderr_lines or meta.stdout_lines)[-ERROR_LINES:] if meta.is_complete() else []
            )
            said = said.strip() or "the command failed and said nothing"
            self.say(host.name, "failed", step=step, error=said, duration=duration, previewable=note.previewable)
            return
        changed = meta.did_change()
        if changed:
            self.changed.setdefault(host.name, set()).add(self.roles.get(host.name, ""))
        self.say(
            host.name, "changed" if changed else "ok", step=step, changed=changed, duration=duration,
            diff=note.diff if changed else None, previewable=previewable(state, host, under_way.operation),
        )  # fmt: skip

    def planned(self, state: State, host: Host, operation: str) -> None:
        """Say what one step of a plan would do."""
        seen = previewable(state, host, operation)
        self.say(
            host.name, "planned", step=step_name(state, operation), previewable=seen,
            changed=would_change(state, host, operation) if seen else None,
            diff=note_of(host, operation).diff if seen else None, error=None if seen else note_of(host, operation).why,
        )  # fmt: skip


def step_name(state: State, operation: str) -> str:
    """The name that a person reads."""
    return " / ".join(sorted(state.op_meta[operation].names))


def would_change(state: State, host: Host, operation: str) -> bool:
    """What the evaluation of the step against the host's present state said."""
    return bool(state.ops[host][operation].operation_meta.will_change)


def previewable(state: State, host: Host, operation: str) -> bool:
    """Whether a plan can tell what the step does: our steps say so; pyinfra marks its own that run each time."""
    function = inspect.getclosurevars(state.ops[host][operation].command_generator).nonlocals["func"]
    return note_of(host, operation).previewable and bool(function.is_idempotent)
