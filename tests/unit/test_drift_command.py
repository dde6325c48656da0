"""`pacsmith drift` from the command to the ledger, on a host that is this machine's shell."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BadInput, Interrupted
from builder.workflows.drift import drift
from tests.unit.planned_project import Project, accepted, accepted_once, begun, project

__all__ = ["accepted", "accepted_once", "begun", "project"]


def told(project: Project, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and what --json says."""
    done = project.run("drift", "--json", *words)
    assert done.stdout, (done.stderr, done.exception)
    return done.exit_code, json.loads(done.stdout)


def differing(said: dict[str, Any], kind: str = "step") -> dict[str, dict[str, Any]]:
    """The host's differences of one kind by subject. This machine's own facts move while tests run beside."""
    return {one["subject"]: one for one in said["hosts"][0]["differences"] if one["kind"] == kind}


def test_a_host_as_accepted_has_no_drift_in_its_steps(accepted: Project) -> None:
    _, said = told(accepted)
    host = said["hosts"][0]
    assert differing(said) == {}
    assert (host["steps"], host["seen"], host["blind"]) == (4, 4, [])
    assert host["facts"] > 10
    assert said["states"]["archive01"] != "unreachable"
    run = accepted.runs()[0]
    assert (run.verb, run.id) == ("drift", said["run"])


def test_what_somebody_changed_is_corrective_and_named_with_its_time(accepted: Project) -> None:
    _, clean = told(accepted)
    (accepted.host / "rights").write_text("ct01 may store, and ct02\n")
    code, said = told(accepted)
    assert code == 1
    (one, loaded) = (differing(said)[f"archive: {name}"] for name in ("Rights of each AE", "Begin anew"))
    assert (one["cause"], one["concern"]) == ("corrective", "AE table and routes")
    assert "ct02" in one["diff"]
    assert loaded["cause"] == "corrective"
    assert (one["after"], one["seen"]) == (clean["at"], said["at"])
    _, later = told(accepted)
    again = differing(later)["archive: Rights of each AE"]
    assert (again["after"], again["seen"]) == (clean["at"], said["at"]), "it is as old as it was"


def test_what_follows_from_the_site_is_intended_and_kept_apart_from_what_somebody_did(accepted: Project) -> None:
    accepted.change_site(location="Room 2")
    (accepted.host / "rights").write_text("ct01 may store, and ct02\n")
    code, said = told(accepted)
    assert code == 1
    its = differing(said)
    assert its["archive: Where it stands"]["cause"] == "intended"
    assert its["archive: Rights of each AE"]["cause"] == "corrective"


def test_both_may_have_moved(accepted: Project) -> None:
    accepted.change_site(location="Room 2")
    (accepted.host / "place").write_text("Cellar\n")
    _, said = told(accepted)
    assert differing(said)["archive: Where it stands"]["cause"] == "both"


def test_a_role_that_was_changed_leaves_it_undecided(accepted: Project) -> None:
    deploy = accepted.folder / "roles" / "archive" / "deploy.py"
    deploy.write_text(deploy.read_text().replace("may store", "may store and move"))
    _, said = told(accepted)
    assert differing(said)["archive: Rights of each AE"]["cause"] == "undecided"


def test_a_secret_is_not_shown_and_who_moved_is_undecided(accepted: Project) -> None:
    (accepted.host / "secret").write_text("hunter2hunter2")
    done = accepted.run("drift", "--json")
    assert "hunter2" not in done.output
    assert differing(json.loads(done.stdout))["archive: Password"]["cause"] == "undecided"


def test_a_host_that_does_not_answer_is_unknown_and_never_as_accepted(accepted: Project) -> None:
    (accepted.folder / "away").touch()
    code, said = told(accepted)
    assert code == 3
    assert said["states"] == {"archive01": "unreachable"}
    assert said["hosts"][0]["differences"] == []
    text = accepted.run("drift").output
    assert "unreachable: whether it has drifted is unknown" in text
    metrics = accepted.run("drift", "--format", "prometheus").output
    assert 'pacsmith_drift_host_readable{site="hill",host="archive01"} 0' in metrics
    assert "pacsmith_drift_differences{" not in metrics


def test_a_host_that_was_never_accepted_is_unknown(project: Project) -> None:
    code, said = told(project)
    assert code == 1
    host = said["hosts"][0]
    assert any("never accepted" in one["why"] for one in host["unseen"])


def test_a_host_that_somebody_builds_is_unknown_meanwhile(accepted: Project) -> None:
    session = accepted.session("build")
    with session.ledger as ledger:
        ledger.begin(session.run)
        with ledger.lock("hill/archive01", who="ada", why="build", run=session.run.id):
            code, said = told(accepted)
    assert code == 1
    (unseen,) = said["hosts"][0]["unseen"]
    assert unseen["why"].startswith("ada is at work on it since ")
    assert said["states"] == {"archive01": "unknown"}


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


def test_metrics_are_written_whole_and_a_table_is_not(accepted: Project) -> None:
    done = accepted.run("drift", "--format", "prometheus", "--out", "metrics/hill.prom")
    assert done.exit_code in (0, 1)
    text = (accepted.folder / "metrics" / "hill.prom").read_text()
    assert 'pacsmith_drift_host_readable{site="hill",host="archive01"} 1' in text
    assert [path.name for path in (accepted.folder / "metrics").iterdir()] == ["hill.prom"]
    with pytest.raises(BadInput, match="a table is for a terminal"):
        raise accepted.run("drift", "--out", "x").exception or AssertionError


def test_every_reading_is_kept_as_evidence_and_no_dossier_is_made_of_it(accepted: Project) -> None:
    (accepted.host / "rights").write_text("ct01 may store, and ct02\n")
    _, said = told(accepted)
    session = accepted.session("report")
    with session.ledger as ledger:
        kept = {one.subject: one for one in ledger.evidence(said["run"])}
        assert kept["drift"].verdict == "short"
        assert kept["drift: step: archive: Rights of each AE"].source == "AE table and routes; corrective"
        assert ledger.run(said["run"]).note == "1 drift"
    refused = accepted.run("report", "--run", said["run"]).exception
    assert isinstance(refused, BadInput)


def test_a_new_acceptance_begins_anew(accepted: Project) -> None:
    (accepted.host / "rights").write_text("ct01 may store, and ct02\n")
    told(accepted)
    accepted.accept()
    _, said = told(accepted)
    assert differing(said) == {}


def test_whoever_watches_sees_each_reading_and_a_site_file_that_is_being_edited_stops_nothing(
    accepted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = accepted.site_file.read_text()

    def somebody_works_on_it() -> Iterator[None]:
        accepted.site_file.write_text("name: [")
        yield
        accepted.site_file.write_text(site)
        (accepted.host / "rights").write_text("ct01 may store, and ct02\n")
        yield
        raise KeyboardInterrupt

    work = somebody_works_on_it()
    monkeypatch.setattr("builder.cli.drift.sleep", lambda _: next(work))
    done = accepted.run("drift", "--watch", "10")
    assert isinstance(done.exception, Interrupted)
    assert done.stdout.count("\nrun ") + done.stdout.startswith("run ") == 2
    assert "site.yml" in done.stderr
    assert done.stdout.index("Rights of each AE") > done.stdout.index("run ")


def test_units_for_a_timer_are_written_and_nothing_is_read(project: Project) -> None:
    done = project.run("drift", "--systemd", "units", "--out", "/var/lib/metrics/a.prom")
    assert done.exit_code == 0, (done.output, done.exception)
    names = sorted(path.name for path in (project.folder / "units").iterdir())
    assert names == ["pacsmith-drift-hill.service", "pacsmith-drift-hill.timer"]
    service = (project.folder / "units" / names[0]).read_text()
    assert f"WorkingDirectory={Path.cwd()}" in service
    assert "drift inventory/hill/site.yml --format prometheus --out /var/lib/metrics/a.prom" in service
    assert not [run for run in project.runs() if run.verb == "drift"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--watch", "1"], "--watch 1: wait 10 seconds or more between two readings"),
        (["--systemd", "u", "--host", "archive01"], "--systemd u: its timer reads the whole site every hour; leave out "
                                                    "--host"),
        (["--host", "nobody"], "--host nobody: site hill has no such host"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(project: Project, words: list[str], said: str) -> None:
    fault = project.run("drift", *words).exception
    assert isinstance(fault, BadInput)
    assert str(fault).startswith(said)


def test_a_vault_that_asks_a_person_has_no_timer(project: Project) -> None:
    text = project.site_file.read_text()
    project.site_file.write_text(text.replace("file: vault-password", "prompt: true"))
    fault = project.run("drift", "--systemd", "units").exception
    assert isinstance(fault, BadInput)
    assert "a timer has nobody to ask" in str(fault)
