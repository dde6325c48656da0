"""A written plan and a reading for drift on an accepted archive: the part of it that a landing waits for."""

import json

from tests.lab.conftest import BuiltSite

HOST = "vna"
OWED = "sudo rm /var/lib/pacsmith/stamps/restart-orthanc.service"


def test_a_plan_is_refused_when_the_host_moved_and_carried_out_when_it_did_not(north: BuiltSite) -> None:
    north.on(HOST, OWED)
    written = north.pacsmith("plan", "--site", north.name, "--out", "tonight.json")
    assert written.returncode == 0, written.stderr
    assert "outage: AE North VNA.1 stops answering for about " in written.stdout
    assert "; DESK loses retrieval; us7-Store cannot send; us7-Store gets no worklist" in written.stdout
    north.on(HOST, "sudo systemctl stop chrony")
    refused = north.pacsmith("build", "--plan", "tonight.json")
    assert refused.returncode == 1
    assert "vna: baseline: Run chrony: would change something now, and the plan saw nothing to do" in refused.stderr
    north.on(HOST, "sudo systemctl start chrony")
    done = north.pacsmith("build", "--plan", "tonight.json", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["outcome"], said["changed"]) == ("accepted", 1)


def test_drift_names_who_moved_and_since_when(north: BuiltSite) -> None:
    north.on(HOST, "sudo systemctl stop chrony")
    try:
        done = north.pacsmith("drift", north.name, "--json")
        assert done.returncode == 1
        said = json.loads(done.stdout)
        its = {one["subject"]: one for one in said["hosts"][0]["differences"]}
        assert its["service.chrony.state"]["now"] == "inactive"
        assert its["baseline: Run chrony"]["cause"] == "corrective"
        assert its["baseline: Run chrony"]["after"] < its["baseline: Run chrony"]["seen"] == said["at"]
    finally:
        north.on(HOST, "sudo systemctl start chrony")
    assert north.pacsmith("drift", north.name).returncode == 0


def test_what_orthanc_and_postgresql_were_told_by_hand_is_seen_and_undone(north: BuiltSite) -> None:
    """Neither is in a file of ours: an AE given to the running Orthanc, and a setting by ALTER SYSTEM."""
    evil = '-X PUT http://localhost:8042/modalities/evil -d \'["EVIL","10.9.9.9",104]\''
    north.on(HOST, f"sudo curl -fsS -K /etc/pacsmith/orthanc.curl {evil}")
    north.on(HOST, "cd /; sudo runuser -u postgres -- psql -c \"alter system set work_mem = '65MB'\"")
    done = north.pacsmith("drift", north.name, "--json")
    assert done.returncode == 1
    its = {one["subject"]: one for one in json.loads(done.stdout)["hosts"][0]["differences"]}
    orthanc = its["archive: Orthanc runs"]
    assert (orthanc["concern"], orthanc["cause"]) == ("AE table and routes", "corrective")
    assert its["archive: PostgreSQL takes its settings from our files alone"]["cause"] == "corrective"
    built = north.pacsmith("build", "--site", north.name)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "vna: 2 changed" in built.stdout
    again = north.pacsmith("drift", north.name)
    assert again.returncode == 0, again.stdout
