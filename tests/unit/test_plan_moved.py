"""What has moved since a plan was made, and what a build did that its plan does not say: named, step by step."""

from datetime import UTC, datetime
from typing import Any

import pytest

from builder.assess.moved import LISTED, departures, first_of, inputs_moved, marked, tool_moved, world_moved
from builder.models.event import Event
from builder.models.plan import REPAIR, PlannedStep, Tool
from tests.unit.plan_sample import BLIND, FILES, IDLE, INPUTS, RESTART, STEPS

OTHER_DIFF = FILES.model_copy(update={"diff": str(FILES.diff).replace("false", "null")})


def test_the_same_has_not_moved() -> None:
    assert world_moved("archive01", STEPS, STEPS) == ()
    assert inputs_moved(INPUTS, dict(INPUTS)) == ()
    assert tool_moved(Tool(version="1", code="a"), Tool(version="1", code="a")) == ()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"inventory/hill/site.yml": "f" * 64}, ("inventory/hill/site.yml has changed",)),
        ({"roles/archive": "f" * 64}, ("roles/archive has changed",)),
        ({"calibration/left.csv": "f" * 64}, ("calibration/left.csv is new",)),
    ],
)
def test_an_input_that_moved_is_named(now: dict[str, str], said: tuple[str, ...]) -> None:
    assert inputs_moved(INPUTS, {**INPUTS, **now}) == said


def test_an_input_that_is_gone_is_named_and_one_under_another_path_is_the_same() -> None:
    less = {name: digest for name, digest in INPUTS.items() if not name.startswith("specs")}
    assert inputs_moved(INPUTS, less) == ("specs/orthanc-1.12.yml is no longer there",)
    assert inputs_moved(INPUTS, {**less, "/srv/specs/orthanc-1.12.yml": "b" * 64}) == ()


def test_another_pacsmith_is_named() -> None:
    was = Tool(version="0.1.0", code="a")
    assert tool_moved(was, Tool(version="0.2.0", code="b")) == ("pacsmith 0.1.0 made the plan, and this is 0.2.0",)
    assert tool_moved(was, Tool(version="0.1.0", code="b")) == ("pacsmith's own code has changed (both are 0.1.0)",)


MOVED: dict[str, tuple[tuple[PlannedStep, ...], str]] = {
    "done by hand meanwhile": (
        (IDLE, FILES.model_copy(update={"changes": False, "diff": None}), RESTART),
        "archive: Orthanc settings, rights of each AE: has nothing to do any more, and the plan saw a change",
    ),
    "undone by hand meanwhile": (
        (IDLE.model_copy(update={"changes": True, "diff": "# systemctl start ssh"}), FILES, RESTART),
        "baseline: Run SSH: would change something now, and the plan saw nothing to do",
    ),
    "changed into something else": (
        (IDLE, OTHER_DIFF, RESTART),
        "archive: Orthanc settings, rights of each AE: would make another change now (planned "
        "'-  \"AllowStore\": false', now '-  \"AllowStore\": null')",
    ),
    "a step more": ((*STEPS, BLIND), "workstation: Set the reader's password: a step that the plan does not have"),
    "a step less": (STEPS[:2], "archive: Orthanc runs: a step of the plan that is no longer there"),
    "hidden now": (
        (IDLE, FILES.model_copy(update={"changes": None, "diff": None, "why": "Python is gone"}), RESTART),
        "archive: Orthanc settings, rights of each AE: can no longer be previewed: Python is gone",
    ),
}


@pytest.mark.parametrize("how", MOVED)
def test_a_host_that_moved_is_named_with_its_step(how: str) -> None:
    now, said = MOVED[how]
    assert world_moved("archive01", STEPS, now) == (f"archive01: {said}",)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("@@ -1,4 +1,9 @@\n kept\n-edited by hand\n+ours\n", "(planned '+ours', now '-edited by hand')"),
        ("@@ -7 +7,2 @@\n kept\n+ours\n", "(the same lines, at another place of the file)"),
    ],
)
def test_a_difference_is_told_by_its_lines_and_not_by_where_its_parts_begin(now: str, said: str) -> None:
    was = FILES.model_copy(update={"diff": "@@ -1,3 +1,9 @@\n kept\n+ours\n"})
    (told,) = world_moved("archive01", (was,), (was.model_copy(update={"diff": now}),))
    assert told.endswith(f"would make another change now {said}")


def test_a_name_that_comes_twice_is_told_apart() -> None:
    twice = (IDLE, IDLE.model_copy(update={"changes": True}))
    assert len(world_moved("a", twice, (IDLE, IDLE))) == 1
    assert world_moved("a", twice, twice) == ()


def did(step: PlannedStep, status: str, **more: Any) -> Event:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Event(run="r", at=at, host="archive01", role=step.role, step=step.step, status=status,
                 **({"diff": step.diff} if status == "changed" else {}) | more)  # fmt: skip


KEPT = (did(IDLE, "ok"), did(FILES, "changed"), did(RESTART, "changed"))


def test_a_build_that_did_what_its_plan_says_departs_from_nothing() -> None:
    assert departures("archive01", STEPS, KEPT) == ()
    assert departures("archive01", STEPS, [did(FILES, "started"), *KEPT]) == ()


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ((did(IDLE, "changed"), *KEPT[1:]), "baseline: Run SSH: has changed something, and the plan saw nothing to do"),
        ((*KEPT[:2], did(RESTART, "ok")), "archive: Orthanc runs: had nothing to do, and the plan saw a change"),
        ((KEPT[0], did(FILES, "changed", diff="+ another"), KEPT[2]),
         "archive: Orthanc settings, rights of each AE: has made another change than the plan showed (planned "
         "'--- /etc/orthanc/orthanc.json', now '+ another')"),
        ((*KEPT, did(PlannedStep(role="archive", step="New", changes=None), "changed")),
         "archive: New: has changed something, and the plan has no such step"),
    ],
)  # fmt: skip
def test_what_a_build_did_beyond_its_plan_is_named(done: tuple[Event, ...], said: str) -> None:
    assert departures("archive01", STEPS, done) == (f"archive01: {said}",)


def test_steps_that_no_plan_can_preview_and_steps_never_come_to_are_no_departure() -> None:
    assert departures("archive01", (BLIND,), [did(BLIND, "changed")]) == ()
    assert departures("archive01", STEPS, KEPT[:1]) == ()
    failed = did(FILES, "failed", error="disk full")
    assert departures("archive01", STEPS, (KEPT[0], failed)) == ()
    again = did(FILES, "failed", changed=True, error="did not converge")
    assert departures("archive01", STEPS, (*KEPT, again)) == ()


def test_after_an_installation_only_whether_something_changes_is_certain() -> None:
    install = PlannedStep(
        role="system", step="Install the packages of all roles", changes=True, diff="+ orthanc\n+ nginx"
    )
    others = (did(install, "changed"), did(IDLE, "ok"), did(FILES, "changed", diff="- Debian's own\n+ ours"))
    steps = marked((install, IDLE, FILES))
    assert [step.exact for step in steps] == [True, False, False]
    assert departures("archive01", steps, others) == ()
    assert len(departures("archive01", (IDLE, FILES), others)) == 2, "without one the difference is certain"
    surprise = (did(install, "changed"), did(IDLE, "changed"))
    assert departures("archive01", marked((install, IDLE)), surprise) == (
        "archive01: baseline: Run SSH: has changed something, and the plan saw nothing to do",
    )


def test_other_hosts_are_not_asked_after() -> None:
    assert departures("read02", STEPS, KEPT) == ()


def test_a_long_list_says_how_many_more() -> None:
    assert first_of(["a"]) == "a"
    assert first_of([str(number) for number in range(LISTED + 3)]).endswith("; and 3 more")


UNITS = RESTART.model_copy(update={"diff": "# systemctl restart orthanc.service\n# systemctl enable nginx.service"})
PACKAGES = PlannedStep(role="system", step="Install the packages of all roles", changes=True, diff="+ orthanc\n+ nginx")
REPAIRED = PlannedStep(role="system", step=REPAIR, changes=False)


def now(step: PlannedStep, diff: str | None, changes: bool | None = True) -> PlannedStep:
    return step.model_copy(update={"diff": diff, "changes": changes})


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        (FILES, now(FILES, None, False)),
        (PACKAGES, now(PACKAGES, "+ nginx")),
        (REPAIRED, now(REPAIRED, "# dpkg --configure -a")),
        (UNITS, now(UNITS, "# systemctl start orthanc.service")),
        (FILES.model_copy(update={"exact": False}), OTHER_DIFF),
        (BLIND, now(BLIND, None, False)),
        (FILES, now(FILES, None, None)),
    ],
    ids=["done", "half the packages", "left half installed", "stopped and not started", "package's own file",
         "cannot be previewed", "cannot be previewed any more"],
)  # fmt: skip
def test_what_a_build_that_was_cut_off_has_done_moves_nothing_for_the_one_that_resumes_it(
    was: PlannedStep, is_: PlannedStep
) -> None:
    assert world_moved("archive01", (was,), (is_,), begun=True) == ()
    assert len(world_moved("archive01", (was,), (is_,))) == 1, "for a build that begins it does"


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        (FILES, OTHER_DIFF),
        (IDLE, now(IDLE, "# systemctl restart ssh.service")),
        (PACKAGES, now(PACKAGES, "+ nginx\n+ telnetd")),
        (UNITS, now(UNITS, "# systemctl stop postgresql.service")),
        (IDLE, now(IDLE, None, None)),
    ],
    ids=["edited by hand", "stopped by hand", "a package more", "another unit", "nobody can tell"],
)
def test_what_somebody_else_moved_stops_the_one_that_resumes_it_too(was: PlannedStep, is_: PlannedStep) -> None:
    assert len(world_moved("archive01", (was,), (is_,), begun=True)) == 1
