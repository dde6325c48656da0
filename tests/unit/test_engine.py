"""The pyinfra engine from job to result, in its own process, on a host that is this machine's shell."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from builder.engines.ahead import ask_ahead
from builder.engines.material import Material
from builder.models.event import Event
from tests.unit.engine_site import HereAndNow

OWNER = 'owner=__import__("getpass").getuser(), group=__import__("grp").getgrgid(__import__("os").getgid()).gr_name'
FILE = f"""
first = write_files("Write it", [FileSpec(variables.folder + "/it", variables.word + "\\n", {OWNER})])
count = variables.folder + "/count"
command("Count it", f"wc -l < {{variables.folder}}/it > {{count}}", unless=f"test -s {{count}}")
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HereAndNow:
    return HereAndNow(tmp_path, monkeypatch)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_a_plan_shows_and_changes_nothing(engine: HereAndNow) -> None:
    engine.role(FILE)
    (engine.folder / "it").write_text("zero\n")
    before = contents(engine.folder)
    result = engine.run("plan")
    assert result.ok
    assert contents(engine.folder) == before
    assert result.changed == {"here": 2}
    assert result.coverage == 1.0
    planned = engine.step("Write it")
    assert (planned.status, planned.role, planned.changed) == ("planned", "trial", True)
    assert "-zero\n+one" in (planned.diff or "")


def test_a_run_converges_and_the_next_changes_nothing(engine: HereAndNow) -> None:
    engine.role(FILE)
    assert engine.run("converge").changed == {"here": 2}
    assert contents(engine.folder) == {"count": "1\n", "it": "one\n"}
    assert [event.status for event in engine.events if event.step == "Write it"] == ["started", "changed"]
    assert (engine.step("Write it").duration or 0) > 0
    assert "read again" in engine.events[-1].step
    again = engine.run("converge")
    assert again.ok
    assert again.changed == {"here": 0}
    assert engine.step("Write it").status == "ok"


def test_what_was_asked_in_the_last_run_is_asked_at_once_in_the_next(engine: HereAndNow) -> None:
    engine.role(
        "for number in range(6):\n"
        '    command(f"Step {number}", "true", unless=f"echo {number} >> {variables.folder}/asked")\n'
        'command("Secret", "true", unless="test swordfish99")'
    )
    material = Material(secrets={"vault:key": SecretStr("swordfish99")})
    for _ in range(2):
        (engine.folder / "asked").unlink(missing_ok=True)
        assert engine.run("plan", material=material, memory="memory").ok
        assert sorted((engine.folder / "asked").read_text().split()) == list("012345"), "each was asked once"
    kept = (engine.folder.parent / "memory" / "here-trial.json").read_text()
    assert kept.count("/host/asked'") == 6
    assert "swordfish99" not in kept


def test_a_question_is_asked_again_after_a_change_and_after_waiting(engine: HereAndNow) -> None:
    count = "echo x >> {variables.folder}/asked"
    engine.role(
        f'command("First", "true", unless=f"{count}")\n'
        f'command("Again", "true", unless=f"{count}")\n'
        'command("Change", "true")\n'
        f'command("After a change", "true", unless=f"{count}")\n'
        'wait_for("Wait", "true", 5)\n'
        f'command("After waiting", "true", unless=f"{count}")'
    )
    assert engine.run("converge").ok
    first, changed, waited, read_again = 1, 1, 1, 1
    assert (engine.folder / "asked").read_text().split() == ["x"] * (first + changed + waited + read_again)


def test_a_wait_that_found_all_well_costs_no_answer(engine: HereAndNow) -> None:
    count = "echo x >> {variables.folder}/asked"
    engine.role(
        f'command("First", "true", unless=f"{count}")\n'
        'wait_for("Wait", "true", 5)\n'
        f'command("Again", "true", unless=f"{count}")'
    )
    assert engine.run("converge").ok
    assert (engine.folder / "asked").read_text() == "x\n"


def test_hosts_are_asked_before_models_and_pyinfra_are_loaded() -> None:
    text = (
        "import sys, builder.engines.ahead, builder.engines.order_in\n"
        "print({name.split('.')[0] for name in sys.modules} & {'pydantic', 'pyinfra', 'gevent'})"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "{'gevent'}\n"


@pytest.mark.parametrize("order", [None, [], {}, {"job": 1}, {"job": {"hosts": [{"connection": {"host": "a"}}]}}])
def test_nobody_is_asked_ahead_for_an_order_that_is_none(order: object) -> None:
    assert ask_ahead(order) == {}


def test_what_cannot_be_previewed_is_named(engine: HereAndNow) -> None:
    engine.role(
        'command("Go blind", "true")\n'
        "from pyinfra.operations import files, server\n"
        'server.shell(name="Shell of pyinfra", commands=["true"])\n'
        'files.directory(name="Directory of pyinfra", path=variables.folder + "/d")'
    )
    result = engine.run("plan")
    unseen = [event.step for event in engine.events if not event.previewable]
    assert unseen == ["Go blind", "Shell of pyinfra"]
    assert engine.step("Directory of pyinfra").changed is True
    assert (result.steps, result.previewable) == (3, 1)
    assert result.coverage == pytest.approx(1 / 3)


def test_a_step_that_would_change_again_has_not_converged(engine: HereAndNow) -> None:
    engine.role('command("Never done", "true", unless="false")')
    result = engine.run("converge")
    assert result.failed == ("here",)
    assert "did not converge" in (engine.step("Never done").error or "")


def test_a_failing_step_says_why_and_ends_its_host(engine: HereAndNow) -> None:
    engine.role(
        'command("Break", "echo reason one >&2; echo the key is swordfish99 >&2; exit 3", unless="false")\n'
        'command("Later", f"touch {variables.folder}/later", unless="false")'
    )
    result = engine.run("converge", material=Material(secrets={"vault:key": SecretStr("swordfish99")}))
    assert result.failed == ("here",)
    assert engine.step("Break").error == "reason one\nthe key is [secret]"
    assert not (engine.folder / "later").exists()


def test_a_role_that_raises_ends_as_a_sentence(engine: HereAndNow) -> None:
    engine.role('raise StepError("here: the administrator would be locked out; add the address")')
    assert engine.run("plan").reasons == ("here | trial: here: the administrator would be locked out; add the address",)
    engine.role('{}["gone"]')
    assert engine.run("converge").reasons == ("here | trial: KeyError: 'gone'",)


def test_a_host_that_is_away_does_not_stop_the_others(engine: HereAndNow) -> None:
    engine.role(FILE)
    result = engine.run("converge", hosts={"away": "192.0.2.9", "here": "192.0.2.1"})
    assert result.unreachable == ("away",)
    assert not result.failed
    assert result.changed["here"] == 2
    (reason,) = result.reasons
    assert reason.startswith("away (192.0.2.9): no SSH connection (ssh: connect to host 192.0.2.9 port 22: No route")


def test_a_connection_that_breaks_is_told_from_a_step_that_fails(engine: HereAndNow) -> None:
    engine.role('command("Cut", "kill -9 $(ps -o ppid= -p $PPID)", unless="false")')
    result = engine.run("converge")
    assert result.unreachable == ("here",)
    assert "the connection broke" in result.reasons[-1]


def test_secrets_are_in_no_event(engine: HereAndNow) -> None:
    engine.role(
        f'write_files("Keep", [FileSpec(variables.folder + "/s", "pw=swordfish99", secret=True, {OWNER})])\n'
        f'write_files("Careless", [FileSpec(variables.folder + "/t", "pw=swordfish99", {OWNER})])\n'
        'command("Pipe", f"cat > {variables.folder}/u", unless=f"test -e {variables.folder}/u", stdin="swordfish99")'
    )
    material = Material(
        secrets={"vault:key": SecretStr("swordfish99")}, key_pem=SecretStr("-----BEGIN\nMIIsecretline\n")
    )
    for mode in ("plan", "converge"):
        assert engine.run(mode, material=material).ok
        assert "swordfish99" not in "".join(event.model_dump_json() for event in engine.events)
    assert (engine.folder / "u").read_text() == "swordfish99\n"
    assert (engine.folder / "s").read_text() == "pw=swordfish99"


def test_the_controller_is_known_by_its_address(engine: HereAndNow) -> None:
    engine.role("raise StepError(controller_address())")
    assert engine.run("plan").reasons == ("here | trial: 198.51.100.7",)


def alive(pid: int) -> bool:
    """Running, and no zombie that only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> set[int]:
    """The processes that `pid` has started and not collected."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return {int(child) for child, parent in (line.split() for line in listed.splitlines()) if int(parent) == pid}


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


PARENT = """
from builder.engines.job import Job, run_job
job = {"run": "r", "mode": "converge", "hosts": [{
    "connection": {"host": "here", "address": "192.0.2.1", "user": "u", "key": "k", "known_hosts": "n", "sudo": False},
    "roles": [["trial", {"folder": FOLDER}]],
}]}
run_job(Job.model_validate(job), {}, lambda event: None)
"""


def test_a_killed_parent_takes_the_engine_along(engine: HereAndNow) -> None:
    """`kill -9` of pacsmith leaves no engine and no connection behind."""
    begun = engine.folder / "begun"
    engine.role('command("Wait", f"echo $$ > {variables.folder}/begun; exec sleep 60", unless="false")')
    parent = subprocess.Popen([sys.executable, "-c", PARENT.replace("FOLDER", repr(str(engine.folder)))])
    assert wait_until(lambda: begun.exists() and begun.read_text().strip())
    (worker,) = children(parent.pid)
    connections = children(worker)
    assert connections
    parent.kill()
    parent.wait()
    try:
        assert wait_until(lambda: not any(map(alive, {worker, *connections})))
    finally:
        for pid in filter(alive, {worker, *connections, int(begun.read_text())}):
            os.kill(pid, signal.SIGKILL)


def test_an_interrupt_ends_the_engine_and_goes_on(engine: HereAndNow) -> None:
    engine.role('command("Wait", "exec sleep 60", unless="false")')
    before = children(os.getpid())

    def interrupt(event: Event) -> None:
        if event.step == "Wait":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run("converge", on_event=interrupt)
    assert not any(map(alive, children(os.getpid()) - before))


TWICE = f"""
spec = FileSpec(variables.folder + "/it", variables.word + "\\n", {OWNER})
place("Lay it down before", [spec])
place("Lay it down again", [spec])
"""


def test_a_plan_knows_what_its_own_earlier_steps_would_have_written(engine: HereAndNow) -> None:
    """Or it would announce a change that the build then does not find to do."""
    engine.role(TWICE)
    assert engine.run("plan").changed == {"here": 1}
    assert [event.changed for event in engine.events if event.status == "planned"] == [True, False]
    assert engine.run("converge").changed == {"here": 1}


def test_what_cannot_be_judged_now_is_named_with_its_reason(engine: HereAndNow) -> None:
    folder = "{variables.folder}"
    engine.role(
        f'command("Teach it", f"touch {folder}/taught", unless=f"test -e {folder}/taught", '
        f'judged_if=f"test -e {folder}/awake")\n'
    )
    assert (engine.run("plan").steps, engine.run("plan").previewable) == (1, 0)
    planned = engine.step("Teach it")
    assert (planned.changed, planned.error) == (None, "what it depends on does not answer now")
    (engine.folder / "awake").touch()
    assert engine.run("plan").changed == {"here": 1}
    assert engine.run("converge").changed == {"here": 1}
    assert engine.run("plan").changed == {"here": 0}
