"""Recorded events of ansible-runner, as our events.

recorded/ansible/NAME.MODE.jsonl is what ansible-runner 2.4 with ansible-core 2.19 said while it carried tests/lab/roles
out on a lab host (2026-11-22), without what nobody reads; golden/ansible/NAME.MODE.txt is what must become of it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from builder.engines.ansible_documents import Mode
from builder.engines.ansible_events import Listener
from builder.engines.ansible_results import diff_text, early_end, why_failed
from builder.engines.ansible_tasks import Task, tasks_of
from builder.engines.files import DIFF_LINES
from builder.engines.job import JobHost
from builder.engines.tally import Tally
from builder.models.connection import Connection
from builder.models.event import Event

HERE = Path(__file__).parent
RECORDED = sorted((HERE / "recorded" / "ansible").glob("*.jsonl"))
TASKS = tasks_of((HERE.parent / "lab" / "roles" / "workstation" / "tasks" / "main.yml").read_text(encoding="utf-8"))


def task_at(place: str) -> Task:
    file, _, line = place.rpartition(":")
    return TASKS.get(int(line), Task()) if file.endswith("workstation/tasks/main.yml") else Task()


def job(name: str, address: str = "192.0.2.12") -> JobHost:
    connection = Connection(host=name, address=address, user="pacsmith", key="id", known_hosts="pins")
    return JobHost(connection=connection, roles=(("workstation", {}),))


HOSTS = (job("reading1"), job("reading2", "192.0.2.99"))


def heard(file: Path) -> tuple[Listener, list[Event]]:
    mode: Mode = file.stem.rpartition(".")[2]  # type: ignore[assignment]
    events: list[Event] = []
    listener = Listener("r1", mode, HOSTS, task_at, events.append)
    for line in file.read_text(encoding="utf-8").splitlines():
        assert listener.hear(json.loads(line)) is False
    return listener, events


def as_text(listener: Listener, events: list[Event]) -> str:
    lines = []
    for event in events:
        flags = [{True: "changed", False: "unchanged", None: ""}[event.changed], "" if event.previewable else "unseen"]
        place = " | ".join(part for part in (event.host, event.role, event.step) if part)
        lines.append(" ".join(part for part in (f"{event.status}:", place, *(f"({flag})" for flag in flags if flag))))
        lines += [f"    ! {text}" for text in (event.error or "").splitlines()]
        lines += [f"    {text}" for text in (event.diff or "").splitlines()]
    if not listener.finished:
        lines.append(early_end(4, listener.said))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_recorded_events(file: Path) -> None:
    golden = HERE / "golden" / "ansible" / f"{file.stem}.txt"
    assert as_text(*heard(file)) == golden.read_text(encoding="utf-8")


def test_there_are_recordings_of_every_kind() -> None:
    modes = {file.stem.rpartition(".")[2] for file in RECORDED}
    assert modes == {"plan", "converge", "again"}
    assert len(RECORDED) >= 15


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_every_step_that_began_has_an_end(file: Path) -> None:
    _, events = heard(file)
    begun = [(event.host, event.role, event.step) for event in events if event.status == "started"]
    ended = [(event.host, event.role, event.step) for event in events if event.status not in ("started", "planned")]
    for step in begun:
        if step[2] != "Ask a program that is not there":
            assert step in ended, step


def test_a_plan_of_a_bare_host_counts_what_it_could_not_see() -> None:
    _, events = heard(next(file for file in RECORDED if file.stem == "bare.plan"))
    tally = Tally(["reading1"])
    for event in events:
        tally.count(event)
    unseen = [event.step for event in events if not event.previewable]
    result = tally.result()
    assert result.ok
    assert "Make the mark" in unseen  # a command
    assert "Write beside the mark" in unseen  # depends on what the command will do
    assert "Count a restart" in unseen  # a handler that is a command
    assert result.coverage == pytest.approx(1 - len(unseen) / len(events))


def one(kind: str, listener: Listener, **data: Any) -> None:
    about = {"host": "reading1", "role": "workstation", "task": "T", "task_uuid": "u", "task_action": "command"}
    listener.hear({"event": kind, "stdout": data.pop("stdout", ""), "event_data": about | data})


def listening(mode: Mode) -> tuple[Listener, list[Event]]:
    events: list[Event] = []
    return Listener("r1", mode, HOSTS, task_at, events.append), events


def test_a_connection_that_breaks_in_the_middle_is_no_host_that_is_down() -> None:
    listener, events = listening("converge")
    one("runner_on_ok", listener, res={"changed": True})
    one("runner_on_start", listener)
    one("runner_on_unreachable", listener, res={"msg": "Task failed: Failed to connect to the host via ssh: gone\n"})
    one("runner_on_ok", listener, res={"changed": True})
    assert [event.status for event in events] == ["changed", "started", "failed", "unreachable"]
    assert events[2].error == "the connection broke"
    assert events[3].error == (
        "reading1: the connection broke (gone); run the same command again when the host is back"
    )


def test_loops_under_no_log_are_changed_when_an_item_is() -> None:
    for said, changed in (("ok: [reading1] => (item=None)", False), ("changed: [reading1] => (item=None)", True)):
        listener, events = listening("converge")
        one("runner_on_start", listener)
        one("runner_item_on_ok", listener, res={"censored": "hidden"}, stdout=said)
        one("runner_item_on_ok", listener, res={"censored": "hidden"}, stdout="ok: [reading1] => (item=None)")
        one("runner_on_ok", listener, res={"censored": "hidden"})
        assert events[-1].changed is changed


def test_in_check_mode_one_skipped_item_hides_its_step() -> None:
    listener, events = listening("plan")
    one("runner_on_start", listener)
    one("runner_item_on_skipped", listener, res={"msg": "Command would have run if not in check mode", "skipped": True})
    one("runner_on_ok", listener, res={"changed": False, "results": []})
    assert [(event.status, event.previewable) for event in events] == [("planned", False)]


def test_items_whose_condition_is_not_met_hide_nothing() -> None:
    listener, events = listening("plan")
    one("runner_on_start", listener)
    one(
        "runner_item_on_skipped",
        listener,
        res={"false_condition": "item", "skip_reason": "Conditional result was False"},
    )
    one("runner_on_skipped", listener, stdout='skipping: [reading1] => {"changed": false, "msg": "All items skipped"}')
    assert events == []


def test_a_long_difference_is_cut_and_says_so() -> None:
    copied = {"before": "", "after": "line\n", "after_header": "/dev/shm/pacsmith-1/tmp/copy.j2"}
    assert (diff_text({"diff": copied, "dest": "/etc/short"}) or "").splitlines()[:2] == [
        "--- /dev/null",
        "+++ /etc/short",
    ]
    text = diff_text({"diff": {"before": "", "after": "line\n" * 1000, "after_header": "/etc/long"}})
    assert text is not None
    lines = text.splitlines()
    assert len(lines) == DIFF_LINES + 1
    assert lines[-1].startswith(f"({1003 - DIFF_LINES} more lines, ")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            {"msg": "non-zero return code", "rc": 3, "stderr": "no disk\n"},
            "the command ended with exit code 3: no disk",
        ),
        ({"msg": "non-zero return code", "rc": 3, "stdout": "a\nb"}, "the command ended with exit code 3\na\nb"),
        ({"msg": "Task failed: Module failed: no package", "stderr": "no package"}, "no package"),
        (
            {"msg": "One or more items failed", "results": [{"failed": True, "msg": "x"}, {"msg": "fine"}]},
            "x",
        ),
        ({"argument_errors": ["'a' is no int"], "msg": "Validation failed"}, "Validation failed: 'a' is no int"),
        ({}, "the task failed and said nothing"),
    ],
)
def test_why_a_task_failed(result: dict[str, Any], expected: str) -> None:
    assert why_failed(result) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            ["Using x as config file", "[ERROR]: bad YAML.\nOrigin: a.yml:1:2\n\n1 - x"],
            "(bad YAML.; Origin: a.yml:1:2)",
        ),
        (["command not found"], "(command not found)"),
        ([], "(it said nothing)"),
    ],
)
def test_a_run_that_ends_early_is_a_sentence(said: list[str], expected: str) -> None:
    assert expected in early_end(4, said)
