"""A reboot is believed when the host says a new boot id and nothing is broken that was not broken before."""

import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.inventory import build_inventory
from builder.models.event import Event
from builder.workflows import reboot as rebooting
from builder.workflows.reboot import Ask, RebootError, Said, boot_id, reasons, reboot, reboot_where_needed
from tests.unit.site_parts import host, site_of, with_roles

OLD, NEW = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Machine:
    """A host that is told to reboot: answers to the boot id afterwards, one after the other, the last for ever."""

    def __init__(
        self, *boots: Said, before: Said = (0, OLD), ordered: Said = None, states: Iterable[str] = ("running",),
        broken: str = "", broken_after: str = "", wants: Iterable[str] = ("a new kernel", ""),
    ) -> None:  # fmt: skip
        self.boots, self.before, self.ordered = list(boots) or [(0, NEW)], before, ordered
        self.states, self.broken, self.broken_after = list(states), broken, broken_after
        self.wants = list(wants)
        self.told = False
        self.time = 0.0

    def __call__(self, script: str) -> Said:
        if "boot_id" in script:
            if not self.told:
                return self.before
            return self.boots.pop(0) if len(self.boots) > 1 else self.boots[0]
        if script == "systemctl reboot":
            self.told = True
            return self.ordered
        if "is-system-running" in script:
            return 1, self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if "list-units" in script:
            return 0, self.broken_after if self.told else self.broken
        return 0, self.wants[1] if self.told else self.wants[0]

    def clock(self) -> float:
        return self.time

    def pause(self, seconds: float) -> None:
        self.time += seconds


def rebooted(machine: Machine) -> str:
    return reboot(machine, machine.clock, machine.pause).after


@pytest.mark.parametrize(
    "boots",
    [
        [None, None, (0, NEW)],
        [(0, OLD), (0, OLD), None, (0, NEW)],  # it takes its time to go down
        [(0, OLD), (0, NEW)],  # so quick that nobody saw it away
        [None, (255, "ssh: connection refused"), (0, "System is booting up."), (0, ""), (0, NEW + "\n")],
    ],
)
def test_only_a_new_boot_id_is_a_reboot(boots: list[Said]) -> None:
    assert rebooted(Machine(*boots)) == NEW


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine((0, OLD)), "still runs boot " + OLD),
        (Machine(None), "has not said a new boot id since; look at its console"),
        (Machine(None, (0, "not a boot id")), "has not said a new boot id"),
        (Machine(ordered=(1, "Operation inhibited by backup")), "it refuses to reboot: Operation inhibited by backup"),
        (Machine(before=(0, "cat: no such file")), "nobody could tell a reboot; it was not rebooted"),
        (Machine(before=None), "it was not rebooted"),
        (Machine(states=["starting"]), "its services do not come to rest"),
        (Machine(states=["degraded"], broken="a.service", broken_after="a.service\northanc.service\n"),
         "these units failed: orthanc.service;"),
    ],
)  # fmt: skip
def test_what_is_no_reboot_is_told(machine: Machine, said: str) -> None:
    with pytest.raises(RebootError, match=said.replace("(", r"\(")):
        rebooted(machine)


def test_what_was_broken_before_is_not_the_reboots_fault() -> None:
    assert rebooted(Machine(states=["starting", "degraded"], broken="a.service", broken_after="a.service\n")) == NEW


@pytest.mark.parametrize("said", [None, (0, ""), (1, OLD), (0, OLD + OLD), (0, NEW.upper()), (0, f"boot {OLD}")])
def test_an_answer_that_is_no_boot_id(said: Said) -> None:
    assert boot_id(said) is None


# where a role says that it needs one


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict[str, str], list[Event]]]:
    """Carry the step out on one host whose role `archive` has a reboot.sh; faults and events."""
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path)
    (tmp_path / "roles/archive/reboot.sh").write_text("cat /run/wants-a-reboot")
    monkeypatch.setattr(rebooting, "now", lambda: NOON)
    monkeypatch.setattr(rebooting, "_PAUSE", 0.0)

    def carry_out(
        ask: Ask, *, allowed: bool = True, announced: frozenset[str] | None = None
    ) -> tuple[dict[str, str], list[Event]]:
        windows = [{"name": "w", "days": ["sun"], "start": "11:00", "end": "13:00", "reboot": allowed}]
        site = site_of([host(1, stage="production")], windows=windows)
        session = SimpleNamespace(site=site, run=SimpleNamespace(id="r1"))
        events: list[Event] = []
        machines = build_inventory(site).machines
        faults = reboot_where_needed(session, machines, events.append, announced, lambda _: ask)  # type: ignore[arg-type]
        return faults, events

    return carry_out


def test_a_needed_reboot_is_a_step_of_the_run(told: Callable[..., tuple[dict[str, str], list[Event]]]) -> None:
    faults, events = told(Machine(None, (0, NEW)))
    assert faults == {}
    assert [(event.host, event.step, event.status) for event in events] == [
        ("arc1", "Reboot", "started"), ("arc1", "Reboot", "changed"),
    ]  # fmt: skip
    assert events[1].diff == f"-boot {OLD}\n+boot {NEW}\n a new kernel"


def test_without_a_reason_nothing_is_done_or_said(told: Callable[..., tuple[dict[str, str], list[Event]]]) -> None:
    machine = Machine(wants=("", ""))
    assert told(machine) == ({}, [])
    assert not machine.told


def test_off_unless_a_window_allows_it(told: Callable[..., tuple[dict[str, str], list[Event]]]) -> None:
    machine = Machine()
    faults, (note,) = told(machine, allowed=False)
    assert not machine.told
    assert faults == {}
    assert (note.status, note.host) == ("note", "arc1")
    assert note.step.startswith(
        "must be rebooted (a new kernel), and no window of the site file that says `reboot: true`"
    )


def test_a_plan_that_does_not_announce_it_keeps_the_host_up(
    told: Callable[..., tuple[dict[str, str], list[Event]]],
) -> None:
    machine = Machine()
    faults, (note,) = told(machine, announced=frozenset({"other"}))
    assert not machine.told
    assert (faults, note.status) == ({}, "note")
    assert note.step == (
        "must be rebooted (a new kernel), and the plan that is carried out does not say so: make a new plan, or reboot "
        "it by hand"
    )
    assert told(Machine(None, (0, NEW)), announced=frozenset({"arc1"}))[1][-1].status == "changed"


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine(ordered=(1, "inhibited")), "it refuses to reboot: inhibited"),
        (
            Machine(wants=("a new kernel", "a new kernel")),
            f"it has booted anew (boot {NEW}), and still: a new kernel",
        ),
    ],
)
def test_a_failed_reboot_is_the_hosts_failure(
    told: Callable[..., tuple[dict[str, str], list[Event]]], machine: Machine, said: str
) -> None:
    faults, events = told(machine)
    assert list(faults) == ["arc1"]
    assert said in faults["arc1"]
    assert events[-1].status == "failed"
    assert said in (events[-1].error or "")


def test_a_role_that_cannot_tell_is_told_of_and_changes_nothing(
    told: Callable[..., tuple[dict[str, str], list[Event]]],
) -> None:
    faults, (note,) = told(lambda _: (2, "sh: cannot open"))
    assert faults == {}
    assert note.step == "role archive cannot tell whether it must be rebooted: sh: cannot open"


@pytest.mark.parametrize(
    "role", sorted((Path(__file__).parents[2] / "roles").glob("*/reboot.sh")), ids=lambda file: file.parent.name
)
def test_the_shipped_roles_tell_without_changing_anything(role: Path) -> None:
    """They run anywhere, here too: what is not there is no reason and no fault."""
    done = subprocess.run(["sh", "-s"], input=role.read_text(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reason_that_two_roles_give_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path)
    for role in ("baseline", "archive"):
        (tmp_path / "roles" / role / "reboot.sh").write_text("true")
    (machine,) = build_inventory(site_of([host(1)])).machines
    assert reasons(lambda _: (0, "a new kernel\nfirmware\n"), machine) == ("a new kernel", "firmware")
