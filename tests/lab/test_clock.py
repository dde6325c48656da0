"""A clock that is off, on a real host. It shares this machine's clock, so the controller's is bent instead: a mock of
`time.time` alone; round trip, script and the answer of the host are real. The rest is in tests/unit/test_clock.py."""

import time
from datetime import date

import pytest

from builder.assess.assessment import assess
from builder.inventory import build_inventory
from builder.load import load_site
from builder.load.sheets import load_sheet
from builder.load.shipped import specs_folders
from builder.models.finding import Finding
from builder.survey import survey
from builder.survey.remote import Remote
from tests.lab.conftest import BuiltSite


def findings(site: BuiltSite, monkeypatch: pytest.MonkeyPatch) -> dict[str, Finding]:
    monkeypatch.chdir(site.folder)
    machine = build_inventory(load_site(site.folder / "inventory" / site.name / "site.yml").value).machines[0]
    with Remote(machine.connection) as remote:
        facts = survey(remote, machine.host)
    sheet = load_sheet(specs_folders()[-1] / "class-archive.yml").value
    return {one.requirement: one for one in assess(sheet, facts, today=date.today())}


def test_a_host_that_agrees_and_one_that_is_off(north: BuiltSite, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(north, monkeypatch)
    assert found["host-clock"].verdict == "met", found["host-clock"].sentence
    assert found["host-clock-kept"].attest == "head of hospital IT", found["host-clock-kept"].sentence
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 90)
    off = findings(north, monkeypatch)["host-clock"]
    assert off.verdict == "short", off.sentence
    assert "(behind the controller); asked is <= 1 s" in off.sentence
