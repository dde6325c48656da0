"""From `plan --out` to `build --plan`: exactly it, or nothing and the name of what moved."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from builder.errors import BadInput, PacsmithError, Refused
from builder.load.plan import load_plan
from builder.workflows.plan import write
from builder.workflows.planned import Promise, goes_on, held_to
from tests.unit.planned_project import PLAN, Project, accepted, accepted_once, begun, project

__all__ = ["accepted", "accepted_once", "begun", "project"]


def planned(project: Project) -> Path:
    return project.folder / PLAN


def refusal(result: Result, kind: type[PacsmithError] = Refused) -> str:
    assert type(result.exception) is kind, (result.output, result.exception)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def on_host(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(project.host.iterdir())}


def test_a_plan_names_all_it_rests_on_and_no_secret(project: Project) -> None:
    file = planned(project)
    plan = load_plan(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (plan.site, plan.site_file, plan.names) == ("hill", "inventory/hill/site.yml", ("archive01",))
    assert {"inventory/hill/site.yml", "roles/archive", "roles/baseline"} < set(plan.inputs)
    assert plan.new == ("archive01",), "what it serves now, nobody knows"
    assert plan.outages == ()
    assert [step.step for step in plan.hosts[0].steps if step.changes] == [
        "Where it stands", "Its AE title", "Rights of each AE", "Password", "Begin anew",
    ]  # fmt: skip
    assert plan.coverage == 1.0
    session = project.session("report")
    secret = session.store.value(session.site.hosts[0].archive.database_password).get_secret_value()  # type: ignore[union-attr]
    assert len(secret) > 10
    assert secret not in file.read_text()
    assert on_host(project) == {}, "a plan changes nothing"


def test_a_plan_is_not_made_for_a_folder_that_is_not_there(project: Project) -> None:
    said = refusal(project.run("plan", "--out", "lost/tonight.json"), BadInput)
    assert said == "--out lost/tonight.json: there is no folder lost; make it, or correct the name"
    assert not (project.folder / "lost").exists()
    assert len(project.runs()) == 1, "no host was asked"


def test_exactly_the_plan_is_carried_out(project: Project) -> None:
    file = planned(project)
    done = project.run("build", "--plan", str(file), "--json")
    said = json.loads(done.stdout)
    assert (said["changed"], said["outcome"], said["reasons"]) == (5, "accepted", [])
    assert on_host(project)["place"] == "Room 1\n"
    run = project.runs()[0]
    assert run.inputs["plan"] == load_plan(file).digest, "the ledger says which plan a run carried out"


def test_a_site_that_moved_is_refused_before_any_change(project: Project) -> None:
    file = planned(project)
    project.change_site(location="Room 2")
    said = refusal(project.run("build", "--plan", str(file)))
    assert said.startswith("nothing was changed: since the plan was made (")
    assert "inventory/hill/site.yml has changed" in said
    assert on_host(project) == {}
    assert (project.runs()[0].verb, project.runs()[0].outcome) == ("build", "refused")


def test_a_role_that_moved_is_refused(project: Project) -> None:
    file = planned(project)
    deploy = project.folder / "roles" / "archive" / "deploy.py"
    deploy.write_text(deploy.read_text().replace("may store", "may store and move"))
    assert "roles/archive has changed" in refusal(project.run("build", "--plan", str(file)))


def test_a_host_that_moved_is_refused_and_the_step_is_named(project: Project) -> None:
    file = planned(project)
    (project.host / "rights").write_text("ct01 may store and somebody more\n")
    said = refusal(project.run("build", "--plan", str(file)))
    assert "archive01: archive: Rights of each AE: would make another change now" in said
    assert on_host(project) == {"rights": "ct01 may store and somebody more\n"}


def test_what_was_done_meanwhile_is_named(accepted: Project) -> None:
    said = refusal(accepted.run("build", "--plan", str(planned(accepted))))
    assert "archive01: archive: Where it stands: has nothing to do any more, and the plan saw a change" in said


def test_a_plan_that_was_carried_out_is_not_carried_out_again(project: Project) -> None:
    file = planned(project)
    done = json.loads(project.run("build", "--plan", str(file), "--json").stdout)["run"]
    said = f"nothing was changed: run {done} has carried this plan out already (accepted, "
    assert refusal(project.run("build", "--plan", str(file))).startswith(said)
    project.change_site(location="Room 2")
    assert refusal(project.run("build", "--plan", str(file))).startswith(said)


def test_a_host_that_does_not_answer_is_no_host_as_planned_and_gets_no_plan(project: Project) -> None:
    file = planned(project)
    (project.folder / "away").touch()
    done = project.run("build", "--plan", str(file))
    assert isinstance(done.exception, PacsmithError)
    assert done.exception.exit_code == 3
    assert "cannot be seen" in str(done.exception)
    assert on_host(project) == {}
    again = project.run("plan", "--out", "other.json")
    assert again.exit_code == 3
    assert "other.json is not written" in again.stderr
    assert not (project.folder / "other.json").exists()


def test_another_tool_is_refused(project: Project) -> None:
    file = planned(project)
    plan = load_plan(file)
    write(plan.model_copy(update={"tool": plan.tool.model_copy(update={"version": "0.0.1"})}).sealed(), file)
    assert "pacsmith 0.0.1 made the plan, and this is" in refusal(project.run("build", "--plan", str(file)))


def test_a_plan_that_is_too_old_is_bad_input(project: Project) -> None:
    file = planned(project)
    plan = load_plan(file)
    write(plan.model_copy(update={"made": plan.made - timedelta(days=8)}).sealed(), file)
    said = refusal(project.run("build", "--plan", str(file)), BadInput)
    assert "a plan holds for 7 days; make it again with: pacsmith plan --out FILE" in said


def test_another_site_s_plan_is_bad_input(project: Project) -> None:
    file = planned(project)
    other = project.folder / "inventory" / "dale"
    other.mkdir()
    (other / "site.yml").write_text(project.site_file.read_text().replace("name: hill", "name: dale"))
    assert refusal(project.run("build", "dale", "--plan", str(file)), BadInput) == (
        f"{file}: this is a plan of site hill, not of dale; name its own site"
    )
    (project.folder / "roles" / "archive" / "more.txt").touch()
    refusal(project.run("build", "--plan", str(file)))
    assert project.runs()[0].inputs["plan"], "with two sites here, the plan itself says which one it is of"


def test_hosts_are_the_plan_s_own(project: Project) -> None:
    file = planned(project)
    for option in (["--host", "archive01"], ["--class", "archive"], ["--wave", "1"]):
        said = refusal(project.run("build", "--plan", str(file), *option), BadInput)
        assert said == f"--plan {file}: the plan says which hosts; leave out --host, --class and --wave"


def test_a_host_that_the_site_has_no_more_is_named(project: Project) -> None:
    file = planned(project)
    text = project.site_file.read_text()
    project.site_file.write_text(text.replace("archive01", "archive09"))
    assert "it has no host archive01 any more" in refusal(project.run("build", "--plan", str(file)))


def test_a_reboot_that_is_due_is_announced(accepted: Project) -> None:
    (accepted.folder / "roles" / "archive" / "reboot.sh").write_text("echo a new kernel\n")
    said = json.loads(accepted.run("plan", "--json", "--out", "tonight.json").stdout)
    (reboot,) = said["reboots"]
    assert (reboot["host"], reboot["allowed"], reboot["why"]) == ("archive01", True, ["a new kernel"])
    assert "AE BRIGID_ARC does not answer until it is up again; BRIGID_READ1 loses retrieval" in reboot["sentence"]
    assert Promise(load_plan(accepted.folder / "tonight.json"), accepted.session("report")).reboots == frozenset(
        {"archive01"}
    )
    assert said["coverage"] == 1.0, "a question is no step"


def test_a_plan_whose_build_was_cut_off_is_gone_on_with_and_carried_out_to_its_end(project: Project) -> None:
    file = planned(project)
    cut_off = held_to(project.session("build"), load_plan(file))
    with cut_off.ledger as ledger:
        ledger.begin(cut_off.run)
        ledger.finish(cut_off.run.id, "interrupted")
    (project.host / "place").write_text("Room 1\n")  # all that it had done
    said = refusal(project.run("build", "--plan", str(file)))
    assert "archive01: archive: Where it stands: has nothing to do any more, and the plan saw a change" in said
    assert f"run {cut_off.run.id} has begun it: go on with that by pacsmith build" in said
    assert said.endswith(f"by pacsmith build inventory/hill/site.yml --resume --plan {file}")
    said = refusal(project.run("build", "--resume"), BadInput)
    assert f"run {cut_off.run.id} was carrying out a plan: go on with pacsmith build --resume --plan FILE" in said
    assert f"where FILE is that plan (its digest begins with {load_plan(file).digest[:12]}), or build" in said
    done = project.run("build", "--resume", "--plan", str(file), "--json")
    told = json.loads(done.stdout)
    assert (told["changed"], told["outcome"], told["resumes"]) == (4, "accepted", cut_off.run.id)
    assert f"note: goes on with run {cut_off.run.id} of " in done.stderr
    session = project.session("report")
    with session.ledger as ledger:
        notes = [event.step for event in ledger.events(told["run"]) if event.status == "note"]
    assert "4 steps of the plan are left to do" in notes


def test_without_its_file_a_plan_is_named_by_its_run(project: Project) -> None:
    plan = load_plan(planned(project))
    assert goes_on(plan).endswith(f"--resume --plan FILE, where FILE is the plan of run {plan.run}")
    assert goes_on(plan, Path("to night.json")).endswith("--resume --plan 'to night.json'")


def test_outages_are_told_of_hosts_that_were_accepted(accepted: Project) -> None:
    (accepted.host / "loaded").write_text("older rights\n")
    told = accepted.run("plan").output
    assert "outage: AE BRIGID_ARC stops answering for about " in told
    assert "BRIGID_READ1 loses retrieval" in told
    assert "measured on archive01 in run " in told, "the first build has carried the step out"


@pytest.mark.parametrize("spoil", ["cut", "edited"])
def test_a_damaged_plan_is_bad_input(project: Project, spoil: str) -> None:
    file = planned(project)
    text = file.read_text()
    file.write_text(text[:-50] if spoil == "cut" else text.replace("Room 1", "Room 9"))
    refusal(project.run("build", "--plan", str(file)), BadInput)
    assert on_host(project) == {}
