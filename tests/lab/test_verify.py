"""verify on a living archive: everything met; each sabotage found by exactly the evidence that speaks of it."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.lab.conftest import BuiltSite

ASK = "sudo curl -fsS -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042"
ANSWERS = f"for i in $(seq 150); do {ASK}/system >/dev/null 2>&1 && break; sleep 0.2; done"
RESTART = f"sudo systemctl restart orthanc; {ANSWERS}"
UNIT = "/etc/systemd/system/orthanc.service.d/pacsmith.conf"
CONFIG = "/etc/orthanc/orthanc.json"


def verified(site: BuiltSite, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and evidence by subject."""
    done = site.pacsmith("verify", "--site", site.name, "--json", *options)
    assert done.returncode in (0, 1), f"exit {done.returncode}: {done.stdout}{done.stderr}"
    return done.returncode, {item["subject"]: item for item in json.loads(done.stdout)["evidence"]}


def wrong(evidence: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Subject -> verdict of all that stands against acceptance."""
    return {
        subject: item["verdict"]
        for subject, item in evidence.items()
        if item["verdict"] == "short" or (item["verdict"] == "unknown" and not item["attest"])
    }


def wrong_ways(evidence: dict[str, dict[str, Any]]) -> dict[str, str]:
    """As `wrong`, without the roles' own checks: those read the same fault in the settings."""
    return {
        subject: verdict
        for subject, verdict in wrong(evidence).items()
        if not evidence[subject]["source"].startswith("role ")
    }


def ok(site: BuiltSite, machine: str, command: str) -> str:
    """Run a command that must succeed; its output."""
    done = site.on(machine, command)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def synthetic(site: BuiltSite) -> set[str]:
    """PatientIDs of the synthetic studies in the archive."""
    return {patient for patient in patients(site) if patient.startswith("PACSMITH-")}


def patients(site: BuiltSite) -> set[str]:
    """PatientIDs of all studies in the archive."""
    studies = json.loads(ok(site, "vna", f"{ASK}/studies?expand"))
    return {study["PatientMainDicomTags"].get("PatientID", "") for study in studies}


def no_debris(site: BuiltSite) -> None:
    """Nothing of a verification is left on the archive or on the stand-ins."""
    assert synthetic(site) == set()
    assert ok(site, "vna", "sudo find /var/lib/orthanc/worklists -name 'pacsmith-*'") == ""
    for machine in ("us7", "desk"):
        assert ok(site, machine, "find /tmp -maxdepth 1 -name 'pacsmith-verify-*'; pgrep -a storescp || true") == ""


def test_an_accepted_archive_is_met_throughout(north: BuiltSite, tmp_path: Path) -> None:
    before = patients(north)
    done = north.pacsmith("verify", "--site", north.name, "--json", "--junit", str(tmp_path / "verify.xml"))
    assert done.returncode == 0, done.stdout + done.stderr
    evidence = {item["subject"]: item for item in json.loads(done.stdout)["evidence"]}
    assert wrong(evidence) == {}
    for subject in ("us7 -> vna: store", "desk -> vna: move", "desk -> vna: wado", "us7 -> vna: find refused",
                    "us7 -> vna: AE title of desk refused", "controller -> vna: AE port 11104 closed",
                    "vna -> desk: store", "us7 -> vna: worklist", "us7 -> vna: store rate"):  # fmt: skip
        assert evidence[subject]["verdict"] == "met", evidence[subject]
        assert evidence[subject]["probe"]
    assert {"requirement", "route", "check"} == {item["kind"] for item in evidence.values()}
    suites = ElementTree.parse(tmp_path / "verify.xml").getroot()
    assert sum(int(suite.get("tests", "0")) for suite in suites) == len(evidence)
    assert sum(int(suite.get("failures", "0")) + int(suite.get("errors", "0")) for suite in suites) == 0
    assert patients(north) == before
    no_debris(north)


def test_dicom_tls(tls_ward: BuiltSite) -> None:
    """Debian 12 with DICOM TLS: granted operations over mutual TLS, and the three refusals; a plain archive sends to a
    TLS port; and each of two archives does at the other one what the routes grant it, and nothing else."""
    code, evidence = verified(tls_ward)
    assert (code, wrong(evidence)) == (0, {})
    for what in ("plain DICOM", "DICOM TLS without a certificate", "DICOM TLS with a self-signed certificate"):
        assert evidence[f"xa1 -> store: {what} refused"]["verdict"] == "met"
    for way in ("copy -> xa1: store", "store -> xa1: store refused", "copy -> store: store", "copy -> store: move",
                "copy -> store: get", "copy -> store: commit", "copy -> store: wado", "copy -> store: stow refused",
                "store -> copy: store", "store -> copy: qido", "store -> copy: move refused"):  # fmt: skip
        assert evidence[way]["verdict"] == "met", evidence[way]
    assert "cannot ask for C-GET" in evidence["store -> copy: get refused"]["observed"]
    assert evidence["store: dicom tls versions"]["observed"].startswith("speaks TLS 1.2 and TLS 1.3;")


def test_other_rights_of_an_archive_at_another(tls_ward: BuiltSite) -> None:
    """Taken away and added on the target alone: found by verifying the archive that is named as the origin."""

    def change(settings: dict[str, Any]) -> None:
        settings["DicomModalities"]["copy"].update(AllowStore=False, AllowFindWorklist=True)

    with sabotaged(tls_ward, edit(tls_ward, change, "store"), "true", "store"):
        code, evidence = verified(tls_ward, "--host", "copy")
    assert code == 1
    assert "aborted by the peer" in evidence["copy -> store: store"]["observed"]
    assert wrong(evidence) == {"copy -> store: store": "short", "copy -> store: worklist refused": "short"}
    for archive in ("copy", "store"):
        assert "PACSMITH-" not in ok(tls_ward, archive, f"{ASK}/studies?expand")


@contextmanager
def sabotaged(site: BuiltSite, command: str, mend: str, machine: str = "vna") -> Iterator[None]:
    ok(site, machine, f"sudo cp {CONFIG} /tmp/orthanc.json && sudo cp {UNIT} /tmp/unit.conf")
    try:
        ok(site, machine, command)
        yield
    finally:
        back = f"sudo cp -f /tmp/orthanc.json {CONFIG}; sudo cp -f /tmp/unit.conf {UNIT}; sudo systemctl daemon-reload"
        ok(site, machine, f"{back}; {mend}; {RESTART}")


def edit(site: BuiltSite, change: Callable[[dict[str, Any]], object], machine: str = "vna") -> str:
    """The command that writes Orthanc's configuration after `change`."""
    settings = json.loads(ok(site, machine, f"sudo cat {CONFIG}"))
    change(settings)
    text = base64.b64encode(json.dumps(settings).encode()).decode()
    return f"printf %s {text} | base64 -d | sudo tee {CONFIG} >/dev/null; {RESTART}"


def test_a_right_too_many(north: BuiltSite) -> None:
    widened = edit(north, lambda settings: settings["DicomModalities"]["us7"].update(AllowFind=True))
    with sabotaged(north, widened, "true"):
        code, evidence = verified(north)
    assert code == 1
    assert evidence["us7 -> vna: find refused"]["observed"] == "it was carried out"
    assert wrong_ways(evidence) == {"us7 -> vna: find refused": "short"}
    assert wrong(evidence)["vna: rights of each ae"] == "short"


def test_a_right_too_few(north: BuiltSite) -> None:
    narrowed = edit(north, lambda settings: settings["DicomModalities"]["desk"].update(AllowMove=False))
    with sabotaged(north, narrowed, "true"):
        code, evidence = verified(north)
    assert code == 1
    assert wrong_ways(evidence) == {"desk -> vna: move": "short"}
    assert wrong(evidence)["vna: rights of each ae"] == "short"


def test_slow_transfers(north: BuiltSite) -> None:
    """Without TCP_NODELAY every image waits for a delayed acknowledgement: far from the 50 a second of a plain site."""
    file = north.folder / "inventory" / north.name / "site.yml"
    lenient = file.read_text(encoding="utf-8")
    slow = f"sudo sed -i /TCP_NODELAY/d {UNIT}; sudo systemctl daemon-reload; {RESTART}"
    file.write_text(lenient.replace("minimum_store_rate: 15", "minimum_store_rate: 50"), encoding="utf-8")
    try:
        with sabotaged(north, slow, "true"):
            code, evidence = verified(north)
    finally:
        file.write_text(lenient, encoding="utf-8")
    assert code == 1
    assert "images a second" in evidence["us7 -> vna: store rate"]["observed"]
    assert wrong_ways(evidence) == {"us7 -> vna: store rate": "short"}


def test_another_address_for_a_peer(north: BuiltSite) -> None:
    """The desk is taken for a machine that is not there: every way of the desk fails, none of the modality's."""
    moved = edit(north, lambda settings: settings["DicomModalities"]["desk"].update(Host="10.83.7.199"))
    with sabotaged(north, moved, "true"):
        code, evidence = verified(north)
    assert code == 1
    failed = wrong_ways(evidence)
    assert {"vna: AE registry, desk", "desk -> vna: find", "desk -> vna: move", "vna -> desk: store"} <= set(failed)
    assert all("desk" in subject for subject in failed), failed
    assert failed["desk -> vna: store refused"] == "unknown", "an AE that gets in nowhere proves no refused right"


def test_a_door_in_the_firewall(north: BuiltSite) -> None:
    hole = "sudo nft insert rule inet pacsmith input tcp dport 8042 accept"
    with sabotaged(north, hole, "sudo systemctl reload-or-restart nftables"):
        code, evidence = verified(north)
    assert code == 1
    assert set(wrong_ways(evidence)) == {
        "desk -> vna: Orthanc's own port 8042 closed",
        "controller -> vna: Orthanc's own port 8042 closed",
    }


def test_a_dead_archive_refuses_nothing(north: BuiltSite) -> None:
    """A stopped Orthanc is no proof that anybody is refused."""
    with sabotaged(north, "sudo systemctl stop orthanc", "true"):
        code, evidence = verified(north)
    assert code == 1
    dicom = re.compile(r"(us7|desk) -> vna: (echo|store|find|move|get|worklist|commit|.*title).*")
    asked = {subject: item["verdict"] for subject, item in evidence.items() if dicom.fullmatch(subject)}
    assert len(asked) > 15
    assert "met" not in asked.values(), asked
    assert evidence["us7 -> vna: echo"]["observed"] == "connection refused"
    assert evidence["us7 -> vna: find refused"]["verdict"] == "unknown"
    assert evidence["controller -> vna: AE port 11104 closed"]["verdict"] == "unknown"


def begun(site: BuiltSite) -> "subprocess.Popen[bytes]":
    """A verification that has stored its test studies already."""
    # A shell's background job passes an ignored SIGINT on to its children; a person's terminal does not.
    heeding = ["env", "--default-signal=INT", sys.executable, "-m", "builder.cli.main"]
    child = subprocess.Popen(
        [*heeding, "verify", "--site", site.name, "--json"], cwd=site.folder,
        env={**os.environ, **site.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not synthetic(site):
        assert child.poll() is None, "the verification ended before anything was seen in the archive"
        assert time.monotonic() < end, "no test study within 60 s"
    return child


@pytest.mark.parametrize("stop", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_an_interrupted_verification_cleans_up(north: BuiltSite, stop: signal.Signals) -> None:
    child = begun(north)
    child.send_signal(stop)
    assert child.wait(timeout=120) != 0
    if stop is signal.SIGINT:
        assert child.returncode == 130
        no_debris(north)
    code, evidence = verified(north)
    assert (code, wrong(evidence)) == (0, {})
    no_debris(north)


def test_a_killed_verification_is_cleaned_up_by_the_next(north: BuiltSite) -> None:
    before = patients(north)
    child = begun(north)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait(timeout=60)
    code, evidence = verified(north)
    assert (code, wrong(evidence)) == (0, {})
    assert patients(north) == before
    assert synthetic(north) == set()
