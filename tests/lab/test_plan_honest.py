"""Plans are honest: what a plan says of a changed host and what a build then does there, side by side, on a real host.

The first test needs the host as it was booted, and the last ones leave it accepted: they run in this order.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from builder.assess.moved import departures
from builder.models.event import Event
from builder.models.plan import WrittenPlan
from builder.workflows.jobs import parts_of, run_parts
from builder.workflows.material import materials_for
from builder.workflows.plan import plan, written
from builder.workflows.recording import recorded
from builder.workflows.session import open_session
from tests.lab.changed_situations import SITUATIONS, Situation
from tests.lab.conftest import BuiltSite, bare_site

pytestmark = pytest.mark.long  # a quarter of an hour; tests/lab/test_drift.py is the part that gates a landing
HOST = "pln1"


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """A lab whose host is only booted."""
    yield from bare_site(tmp_path_factory.mktemp("plan"), "plan.yml")


@dataclass(frozen=True)
class SideBySide:
    """What was planned, and where the build departed from it."""

    planned: WrittenPlan
    departures: tuple[str, ...]

    @property
    def changes(self) -> list[str]:
        return [step.step for host in self.planned.hosts for step in host.steps if step.changes]

    @property
    def unseen(self) -> tuple[str, ...]:
        return tuple(step.step for host in self.planned.hosts for step in host.steps if step.changes is None)


def side_by_side(ward: BuiltSite) -> SideBySide:
    """Plan, then carry out the roles as a build does; the proofs of a verification are another matter."""
    with contextlib.chdir(ward.folder):
        session = open_session("plan", ward.name)
        said = written(session, plan(session))
        building = open_session("build", ward.name)
        events: list[Event] = []
        with contextlib.closing(building.ledger), recorded(building, locked=True) as ending:
            parts = parts_of(building.machines, building.run.id, "converge")
            job = run_parts(parts, materials_for(building), events.append)
            building.ledger.record_all(events)
            ending.outcome = "failed"
            ending.note = "a test: the roles alone"
        assert job.ok, job.reasons
        assert sum(event.status == "changed" for event in events) == sum(job.changed.values())
        return SideBySide(said, tuple(told for one in said.hosts for told in departures(one.host, one.steps, events)))


def test_a_plan_for_a_bare_host_says_what_its_first_build_does(ward: BuiltSite) -> None:
    found = side_by_side(ward)
    assert found.departures == ()
    assert "Install the packages of all roles" in found.changes
    drives = "Watch no drives: they are those of the machine beneath"  # their unit comes with a package
    assert found.unseen == (drives, "Database and role of Orthanc")
    again = side_by_side(ward)
    assert again.changes == []


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_a_plan_says_is_what_a_build_does(ward: BuiltSite, name: str) -> None:
    situation: Situation = SITUATIONS[name]
    file = ward.folder / "inventory" / ward.name / "site.yml"
    site = file.read_text()
    assert situation.in_site[0] in site
    try:
        file.write_text(site.replace(*situation.in_site) if situation.in_site[0] else site)
        if situation.by_hand:
            done = ward.on(HOST, f"sudo sh -c {_quoted(situation.by_hand)}")
            assert done.returncode == 0, done.stdout + done.stderr
        found = side_by_side(ward)
    finally:
        file.write_text(site)
    assert found.departures == ()
    assert situation.step in found.changes if situation.step else found.changes == []
    assert found.unseen == situation.unseen


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(SITUATIONS) >= 30


def test_a_written_plan_is_carried_out_and_accepted(ward: BuiltSite) -> None:
    ward.on(HOST, "sudo touch /etc/orthanc/orthanc.json")
    said = ward.pacsmith("plan", "--out", "tonight.json")
    assert said.returncode == 0, said.stderr
    done = ward.pacsmith("build", "--plan", "tonight.json", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["outcome"] == "accepted"


def test_a_host_that_moved_after_the_plan_is_left_as_it_is(ward: BuiltSite) -> None:
    assert ward.pacsmith("plan", "--out", "tonight.json").returncode == 0
    ward.on(HOST, "sudo systemctl stop nginx")
    done = ward.pacsmith("build", "--plan", "tonight.json")
    assert done.returncode == 1
    assert "pln1: archive: nginx runs: would change something now, and the plan saw nothing to do" in done.stderr
    assert ward.on(HOST, "systemctl is-active nginx").stdout.strip() == "inactive", "nothing was changed"
    ward.on(HOST, "sudo systemctl start nginx")


def test_the_outage_of_a_restart_is_told_as_it_was_measured_before(ward: BuiltSite) -> None:
    ward.on(HOST, "sudo rm /var/lib/pacsmith/stamps/restart-orthanc.service")
    (outage,) = json.loads(ward.pacsmith("plan", "--json").stdout)["outages"]
    assert outage["sentence"].startswith("AE PLANNED stops answering for about ")
    assert outage["sentence"].endswith("; DESK1 loses retrieval; XA1 cannot send")
    assert outage["source"].startswith("measured on pln1 in run ")
    assert ward.pacsmith("build").returncode == 0


def test_drift_names_what_was_changed_by_hand_first_and_its_time(ward: BuiltSite) -> None:
    clean = ward.pacsmith("drift", "--json")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    ward.on(HOST, "sudo sh -c 'echo 10.9.9.9 x >> /etc/hosts; systemctl stop chrony'")
    ward.on(HOST, 'sudo sed -i \'s/"AllowMove": false/"AllowMove": true/\' /etc/orthanc/orthanc.json')
    first, second = (json.loads(ward.pacsmith("drift", "--json").stdout) for _ in range(2))
    subjects = [one["subject"] for one in first["hosts"][0]["differences"]]
    assert "service.chrony.state" in subjects
    assert first["first"][0].endswith(("Orthanc settings, rights of each AE", "its neighbours and package sources"))
    assert {one["cause"] for one in first["hosts"][0]["differences"]} == {"corrective"}
    assert [one["seen"] for one in second["hosts"][0]["differences"]] == [
        one["seen"] for one in first["hosts"][0]["differences"]
    ]
    text = ward.pacsmith("drift", "--format", "prometheus")
    assert text.returncode == 1
    assert 'pacsmith_drift_host_as_accepted{site="pln",host="pln1"} 0' in text.stdout
    assert ward.pacsmith("build").returncode == 0
    assert ward.pacsmith("drift").returncode == 0


def test_drift_knows_what_the_site_wants_anew(ward: BuiltSite) -> None:
    file = ward.folder / "inventory" / ward.name / "site.yml"
    site = file.read_text()
    try:
        file.write_text(site.replace("may: [echo, store]}", "may: [echo, store, find]}"))
        ward.on(HOST, "sudo systemctl stop chrony")
        said = json.loads(ward.pacsmith("drift", "--json").stdout)
        causes = {one["subject"]: one["cause"] for one in said["hosts"][0]["differences"]}
        assert causes["archive: Orthanc settings, rights of each AE"] == "intended"
        assert causes["baseline: Run chrony"] == "corrective"
    finally:
        file.write_text(site)
        ward.on(HOST, "sudo systemctl start chrony")


def test_a_host_that_is_down_is_unknown(ward: BuiltSite) -> None:
    ward.on(HOST, "sudo systemctl stop ssh.socket ssh.service")
    done = ward.pacsmith("drift")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "unreachable: whether it has drifted is unknown" in done.stdout
