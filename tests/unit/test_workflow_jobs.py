"""A build's work split by need and by engine, and put together again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.engines.job import ENGINES, Job, JobResult
from builder.engines.material import Material
from builder.engines.tally import merged
from builder.inventory import build_inventory
from builder.inventory.roles import Engine
from builder.models.event import Event
from builder.workflows.jobs import Part, parts_of, run_parts
from tests.unit.site_parts import host, site_of, with_roles

CLASSES: dict[int, dict[str, object]] = {
    1: {"class": "thin_client", "archive": None},
    2: {"class": "workstation", "archive": None},
    3: {},
    4: {"class": "workstation", "archive": None},
}


def engine(role: str) -> Engine:
    return "ansible" if role == "workstation" else "pyinfra"


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Part, ...]:
    """Three classes, of which workstations need both engines."""
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path)
    machines = build_inventory(site_of([host(number, **changes) for number, changes in CLASSES.items()])).machines
    return parts_of(machines, "r1", "converge", engine)


def shape(parts: tuple[Part, ...]) -> list[tuple[str, dict[str, list[str]]]]:
    return [
        (part.engine, {host.connection.host: [role for role, _ in host.roles] for host in part.job.hosts})
        for part in parts
    ]


def test_archives_come_first_and_hosts_of_a_class_work_side_by_side(parts: tuple[Part, ...]) -> None:
    assert shape(parts) == [
        ("pyinfra", {"arc3": ["baseline", "archive"]}),
        ("pyinfra", {"arc1": ["baseline", "thin_client"], "arc2": ["baseline"], "arc4": ["baseline"]}),
        ("ansible", {"arc2": ["workstation"], "arc4": ["workstation"]}),
    ]
    assert parts[0].job.hosts[0].roles[0][1]["greeting"] == "this is arc3"


class Engines:
    """Stands for the engines' processes: `lost` hosts fail or cannot be reached."""

    def __init__(self, failed: str = "", unreachable: str = "") -> None:
        self.ran: list[tuple[str, list[str], list[str]]] = []
        self.failed, self.unreachable = failed, unreachable

    def __call__(
        self, job: Job, materials: dict[str, Material], on_event: Callable[[Event], None], *, engine: str
    ) -> JobResult:
        names = [host.connection.host for host in job.hosts]
        self.ran.append((engine, names, list(materials)))
        return JobResult(
            ok=not {self.failed, self.unreachable} & set(names),
            changed=dict.fromkeys(names, 1),
            failed=tuple(name for name in names if name == self.failed),
            unreachable=tuple(name for name in names if name == self.unreachable),
            steps=len(names),
        )


@pytest.mark.parametrize("lost", ["failed", "unreachable"])
def test_a_lost_host_takes_no_part_in_what_follows(parts: tuple[Part, ...], lost: str) -> None:
    engines = Engines(**{lost: "arc2"})
    result = run_parts(parts, {f"arc{number}": Material() for number in CLASSES}, lambda event: None, engines)
    assert [names for _, names, _ in engines.ran] == [["arc3"], ["arc1", "arc2", "arc4"], ["arc4"]]
    assert all(names == handed for _, names, handed in engines.ran), "a job is handed only its own hosts' secrets"
    assert [name for name, _, _ in engines.ran] == [ENGINES["pyinfra"], ENGINES["pyinfra"], ENGINES["ansible"]]
    assert not result.ok
    assert getattr(result, lost) == ("arc2",)
    assert result.changed == {"arc3": 1, "arc1": 1, "arc2": 1, "arc4": 2}


def test_an_engine_without_a_host_is_not_started(parts: tuple[Part, ...]) -> None:
    alone = tuple(part for part in parts if part.engine == "ansible")
    only = (Part("ansible", alone[0].job.model_copy(update={"hosts": alone[0].job.hosts[:1]})),) * 2
    engines = Engines(failed="arc2")
    run_parts(only, {"arc2": Material()}, lambda event: None, engines)
    assert len(engines.ran) == 1


def test_results_are_added_up() -> None:
    first = JobResult(
        ok=True, changed={"a": 2, "b": 0}, steps=10, previewable=10,
    )  # fmt: skip
    second = JobResult(
        ok=False, changed={"a": 1}, failed=("a",), unreachable=("c",), steps=4, previewable=3, reasons=("a: no",)
    )
    both = merged([first, second, second])
    assert both.changed == {"a": 4, "b": 0}
    assert (both.ok, both.failed, both.unreachable, both.reasons) == (False, ("a",), ("c",), ("a: no", "a: no"))
    assert (both.steps, both.previewable) == (18, 16)
    assert both.coverage == pytest.approx(16 / 18)


def test_no_job_at_all_is_a_success_without_steps() -> None:
    assert merged([]) == JobResult(ok=True, changed={})
