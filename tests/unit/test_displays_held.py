"""Displays of a site against the standards that it names for them: which hangs there, its report, its findings."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from builder.assess.display import Report
from builder.assess.held import held_displays, measured_facts, shared_findings
from builder.assess.proof import evidence_of
from builder.errors import BadInput
from builder.inventory import build_inventory
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.models.site import Host
from builder.workflows.findings import findings_of
from builder.workflows.survey import HostFacts
from tests.unit.held_sample import LEFT, REPORT, RIGHT, SHEETS, TODAY, changed, seen, stated, station
from tests.unit.site_parts import host as archive
from tests.unit.site_parts import site_of


def findings(
    facts: dict[str, Fact], host: Host | None = None, *reports: Report, sheets: tuple[Sheet, ...] = SHEETS
) -> dict[str, Finding]:
    host = host or station()
    held = held_displays(host, facts, sheets, reports, TODAY)
    found = [one for display in held for one in display.findings]
    return {one.requirement: one for one in (*found, *shared_findings(host, held, TODAY))}


def verdicts(found: dict[str, Finding]) -> dict[str, str]:
    return {name: one.verdict for name, one in found.items()}


def test_a_display_that_hangs_there_and_was_measured() -> None:
    found = findings(seen(DP1={}), None, REPORT)
    assert verdicts(found) == {
        "left-display": "met", "left-diagnostic-pixels": "met", "left-diagnostic-luminance": "met",
        "left-darkest": "short", "left-ratio": "met", "left-greys": "met", "left-depth": "met",
        "left-uniformity": "met",
    }  # fmt: skip
    first = found["left-display"]
    assert (first.expected, first.sentence) == ("ENC 2651, serial 27700017 hangs on read02", "It hangs on DP1.")
    assert found["left-greys"].sentence == "Greatest deviation of a grey step from the GSDF: 3.44 %, as asked."
    assert found["left-greys"].raw_sha256 == REPORT.sha256


def test_the_connector_does_not_count() -> None:
    swapped = seen(DP1={"serial": "27700018"}, DP2={})
    assert findings(swapped, None, REPORT)["left-display"].sentence == "It hangs on DP2."


def test_another_display_has_taken_its_place() -> None:
    found = findings(seen(DP1={"serial": "5"}), None, REPORT)
    assert (found["left-display"].verdict, found["left-display"].sentence) == (
        "short", "It does not hang there, but ENC 2651, serial 5 on DP1.",
    )  # fmt: skip
    others = [one for name, one in found.items() if name != "left-display"]
    assert {one.verdict for one in others} == {"unknown"}
    assert {one.attest for one in others} == {None}
    assert found["left-greys"].sentence.endswith(
        "since ENC 2651, serial 27700017 does not hang on read02, so that nothing measured on it counts."
    )


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "the survey did not ask for displays"),
        ({"displays.count": stated("displays.count", "?cannot open display")},
         "the displays could not be read (cannot open display)"),
        ({"displays.count": stated("displays.count", 0)}, "the survey sees no display"),
        ({"displays.count": stated("displays.count", 2)}, "the survey does not tell the displays apart"),
        (seen(DP1={"maker": "?the EDID was cut off"}), "what hangs on DP1 does not say which display it is"),
        (seen(DP1={"serial": "?the display states no serial number"}),
         "what hangs on DP1 does not say which display it is"),
    ],
)  # fmt: skip
def test_nobody_could_read_which_displays_hang_there(facts: dict[str, Fact], why: str) -> None:
    """The report is that of the site file's serial number; what the EDID would have said, a person has to see."""
    found = findings(facts, None, REPORT)
    first = found["left-display"]
    assert (first.verdict, first.attest) == ("unknown", "PACS administrator")
    assert first.sentence == f"Which displays hang there cannot be told, since {why}."
    assert (found["left-depth"].verdict, found["left-depth"].attest) == ("unknown", "PACS administrator")
    assert found["left-greys"].verdict == "met"


def test_two_of_a_make_and_no_serial_number_in_the_site_file() -> None:
    host = station({name: value for name, value in LEFT.items() if name != "serial"})
    found = findings(seen(DP1={}, DP2={"serial": "27700018"}), host, REPORT)
    assert found["left-display"].sentence == (
        "Which displays hang there cannot be told, since several are of its make (DP1, DP2) and the site file names no "
        "serial number of left."
    )
    assert found["left-greys"].verdict == "unknown"
    alone = findings(seen(DP1={}), host, REPORT)  # the EDID tells the number
    assert (alone["left-display"].verdict, alone["left-greys"].verdict) == ("met", "met")


def test_what_was_not_measured_is_on_nobody_s_word() -> None:
    found = findings(seen(DP1={}))
    assert (found["left-greys"].verdict, found["left-greys"].attest) == ("unknown", None)
    assert found["left-greys"].sentence == (
        "Greatest deviation of a grey step from the GSDF: cannot be told, since there is no calibration report of this "
        "display."
    )
    assert found["left-depth"].verdict == "met"


def test_a_depth_that_the_edid_leaves_open_is_a_person_s_to_look_up() -> None:
    found = findings(seen(DP1={"depth": "?an EDID 1.3 does not state it"}), None, REPORT)
    assert (found["left-depth"].verdict, found["left-depth"].attest) == ("unknown", "PACS administrator")


def test_an_overdue_calibration_is_short_with_its_day() -> None:
    review = station(LEFT | {"standard": "rcr", "class": "clinical-review"})
    late = findings(seen(DP1={}), review, changed(measured_on=date(2025, 9, 14)))["left-calibrated"]
    assert (late.verdict, late.sentence) == (
        "short",
        "Calibration in date: no (measured on 2025-09-14, due on 2026-09-14, overdue); asked is yes.",
    )
    assert findings(seen(DP1={}), review, REPORT)["left-calibrated"].verdict == "met"


def test_what_nobody_can_measure_is_the_physicist_s() -> None:
    found = findings(seen(DP1={}), station(LEFT | {"standard": "rcr", "class": "clinical-review"}), REPORT)
    assert (found["left-calibration-kind"].verdict, found["left-calibration-kind"].attest) == (
        "unknown", "medical physicist",
    )  # fmt: skip


def test_a_waiver_names_the_display_and_the_line() -> None:
    waiver = {"requirement": "left-darkest", "reason": "review only", "owner": "Ada", "until": "2027-01-31"}
    found = findings(seen(DP1={}), station(waivers=[waiver]), REPORT)
    assert found["left-darkest"].verdict == "waived"
    assert found["left-darkest"].sentence.startswith("Waived by Ada until 2027-01-31: review only. Without the waiver:")


def test_displays_that_name_no_standard_are_held_to_none() -> None:
    plain = {name: value for name, value in LEFT.items() if name not in ("standard", "class")}
    assert findings(seen(DP1={}), station(plain), REPORT) == {}
    assert held_displays(Host.model_validate(archive(1)), {}, SHEETS, [REPORT], TODAY) == ()


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"standard": "ranzr"}, "there is no standard for displays called ranzr; did you mean ranzcr?"),
        ({"standard": "display-ranzcr"},
         "there is no standard for displays called display-ranzcr; did you mean ranzcr?"),
        ({"class": "diagnostics"}, "ranzcr knows no class diagnostics; did you mean diagnostic?"),
        ({"class": None}, "left names no class of ranzcr; add `class:`, one of diagnostic, mammography"),
        ({"standard": "radics-acr"},
         "radics-acr asks the same of every display and knows no class diagnostic; remove the class"),
    ],
)  # fmt: skip
def test_a_standard_or_class_that_is_not_there(named: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        findings(seen(DP1={}), station(LEFT | named), REPORT)
    assert str(caught.value) == f"hosts/read02: {sentence}"


def pairs(*lines: dict[str, Any]) -> tuple[Sheet, ...]:
    """A standard of one's own that asks things of a host's displays together."""
    return (Sheet.model_validate({
        "product": {"id": "our-displays", "name": "Ours", "versions": ">=0"}, "machine": "display",
        "source": {"title": "Reading room standard", "address": "a book", "read": "2026-11-21", "trust": "A"},
        "requirements": [{"place": "section 1", **line} for line in lines],
    }),)  # fmt: skip


PAIR = pairs(
    {"id": "pair", "equal": ["displays.*.product"], "at_least": 2, "when": {"use": "diagnostic"}},
    {"id": "alike", "equal": ["displays.*.luminance.ratio"], "tolerance": "10 %", "when": {"use": "diagnostic"}},
    {"id": "greys", "fact": "display.gsdf.deviation", "maximum": "<= 10 %"},
    {"id": "review", "equal": ["displays.*.product"], "when": {"use": "review"}},
)
OURS = [LEFT | {"standard": "our-displays"}, RIGHT | {"standard": "our-displays"}]
BOTH = seen(DP1={}, DP2={"serial": "27700018"})


def test_a_matched_pair_of_one_ratio() -> None:
    found = findings(BOTH, station(*OURS), REPORT, changed(serial="27700018"), sheets=PAIR)
    assert verdicts(found) == {
        "left-display": "met", "left-greys": "met", "right-display": "met", "right-greys": "met",
        "diagnostic-pair": "met", "diagnostic-alike": "met",
    }  # fmt: skip
    assert found["diagnostic-pair"].sentence == (
        "Product code of the display on left: 2651; product code of the display on right: 2651: 2 are equal, asked are "
        "at least 2."
    )


def test_a_pair_that_does_not_match() -> None:
    other = [OURS[0], OURS[1] | {"product": "2741"}]
    darker = changed(serial="27700018", product="2741", ambient=0.5)
    facts = seen(DP1={}, DP2={"serial": "27700018", "product": "2741"})
    found = findings(facts, station(*other), REPORT, darker, sheets=PAIR)
    assert found["diagnostic-pair"].verdict == "short"
    assert (found["diagnostic-alike"].verdict, found["diagnostic-alike"].sentence) == (
        "short",
        "Luminance ratio, with the room's light, of left: 458.09; luminance ratio, with the room's light, of right: "
        "368.3; asked is that they are equal within 10 %.",
    )


def test_a_pair_of_which_one_was_not_measured_or_is_not_there() -> None:
    found = findings(BOTH, station(*OURS), REPORT, sheets=PAIR)
    assert found["diagnostic-alike"].verdict == "unknown"
    assert "there is no calibration report of this display" in found["diagnostic-alike"].sentence
    single = findings(seen(DP1={}), station(OURS[0]), REPORT, sheets=PAIR)
    assert (single["diagnostic-pair"].verdict, single["diagnostic-alike"].verdict) == ("short", "unknown")


def test_a_tolerance_is_of_amounts_that_must_all_be_equal() -> None:
    with pytest.raises(ValueError, match="a tolerance means nothing for displays"):
        pairs({"id": "pair", "equal": ["displays.*.product"], "tolerance": "10 %"})
    with pytest.raises(ValueError, match="leave at_least or tolerance out"):
        pairs({"id": "pair", "equal": ["displays.*.luminance.ratio"], "tolerance": "10 %", "at_least": 2})
    with pytest.raises(ValueError, match="tolerance compares a fact"):
        pairs({"id": "pair", "judged": "alike", "tolerance": "10 %"})


def test_what_was_measured_is_known_to_a_host_s_own_sheets() -> None:
    facts = measured_facts(BOTH, [REPORT], TODAY)
    assert facts["displays.DP1.luminance.ratio"].value == pytest.approx(458.0889)
    assert facts["displays.DP2.luminance.ratio"].error == "there is no calibration report of this display"
    assert measured_facts({}, [REPORT], TODAY) == {}


def test_the_verbs_get_displays_after_the_host_s_own_sheets() -> None:
    site = site_of([{**archive(1)}, station().model_dump(by_alias=True) | {"waivers": []}])
    machine = build_inventory(site, roles=False).machine("read02")
    assert machine.host.workstation is not None
    assert machine.host.workstation.displays[0].standard is None  # roles are not told of it
    host = station()
    read = HostFacts(type(machine)(host, machine.fqdn, (), machine.connection), seen(DP1={}))
    found = findings_of(read, SHEETS, TODAY, [REPORT])
    assert [one.requirement for one in found if one.product == "display-ranzcr"][:2] == [
        "left-display", "left-diagnostic-pixels",
    ]  # fmt: skip
    assert found[0].product == "aeskulap"
    made = evidence_of(next(one for one in found if one.requirement == "left-greys"), "read02", "r", datetime.now(UTC))
    assert made.probe.startswith("calibration/left.csv: dL/L per JND")
    assert made.subject == "left-greys"
