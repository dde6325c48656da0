"""Carry an order out on all its hosts at once: connect, evaluate or execute the roles, read again what was changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import gevent
from pyinfra.api.config import Config
from pyinfra.api.exceptions import ConnectError, NestedOperationError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State, StateStage
from pyinfra.context import ctx_host, ctx_state

from builder.engines import package_steps
from builder.engines.ahead import AT_ONCE, questions_file
from builder.engines.job import JobHost, Order, redactor
from builder.engines.material import Material
from builder.engines.notes import StepError, ask
from builder.engines.recorder import Recorder, previewable, step_name, would_change
from builder.engines.shell.connector import PacsmithConnector
from builder.engines.shell.questions import Asking
from builder.engines.unreached import broke
from builder.errors import PacsmithError
from builder.inventory.roles import has_module, load_role_module
from builder.models.base import Model
from builder.models.event import REBOOT_DUE, Event
from builder.models.plan import REPAIR

SYSTEM = "system"  # the part of a run that belongs to no role: packages of all roles


class Crew:
    """One order. `work` emits events and raises nothing that a host or a role can cause.

    `asked` are connections that were started already, by host, with what was asked through them: they open, and the
    hosts answer, while this module is being loaded.
    """

    def __init__(self, order: Order, emit: Callable[[Event], None], asked: Mapping[str, Asking] | None = None) -> None:
        self.order, self.asked = order, asked or {}
        self.jobs = {host.connection.host: host for host in order.job.hosts}
        self.recorder = Recorder(order.job.run, emit)
        self.state = self._state()

    def _state(self) -> State:
        names = [(name, {"connection": job.connection, **self._memory(job)}) for name, job in self.jobs.items()]
        hides = redactor(self.order.materials).hides
        inventory = Inventory((names, {}))  # type: ignore[no-untyped-call]
        for place, host in enumerate(inventory):
            host.connector_cls = PacsmithConnector
            host.connector_data["pacsmith_hides"] = hides
            if host.name in self.asked:
                host.connector_data["pacsmith_asked"] = self.asked[host.name]
            host.loop_position = [place]  # keeps one host's operations apart from another's
        state = State(inventory, Config())  # type: ignore[no-untyped-call]
        state.add_callback_handler(self.recorder)  # type: ignore[no-untyped-call]
        return state

    def _memory(self, job: JobHost) -> dict[str, str]:
        folder, roles = self.order.job.memory, (role for role, _ in job.roles)
        return {} if folder is None else {"pacsmith_questions": questions_file(folder, job.connection.host, roles)}

    def work(self) -> None:
        """Plan, or converge and read again; so many hosts at once, each batch from connection to end."""
        everyone = list(self.state.inventory)
        with ctx_state.use(self.state):
            for begin in range(0, len(everyone), AT_ONCE):
                batch = everyone[begin : begin + AT_ONCE]
                self._work_on(batch)
                gevent.joinall([gevent.spawn(host.disconnect) for host in batch if host.connected], raise_error=True)

    def _work_on(self, batch: list[Host]) -> None:
        hosts = self._each(batch, self._connect)
        if self.order.job.mode == "plan":
            self._phase(executing=False)
            self._each(hosts, self._plan)
        else:
            self._phase(executing=True)
            hosts = self._each(hosts, self._converge)
            self._phase(executing=False)
            self._each(hosts, self._read_again)

    def _phase(self, *, executing: bool) -> None:
        """pyinfra carries an operation out where it is called (executing), or only evaluates what it would do."""
        self.state.current_stage = StateStage.Execute if executing else StateStage.Prepare
        self.state.is_executing = executing
        self.state.check_for_changes = not executing

    def _each(self, hosts: list[Host], task: Callable[[Host], None]) -> list[Host]:
        """Do a task on hosts in parallel; those on which it went through."""

        def guarded(host: Host) -> bool:
            with ctx_host.use(host), self._told(host) as fine:
                task(host)
            return not fine

        greenlets = {host: gevent.spawn(guarded, host) for host in hosts}
        gevent.joinall(list(greenlets.values()), raise_error=True)
        return [host for host, greenlet in greenlets.items() if greenlet.value]

    @contextmanager
    def _told(self, host: Host) -> Iterator[list[str]]:
        """Turn whatever ends a host's part into an event; the list then holds the reason."""
        faults: list[str] = []
        try:
            yield faults
            self.recorder.close(self.state, host)
        except ConnectError as fault:
            faults.append(str(fault))
            self.recorder.say(host.name, "unreachable", error=str(fault))
        except Exception as fault:  # a role is foreign code: whatever it raises ends this host's part only
            faults.append(str(fault))
            self._ended(host, fault)

    def _ended(self, host: Host, fault: Exception) -> None:
        """Say why a host's part has ended early: its connection, a step, or the role's own code."""
        lost = getattr(host.connector, "lost", None)
        if lost:
            self.recorder.close(self.state, host, error="the connection broke")
            self.recorder.say(host.name, "unreachable", error=broke(host.name, lost))
            return
        if isinstance(fault, NestedOperationError):
            self.recorder.close(self.state, host)
            return
        plain = isinstance(fault, (StepError, PacsmithError, PyinfraError))
        error = str(fault) if plain else f"{type(fault).__name__}: {fault}"
        if host.name in self.recorder.pending:
            self.recorder.close(self.state, host, error=error)
        else:
            self.recorder.say(host.name, "failed", error=error)

    @staticmethod
    def _connect(host: Host) -> None:
        host.connect(raise_exceptions=True, show_errors=False)

    def _parts(self, host: Host, only: set[str] | None = None) -> Iterator[str]:
        """Call each part of the host's work (the system's, then each role); yields its name once its steps are made."""
        job, material = self.jobs[host.name], self.order.materials.get(host.name, Material())
        loaded = [(role, _variables(role, data)) for role, data in job.roles]
        if job.before:
            yield from self._upgrades(host, loaded, dict(job.before), material, only)
            return
        wanted = tuple(
            dict.fromkeys(package for _, variables in loaded for package in getattr(variables, "packages", ()))
        )
        if only is None or SYSTEM in only:
            self.recorder.roles[host.name] = SYSTEM
            if wanted:
                package_steps.repair(name=REPAIR)
            for role, variables in loaded:
                prepare = getattr(load_role_module(role, "deploy"), "prepare", None)
                if prepare is not None:
                    prepare(variables, material)
            if wanted:
                package_steps.packages(name="Install the packages of all roles", wanted=wanted)
            yield SYSTEM
        for role, variables in loaded:
            if only is None or role in only:
                self.recorder.roles[host.name] = role
                load_role_module(role, "deploy").deploy(variables, material)
                yield role

    def _upgrades(
        self,
        host: Host,
        loaded: Sequence[tuple[str, Model]],
        before: Mapping[str, dict[str, object]],
        material: Material,
        only: set[str] | None,
    ) -> Iterator[str]:
        """The same for the step from one state to the next, of those roles that have a word on it."""
        call = self.jobs[host.name].call
        for role, variables in loaded:
            if role not in before or not has_module(role, "upgrade") or (only is not None and role not in only):
                continue
            module = load_role_module(role, "upgrade")
            if hasattr(module, call):
                self.recorder.roles[host.name] = role
                getattr(module, call)(_variables(role, before[role]), variables, material)
                yield role

    def _plan(self, host: Host) -> None:
        begun = 0
        for _ in self._parts(host):
            for operation in host.op_hash_order[begun:]:
                self.recorder.planned(self.state, host, operation)
            begun = len(host.op_hash_order)
        self._plan_reboot(host)

    def _plan_reboot(self, host: Host) -> None:
        """Say why the host must be booted anew, if it must; the roles' own words, over the connection that is open."""
        self.recorder.roles[host.name] = ""
        try:
            said = [line for text in self.jobs[host.name].reboot for line in ask(host, text).splitlines()]
        except StepError as fault:
            self.recorder.say(host.name, "note", step=f"whether {REBOOT_DUE} cannot be told", error=str(fault))
            return
        if said:
            self.recorder.say(host.name, "note", step=REBOOT_DUE, error="\n".join(dict.fromkeys(said)))

    def _converge(self, host: Host) -> None:
        for _ in self._parts(host):
            self.recorder.close(self.state, host)
        self.recorder.roles[host.name] = ""

    def _read_again(self, host: Host) -> None:
        """Evaluate the changed roles anew: a step that would change something still has not converged."""
        _shell(host).forget()
        changed, begun, seen = self.recorder.changed.get(host.name, set()), len(host.op_hash_order), 0
        for _ in self._parts(host, only=changed) if changed else ():
            for operation in host.op_hash_order[begun:]:
                if not previewable(self.state, host, operation):
                    continue
                seen += 1
                if would_change(self.state, host, operation):
                    self.recorder.say(
                        host.name, "failed", step=step_name(self.state, operation), changed=True,
                        error="did not converge: read again after the run, this step would still change something",
                    )  # fmt: skip
            begun = len(host.op_hash_order)
        self.recorder.roles[host.name] = ""
        told = f"{seen} steps read again after the changes" if changed else "nothing had to be changed"
        trips = getattr(host.connector, "round_trips", 0)
        self.recorder.say(host.name, "note", step=f"{told} ({trips} round trips)")


def _shell(host: Host) -> PacsmithConnector:
    assert isinstance(host.connector, PacsmithConnector)
    return host.connector


def _variables(role: str, data: dict[str, object]) -> Model:
    model: type[Model] = load_role_module(role, "variables").Variables
    return model.model_validate(data)
