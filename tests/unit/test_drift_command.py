"""`pacsmith drift` from the command to the ledger, on a host that is this machine's shell."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BadInput, Interrupted
from builder.ledger import HostState
from builder.models.drift import SiteDrift
from builder.models.evidence import Evidence
from builder.models.run import Run
from builder.report.drift import host_lines
from builder.report.prometheus import prometheus_text
from builder.workflows.drift import drift
from builder.workflows.replay import kept, wanted_moved
from builder.workflows.session import Session, this_tool
from tests.unit.drift_sample import drift_sample
from tests.unit.planned_project import Project, accepted, accepted_once, begun, project, restored

__all__ = ["accepted", "accepted_once", "begun", "project"]


@dataclass(frozen=True)
class Reading:
    """What `drift --json` said, and its exit code."""

    code: int
    said: dict[str, Any]

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The host's differences in steps, by subject."""
        its = self.said["hosts"][0]["differences"]
        return {one["subject"].partition(": ")[2]: one for one in its if one["kind"] == "step"}


def read(project: Project, *words: str) -> Reading:
    """One reading by the command."""
    done = project.run("drift", "--json", *words)
    assert done.stdout, (done.stderr, done.exception)
    assert "hunter2" not in done.output, "no secret is shown"
    return Reading(done.exit_code, json.loads(done.stdout))


@dataclass(frozen=True)
class Story:
    """One host's readings: as accepted, and twice after somebody changed its rights by hand. `kept` is the second
    one's evidence by subject, `run` that run; `state` is what is known of the host once it was accepted anew."""

    clean: Reading
    changed: Reading
    later: Reading
    kept: dict[str, Evidence]
    run: Run
    refused: BaseException | None
    state: HostState | None


@pytest.fixture(scope="module")
def story(begun: Path, accepted_once: Path) -> Story:
    with pytest.MonkeyPatch.context() as patch:
        ours = next(restored(begun, accepted_once, patch))
        clean = read(ours)
        (ours.host / "rights").write_text("ct01 may store, and ct02\n")
        changed = read(ours)
        later = read(ours)
        session = ours.session("report")
        with session.ledger as ledger:
            kept = {one.subject: one for one in ledger.evidence(changed.said["run"])}
            run = ledger.run(changed.said["run"])
        refused = ours.run("report", "--run", run.id).exception
        ours.accept()
        session = ours.session("report")
        with session.ledger as ledger:
            return Story(clean, changed, later, kept, run, refused, ledger.host_state("hill", "archive01"))


def test_a_host_as_accepted_has_no_drift(story: Story) -> None:
    host = story.clean.said["hosts"][0]
    assert (host["differences"], host["unseen"], host["blind"]) == ([], [], [])
    assert (host["steps"], host["seen"]) == (5, 5)
    assert host["facts"] > 10
    assert (story.clean.code, story.clean.said["states"]) == (0, {"archive01": "as accepted"})


def test_what_somebody_changed_is_corrective_and_named_with_its_time(story: Story) -> None:
    assert story.changed.code == 1
    one, loaded = story.changed.steps["Rights of each AE"], story.changed.steps["Begin anew"]
    assert (one["cause"], one["concern"], loaded["cause"]) == ("corrective", "AE table and routes", "corrective")
    assert "ct02" in one["diff"]
    again = story.later.steps["Rights of each AE"]
    for reading in (one, again):
        assert (reading["after"], reading["seen"]) == (story.clean.said["at"], story.changed.said["at"])


def test_every_reading_is_kept_as_evidence_and_no_dossier_is_made_of_it(story: Story) -> None:
    assert story.kept["drift"].verdict == "short"
    assert story.kept["drift: step: archive: Rights of each AE"].source == "AE table and routes; corrective"
    assert (story.run.verb, story.run.note) == ("drift", "1 drift")
    assert isinstance(story.refused, BadInput)


def test_a_new_acceptance_begins_anew(story: Story) -> None:
    assert story.state is not None
    assert story.state.accepted_run != story.clean.said["hosts"][0]["accepted_run"]
    assert story.state.drift is None, "what was seen before it is forgotten"


def test_what_follows_from_the_site_is_kept_apart_from_what_somebody_did(accepted: Project) -> None:
    accepted.change_site(location="Room 2", ae={"title": "BRIGID_TWO", "port": 104})
    (accepted.host / "rights").write_text("ct01 may store, and ct02\n")
    (accepted.host / "place").write_text("Cellar\n")
    (accepted.host / "secret").write_text("hunter2hunter2")
    found = read(accepted)
    assert {name: one["cause"] for name, one in found.steps.items()} == {
        "Where it stands": "both", "Its AE title": "intended", "Rights of each AE": "corrective",
        "Password": "undecided", "Begin anew": "corrective",
    }  # fmt: skip
    assert found.code == 1


def test_a_role_that_was_changed_leaves_it_undecided(accepted: Project) -> None:
    deploy = accepted.folder / "roles" / "archive" / "deploy.py"
    deploy.write_text(deploy.read_text().replace("may store", "may store and move"))
    assert read(accepted).steps["Rights of each AE"]["cause"] == "undecided"


def test_another_pacsmith_of_the_same_version_leaves_it_undecided_too(
    accepted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = accepted.session("drift")
    (machine,) = session.machines
    with session.ledger as ledger:
        state = ledger.host_state("hill", "archive01")
        assert state is not None
        by = ledger.run(str(state.accepted_run))
    assert wanted_moved(session, machine, state, by, kept(state)) == (False, False)
    other = this_tool().model_copy(update={"code": "0" * 64})
    monkeypatch.setattr("builder.workflows.replay.this_tool", lambda: other)
    assert wanted_moved(session, machine, state, by, kept(state)) == (False, True)


def test_a_host_that_does_not_answer_is_unknown_and_never_as_accepted(accepted: Project) -> None:
    (accepted.folder / "away").touch()
    found = read(accepted)
    assert (found.code, found.said["states"]) == (3, {"archive01": "unreachable"})
    assert found.said["hosts"][0]["differences"] == []
    as_read = SiteDrift.model_validate({name: found.said[name] for name in SiteDrift.model_fields})
    (line, *_) = host_lines(as_read)
    assert "unreachable: whether it has drifted is unknown" in line.plain
    metrics = prometheus_text(as_read)
    assert 'pacsmith_drift_host_readable{site="hill",host="archive01"} 0' in metrics
    assert "pacsmith_drift_differences{" not in metrics


def test_a_host_that_was_never_accepted_is_unknown(project: Project) -> None:
    found = read(project)
    assert found.code == 1
    assert any("never accepted" in one["why"] for one in found.said["hosts"][0]["unseen"])


def test_a_host_that_somebody_builds_is_unknown_meanwhile(accepted: Project) -> None:
    session = accepted.session("build")
    with session.ledger as ledger:
        ledger.begin(session.run)
        with ledger.lock("hill/archive01", who="ada", why="build", run=session.run.id):
            found = read(accepted)
    assert found.code == 1
    (unseen,) = found.said["hosts"][0]["unseen"]
    assert unseen["why"].startswith("ada is at work on it since ")
    assert found.said["states"] == {"archive01": "unknown"}


def test_a_certificate_that_ends_soon_is_told_and_not_renewed(accepted: Project) -> None:
    file = accepted.folder / ".pacsmith" / "hill" / "certificates" / "archive01.pem"
    before = file.read_bytes()
    session = accepted.session("drift")
    later = accepted.session("drift", today=session.today + timedelta(days=380))
    found = drift(later)
    (one,) = [one for one in found.differences if one.kind == "certificate"]
    assert (one.cause, one.concern) == ("due", "certificates")
    assert one.now.endswith("in 16 days; pacsmith build renews it"), one.now
    assert file.read_bytes() == before, "to look is no reason to make a new one"
    assert not [other for other in found.differences if other.kind == "step"]


def test_metrics_are_written_whole(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(session: Session, _: object) -> SiteDrift:
        session.ledger.close()
        return drift_sample()

    monkeypatch.setattr("builder.cli.drift.read_once", found)
    (project.folder / "metrics").mkdir()
    done = project.run("drift", "--format", "prometheus", "--out", "metrics/hill.prom")
    assert (done.exit_code, done.stdout) == (3, "")
    (file,) = (project.folder / "metrics").iterdir()
    assert (file.name, file.read_text()) == ("hill.prom", prometheus_text(drift_sample()))


def test_whoever_watches_sees_each_reading_and_a_site_file_that_is_being_edited_stops_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = project.site_file.read_text()
    readings: list[str] = []

    def found(session: Session, _: object) -> SiteDrift:
        session.ledger.close()
        readings.append(session.run.id)
        return drift_sample().model_copy(update={"run": session.run.id})

    def somebody_works_on_it() -> Iterator[None]:
        project.site_file.write_text("name: [")
        yield
        project.site_file.write_text(site)
        yield
        raise KeyboardInterrupt

    work = somebody_works_on_it()
    monkeypatch.setattr("builder.cli.drift.sleep", lambda _: next(work))
    monkeypatch.setattr("builder.cli.drift.read_once", found)
    done = project.run("drift", "--watch", "10")
    assert isinstance(done.exception, Interrupted)
    first, second = readings
    assert 0 < done.stdout.index(f"run {first}: ") < done.stdout.index(f"run {second}: ")
    assert "site.yml" in done.stderr


def test_units_for_a_timer_are_written_and_nothing_is_read(project: Project) -> None:
    (project.folder / "units").mkdir()
    done = project.run("drift", "--systemd", "units", "--out", "/var/lib/metrics/a.prom")
    assert done.exit_code == 0, (done.output, done.exception)
    names = sorted(path.name for path in (project.folder / "units").iterdir())
    assert names == ["pacsmith-drift-hill.service", "pacsmith-drift-hill.timer"]
    service = (project.folder / "units" / names[0]).read_text()
    assert f"WorkingDirectory={Path.cwd()}" in service
    assert f"User={project.folder.owner()}" in service, "who owns the project's state"
    assert "note: the service cannot start before /var/lib/metrics is there; install prometheus-node" in done.stderr
    assert "drift inventory/hill/site.yml --format prometheus --out /var/lib/metrics/a.prom" in service
    assert not [run for run in project.runs() if run.verb == "drift"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--watch", "1"], "--watch 1: wait 10 seconds or more between two readings"),
        (["--systemd", "u", "--host", "archive01"], "--systemd u: its timer reads the whole site every hour; leave out "
                                                    "--host"),
        (["--out", "x"], "--out x: a table is for a terminal"),
        (["--systemd", "u", "--json"], "--systemd u: its timer writes for Prometheus; leave out --format and --json"),
        (["--systemd", "u", "--out", "drift.txt"], "--out drift.txt: node exporter reads files that end in .prom"),
        (["--json", "--format", "prometheus"], "--json and --format prometheus: choose one"),
        (["--systemd", "u"], "--systemd u: there is no folder u; make it, or correct the name"),
        (["--json", "--out", "lost/a.json"], "--out lost/a.json: there is no folder lost; make it"),
        (["--host", "nobody"], "--host nobody: site hill has no such host"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(project: Project, words: list[str], said: str) -> None:
    fault = project.run("drift", *words).exception
    assert isinstance(fault, BadInput)
    assert str(fault).startswith(said)
    assert not [run for run in project.runs() if run.verb == "drift"]
    assert not any((project.folder / made).exists() for made in ("u", "lost"))


def test_whoever_reads_must_be_able_to_write_and_to_have_the_site_s_secrets(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "owner", lambda _: "nobody")
    text = project.site_file.read_text()
    project.site_file.write_text(text.replace("vault: site_ca_key", "env: HILL_CA_KEY"))
    (project.folder / "metrics").mkdir(mode=0o755)
    (project.folder / "units").mkdir()
    said = project.run("drift", "--systemd", "units", "--out", "metrics/hill.prom").stderr
    assert f"note: the service runs as nobody, who may not write to {project.folder / 'metrics'}; allow that" in said
    assert "note: /etc/pacsmith/hill.env is to hold HILL_CA_KEY, for root alone" in said
    (project.folder / "metrics").chmod(0o777)
    said = project.run("drift", "--systemd", "units", "--out", "metrics/hill.prom").stderr
    assert "metrics" not in said


def test_a_vault_that_asks_a_person_has_no_timer(project: Project) -> None:
    text = project.site_file.read_text()
    project.site_file.write_text(text.replace("file: vault-password", "prompt: true"))
    fault = project.run("drift", "--systemd", "units").exception
    assert isinstance(fault, BadInput)
    assert "a timer has nobody to ask" in str(fault)
