"""What an engine prints, and how it ends, seen from the process that started it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from builder.engines.job import Job, JobHost, JobResult, event_of, run_job
from builder.engines.material import Material
from builder.engines.tally import Tally
from builder.engines.template import render
from builder.errors import BadInput
from builder.models.connection import Connection
from builder.models.event import Event
from builder.models.secret import SecretReference

CONNECTION = Connection(host="archive01", address="192.0.2.1", user="pacsmith", key="id", known_hosts="pins")
JOB = Job(run="r1", mode="converge", hosts=(JobHost(connection=CONNECTION, roles=()),))
GOOD = '{"run":"r1","at":"2026-11-21T12:00:00Z","host":"archive01","step":"S","status":"changed","changed":true}'


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> tuple[JobResult, list[Event]]:
    """Run the job with an engine that does as `body` says."""
    (folder / "fake_engine.py").write_text(f"import os, sys\norder = sys.stdin.read()\n{body}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    events: list[Event] = []
    materials = {"archive01": Material(secrets={"vault:x": SecretStr("swordfish99")})}
    return run_job(JOB, materials, events.append, engine="fake_engine"), events


def test_a_line_that_is_no_event_is_a_note_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result, events = fake(tmp_path, monkeypatch, f"print('Warning: swordfish99!'); print('{GOOD}'); print('{{')")
    assert result.ok
    assert result.changed == {"archive01": 1}
    assert [event.status for event in events] == ["note", "changed", "note"]
    assert events[0].error == "the engine printed no event: Warning: [secret]!"


def test_a_file_of_the_project_folder_is_not_taken_for_python_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "json.py").write_text("raise SystemExit('not me')\n")
    monkeypatch.chdir(project)
    result, _ = fake(tmp_path, monkeypatch, f"import json; print(json.dumps({GOOD.replace('true', 'True')}))")
    assert result.reasons == ()
    assert result.ok


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "print('oops swordfish99', file=sys.stderr); sys.exit(7)",
            "ended with exit code 7 before its work was done (oops [secret])",
        ),
        ("os.kill(os.getpid(), 9)", "was killed by signal 9 before its work was done"),
        ("os.close(0); os.close(1); os._exit(1)", "ended with exit code 1"),
    ],
)
def test_an_engine_that_dies_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, sentence: str
) -> None:
    result, _ = fake(tmp_path, monkeypatch, f"print('{GOOD}', flush=True); {body}")
    assert not result.ok
    assert result.failed == ("archive01",)
    assert sentence in result.reasons[0]
    assert "run the command again" in result.reasons[0]


def test_an_engine_that_never_reads_its_order_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deaf_engine.py").write_text("import sys; sys.exit(5)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    big = {"archive01": Material(ca_pem="x" * 1_000_000)}
    assert "exit code 5" in run_job(JOB, big, lambda event: None, engine="deaf_engine").reasons[0]


def test_a_foreign_order_is_refused_without_quoting_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order holds secrets: what is wrong with it must not be told by quoting it."""
    monkeypatch.setattr("builder.engines.job.order_text", lambda job, materials: '{"password": "swordfish99"')
    result = run_job(JOB, {}, lambda event: None)
    assert "exit code 2" in result.reasons[0]
    assert "swordfish99" not in result.reasons[0]


def event(**more: object) -> Event:
    return Event.model_validate({"run": "r1", "at": datetime.now(UTC), "host": "a", "step": "S", **more})


def test_a_plan_counts_what_it_could_see() -> None:
    tally = Tally(["a", "b"])
    for one in (
        event(status="planned", changed=True),
        event(status="planned", changed=False),
        event(status="planned", changed=None, previewable=False),
        event(status="note", step="not a step"),
        event(status="started"),
    ):
        tally.count(one)
    result = tally.result()
    assert (result.ok, result.changed, result.steps, result.previewable) == (True, {"a": 1, "b": 0}, 3, 2)
    assert result.coverage == pytest.approx(2 / 3)
    assert Tally([]).result().coverage == 1.0


def test_garbage_is_kept_short() -> None:
    assert len(event_of("x" * 10_000, "r1").error or "") < 600


def test_material_shows_itself_to_nobody() -> None:
    material = Material(secrets={"vault:x": SecretStr("swordfish99")}, key_pem=SecretStr("-----BEGIN\nMIIabc\n"))
    assert "swordfish99" not in repr(material) + material.model_dump_json()
    assert "MIIabc" not in repr(material) + material.model_dump_json()
    assert material.secret(SecretReference(vault="x")) == "swordfish99"
    assert {"swordfish99", "MIIabc"} <= set(material.hidden_values())
    with pytest.raises(BadInput, match="vault:y"):
        material.secret(SecretReference(vault="y"))


def test_a_template_with_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.j2").write_text("{{ known }} {{ unknown }}")
    with pytest.raises(ValueError, match=r"templates/t\.j2: 'unknown' is undefined"):
        render(str(tmp_path / "deploy.py"), "t.j2", known=1)


def test_a_job_knows_two_modes() -> None:
    with pytest.raises(ValidationError):
        Job.model_validate({"run": "r", "mode": "destroy", "hosts": []})
