"""Turn the events of ansible-runner into ours: the same kinds, in the same order, as the pyinfra engine's (pure)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from builder.engines import ansible_results as results
from builder.engines.ansible_documents import DONE, PYTHON, REACH, Mode
from builder.engines.ansible_tasks import Task
from builder.engines.job import JobHost
from builder.engines.unreached import broke
from builder.models.connection import Connection
from builder.models.event import Event, StepStatus
from builder.survey.unreached import reason

SYSTEM = "system"  # what belongs to no role, as in the pyinfra engine
# They change nothing on a host, so they are no steps: they are told when they fail, and counted nowhere.
_NO_STEPS = frozenset({
    "add_host", "assert", "async_status", "debug", "fail", "gather_facts", "getent", "group_by", "import_playbook",
    "import_role", "import_tasks", "include_role", "include_tasks", "include_vars", "meta", "package_facts", "pause",
    "ping", "service_facts", "set_fact", "set_stats", "setup", "slurp", "stat", "validate_argument_spec",
    "wait_for", "wait_for_connection", "find",
})  # fmt: skip
_NO_CHECK_MODE = frozenset({"command", "shell", "raw", "script", "expect", "uri"})
_ALL_UNSEEN = "Every step of this role: Ansible sees nothing before Python is on the host"
_NOT_YET = "cannot be judged before the steps above it have been carried out"
_AGAIN = "did not converge: read again after the run, this step"

RunnerEvent = Mapping[str, Any]


@dataclass
class HostState:
    """What has become of one host so far. `unseen`: variables that no plan can know. `moved`: something changed, or
    would."""

    reached: bool = False
    broken: bool = False
    moved: bool = False
    unseen: set[str] = field(default_factory=set)
    items_changed: bool = False
    items: list[Mapping[str, Any]] = field(default_factory=list)
    seen: int = 0


@dataclass(frozen=True)
class Told:
    """One event of Ansible about one host's task, with what we know beside it."""

    event: RunnerEvent
    state: HostState
    task: Task
    host: str
    role: str
    step: str
    action: str
    is_step: bool

    @property
    def result(self) -> Mapping[str, Any]:
        """What the module returned; empty when Ansible keeps it from us."""
        found: Mapping[str, Any] = self.event["event_data"].get("res") or results.printed(self.event)
        return found

    @property
    def changed(self) -> bool:
        """Whether the task has changed something, or would."""
        return results.changed(self.event, self.state.items_changed)

    @property
    def duration(self) -> float | None:
        """In seconds."""
        taken = self.event["event_data"].get("duration")
        return round(float(taken), 3) if taken is not None else None


class Listener:
    """Fed with every event of one run of Ansible; emits ours. `finished` when Ansible came to its end."""

    def __init__(
        self,
        run: str,
        mode: Mode,
        hosts: Sequence[JobHost],
        task_at: Callable[[str], Task],
        emit: Callable[[Event], None],
        *,
        why: Callable[[Connection, str], str] = reason,
    ) -> None:
        self.run, self.mode, self.task_at, self.emit, self.why = run, mode, task_at, emit, why
        self.jobs = {host.connection.host: host for host in hosts}
        self.hosts = {name: HostState() for name in self.jobs}
        self.finished = False
        self.said: list[str] = []
        self._names: dict[str, str] = {}
        self._hearers = {
            "runner_on_start": self._started,
            "runner_item_on_ok": self._item_ok,
            "runner_item_on_skipped": self._item_skipped,
            "runner_on_ok": self._ok,
            "runner_on_skipped": self._skipped,
            "runner_on_failed": self._failed,
            "runner_on_unreachable": self._unreachable,
        }

    def hear(self, event: RunnerEvent) -> bool:
        """Take one event in. False, always: ansible-runner keeps no copy of it."""
        kind, data = str(event.get("event")), event.get("event_data") or {}
        if kind == "playbook_on_stats":
            self.finished = True
        elif kind == "playbook_on_task_start":
            self._names[str(data.get("task_uuid"))] = str(data.get("name")).rpartition(" : ")[2]
        elif kind in ("verbose", "error", "warning") and event.get("stdout"):
            self.said.append(str(event["stdout"]))
        state = self.hosts.get(str(data.get("host")))
        if state is not None and not state.broken and kind in self._hearers:
            self._hearers[kind](self._told(event, data, state))
        return False

    def _told(self, event: RunnerEvent, data: RunnerEvent, state: HostState) -> Told:
        task = self.task_at(str(data.get("task_path") or ""))
        name = self._names.get(str(data.get("task_uuid"))) or str(data.get("task"))
        action = str(data.get("resolved_action") or data.get("task_action")).rpartition(".")[2]
        ours = not data.get("role") and data.get("task") not in (REACH, DONE)
        is_step = ours or (bool(data.get("role")) and action not in _NO_STEPS and not task.reads)
        return Told(event, state, task, str(data["host"]), str(data.get("role") or SYSTEM), name, action, is_step)

    def say(self, host: str, status: StepStatus, **more: object) -> None:
        """Emit one event."""
        event = {"run": self.run, "at": datetime.now(UTC), "host": host, "status": status}
        self.emit(Event.model_validate({**event, **more}))

    def _say(self, told: Told, status: StepStatus, **more: object) -> None:
        self.say(told.host, status, role=told.role, step=told.step, **more)

    def _started(self, told: Told) -> None:
        told.state.items_changed, told.state.items = False, []
        if self.mode == "converge" and told.is_step and told.role != SYSTEM:  # ours are told when they do something
            self._say(told, "started")

    def _item_ok(self, told: Told) -> None:
        told.state.items_changed = told.changed

    def _item_skipped(self, told: Told) -> None:
        told.state.items.append(told.result)

    def _ok(self, told: Told) -> None:
        state = told.state
        state.reached = True
        if any(_unsupported(item) for item in state.items):
            self._unseen(told)
            return
        if not told.is_step:
            return
        changed = told.changed
        state.moved, state.seen = state.moved or changed, state.seen + 1
        diff = results.diff_text(told.result) if changed else None
        if self.mode == "plan":
            self._say(told, "planned", changed=changed, diff=diff)
        elif self.mode == "converge":
            self._say(told, "changed" if changed else "ok", changed=changed, diff=diff, duration=told.duration)
        elif changed:
            self._say(told, "failed", changed=True, diff=diff, error=f"{_AGAIN} would still change something")

    def _skipped(self, told: Told) -> None:
        parts = (told.result, *told.state.items)
        if self.mode == "converge":
            if told.is_step and told.role != SYSTEM:
                self._say(told, "skipped", changed=False, duration=told.duration)
        elif (
            any(_unsupported(part) or _asks_for(part, told.state.unseen) for part in parts)
            or ("censored" in told.result and told.action in _NO_CHECK_MODE and not told.task.always)
        ):  # fmt: skip
            self._unseen(told)
            if self.mode == "plan" and told.step == PYTHON and told.role == SYSTEM:
                for role, _ in self.jobs[told.host].roles:
                    self.say(told.host, "planned", role=role, step=_ALL_UNSEEN, previewable=False)

    def _unseen(self, told: Told, why: str | None = None) -> None:
        """A step that no plan can judge; what it would have registered is not known either."""
        if told.task.register:
            told.state.unseen.add(told.task.register)
        if self.mode == "plan" and (told.is_step or told.task.reads):
            self._say(told, "planned", previewable=False, error=why)

    def _failed(self, told: Told) -> None:
        state, why = told.state, results.why_failed(told.result)
        no_root = None if state.reached else results.no_root(told.result)
        if no_root is not None:
            state.broken = True
            self.say(told.host, "unreachable", error=self.why(self.jobs[told.host].connection, no_root))
        elif told.task.forgiven:
            if told.is_step and self.mode == "converge":
                self._say(told, "ok", changed=False, error=f"failed, which the role allows: {why}")
        elif self.mode == "plan" and (state.moved or state.unseen):
            self._unseen(told, f"{_NOT_YET}: {why}")
        else:
            state.broken = True
            error = f"{_AGAIN} fails: {why}" if self.mode == "again" else why
            self._say(told, "failed", error=error, duration=told.duration)

    def _unreachable(self, told: Told) -> None:
        told.state.broken = True
        said = results.why_unreachable(told.result)
        if not told.state.reached:
            self.say(told.host, "unreachable", error=self.why(self.jobs[told.host].connection, said))
            return
        if self.mode == "converge" and told.is_step:
            self._say(told, "failed", error="the connection broke")
        self.say(told.host, "unreachable", error=broke(told.host, said))


def _unsupported(result: Mapping[str, Any]) -> bool:
    """Whether a module skipped itself because it cannot tell in check mode what it would do, and not because a
    condition was not met or a loop had nothing to do."""
    told = ("false_condition", "skip_reason", "skipped_reason", "censored")
    return not any(name in result for name in told) and result.get("msg") != "All items skipped"


def _asks_for(result: Mapping[str, Any], unseen: set[str]) -> bool:
    """Whether the condition that was not met speaks of something that no plan can know; a hidden one might."""
    if "censored" in result:
        return bool(unseen)
    words = set(re.findall(r"\w+", str(result.get("false_condition") or "")))
    return bool(words & unseen)
