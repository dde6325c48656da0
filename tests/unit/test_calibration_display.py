"""Displays and their reports against the classes of the shipped standards."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.assess.display import (
    CURRENT,
    FIGURES,
    Report,
    assess_display,
    calibration_facts,
    classes_of,
    due,
    interval_of,
    newest,
    panels,
    report_of,
)
from builder.assess.reading import UnclearError
from builder.errors import BadInput
from builder.load.calibration import load_calibration
from builder.load.sheets import load_sheets
from builder.models.catalogue import fact_kind
from builder.models.days import after
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.quantity import BASE_UNITS
from builder.models.sheet import Sheet
from builder.models.site import Waiver
from builder.survey import edid
from builder.survey.stating import fact_of

EDIDS = Path(__file__).parent / "recorded" / "edid"
LOADED = load_calibration(Path(__file__).parent / "recorded" / "calibration" / "made-up.csv")
REPORT = Report(LOADED.value, "made-up.csv", LOADED.sha256)
STANDARDS: dict[str, Sheet] = {
    one.value.product.id.removeprefix("display-"): one.value for one in load_sheets() if one.value.machine == "display"
}
TODAY = date(2026, 11, 22)


def panel(**values: float) -> dict[str, Fact]:
    units = {"megapixels": "MP", "pitch": "mm", "depth": "bit", "shorter": None}
    return {
        f"display.{name}": Fact(name=f"display.{name}", value=value, unit=units[name], command="edid-decode")
        for name, value in values.items()
    }


# A display of 1920 x 1920 pixels of 0.2588 mm.
SQUARE = panel(megapixels=3.6864, pitch=0.2588, depth=8, shorter=1920)


def findings(standard: str, display_class: str | None, report: Report = REPORT, **more: Any) -> dict[str, Finding]:
    found = assess_display(
        STANDARDS[standard], display_class, more.pop("panel", SQUARE), report, **{"today": TODAY, **more}
    )
    return {one.requirement: one for one in found}


def verdicts(standard: str, display_class: str | None, report: Report = REPORT, **more: Any) -> dict[str, str]:
    return {name: one.verdict for name, one in findings(standard, display_class, report, **more).items()}


def changed(**fields: Any) -> Report:
    return replace(REPORT, calibration=LOADED.value.model_copy(update=fields))


def test_the_standards_and_their_classes() -> None:
    assert {name: classes_of(sheet) for name, sheet in STANDARDS.items()} == {
        "acr-aapm-siim": ("diagnostic", "mammography", "other"),
        "din-6868-157": ("rk1", "rk2", "rk3"),
        "din-6868-57": ("category-a", "category-b"),
        "fda-mammography": (),
        "racs-ddi": ("cr-dr", "ct-mr-us", "mammography"),
        "radics-acr": (),
        "ranzcr": ("diagnostic", "mammography"),
        "rcr": ("clinical-review",),
        "totoku-mqsa": (),
    }


def test_every_line_of_a_standard_has_its_place_and_every_interval_is_one() -> None:
    for sheet in STANDARDS.values():
        for line in sheet.requirements:
            assert line.place
            assert (line.fact == CURRENT) <= (line.valid_for is not None)
    assert interval_of(STANDARDS["rcr"], "clinical-review") == "1 year"
    assert interval_of(STANDARDS["din-6868-157"], "rk2") == "1 year"
    assert interval_of(STANDARDS["ranzcr"], "diagnostic") is None
    assert interval_of(STANDARDS["rcr"], "another-class") is None


def test_the_sample_as_a_diagnostic_display_in_australia() -> None:
    found = findings("ranzcr", "diagnostic")
    assert {name: one.verdict for name, one in found.items()} == {
        "diagnostic-pixels": "met", "diagnostic-luminance": "met", "darkest": "short", "ratio": "met", "greys": "met",
        "depth": "met", "uniformity": "met",
    }  # fmt: skip
    assert found["greys"].sentence == "Greatest deviation of a grey step from the GSDF: 3.44 %, as asked."
    assert found["greys"].expected == "greatest deviation of a grey step from the GSDF: <= 10 %"
    assert found["darkest"].sentence == (
        "Minimum luminance, without the room's light: 0.62 cd/m2; asked is >= 1 cd/m2; minimum luminance, with the "
        "room's light: 0.9 cd/m2; asked is >= 1 cd/m2."
    )
    assert found["greys"].raw_sha256 == LOADED.sha256
    assert found["greys"].commands == (
        "made-up.csv: dL/L per JND of 18 levels; AAPM OR-03 (TG18), IEC 62563-1, 7.4.3, DICOM PS3.14, 7.1",
    )
    assert found["greys"].source.endswith("Appendix D, all rows")


def test_for_mammograms_the_same_display_has_too_few_pixels_and_too_little_light() -> None:
    assert verdicts("ranzcr", "mammography") == {
        "mammography-pixels": "short", "mammography-pitch": "short", "mammography-luminance": "short",
        "darkest": "short", "ratio": "met", "greys": "met", "depth": "met", "uniformity": "met",
    }  # fmt: skip
    five = panel(megapixels=5.24288, pitch=0.165, depth=10, shorter=2048)
    found = verdicts("ranzcr", "mammography", panel=five)
    assert (found["mammography-pixels"], found["mammography-pitch"]) == ("met", "met")
    assert verdicts("fda-mammography", None)["pixels"] == "short"
    assert verdicts("fda-mammography", None, panel=five)["pixels"] == "met"


@pytest.mark.parametrize(
    ("standard", "display_class", "wanted"),
    [
        ("acr-aapm-siim", "diagnostic",
         {"diagnostic-luminance": "met", "diagnostic-greys": "met", "same-ratio": "unknown"}),
        ("acr-aapm-siim", "mammography",
         {"mammography-luminance": "short", "mammography-greys": "met", "same-ratio": "unknown"}),
        ("acr-aapm-siim", "other", {"other-luminance": "met", "other-greys": "met", "same-ratio": "unknown"}),
        ("rcr", "clinical-review", {"pixels": "met", "luminance": "met", "darkest": "unknown", "greys": "met",
                                    "calibrated": "met", "calibration-kind": "unknown"}),
        ("racs-ddi", "cr-dr", {"radiography-pitch": "short", "luminance": "met", "ratio": "unknown",
                               "greys": "unknown", "test-pattern": "unknown"}),
        ("din-6868-57", "category-a", {"a-matrix": "met", "a-luminance": "met", "a-contrast": "met"}),
        ("din-6868-157", "rk1", {"rk1-light": "unknown", "calibrated": "met", "greys": "unknown",
                                 "luminance": "unknown"}),
        ("radics-acr", None, {"ratio": "met", "luminance": "short", "greys": "met", "uniformity": "met",
                              "ambient": "met", "colour": "unknown"}),
        ("totoku-mqsa", None, dict.fromkeys(("luminance", "darkest", "greys", "room"), "unknown")),
    ],
)  # fmt: skip
def test_the_sample_against_the_other_standards(
    standard: str, display_class: str | None, wanted: dict[str, str]
) -> None:
    found = findings(standard, display_class)
    assert {name: one.verdict for name, one in found.items()} == wanted
    # What no meter tells, a named person answers for; what a meter tells, nobody may.
    for one in found.values():
        assert (one.verdict == "unknown") <= (one.attest is not None)


def test_a_two_megapixel_display_of_the_trade_is_one() -> None:
    assert verdicts("rcr", "clinical-review", panel=panel(megapixels=1.92))["pixels"] == "met"
    assert verdicts("rcr", "clinical-review", panel=panel(megapixels=1.31072))["pixels"] == "short"


def test_without_a_report_every_measured_line_is_unknown_and_nobody_may_answer_for_it() -> None:
    found = findings("ranzcr", "diagnostic", Report())
    measured = {name: one for name, one in found.items() if name not in ("diagnostic-pixels", "depth")}
    assert {one.verdict for one in measured.values()} == {"unknown"}
    assert found["greys"].sentence == (
        "Greatest deviation of a grey step from the GSDF: cannot be told, since there is no calibration report of this "
        "display."
    )
    assert found["greys"].attest is None
    assert verdicts("rcr", "clinical-review", Report())["calibrated"] == "unknown"


def test_a_display_that_says_nothing_of_itself_is_unknown() -> None:
    found = findings("ranzcr", "mammography", panel={})
    assert {found[name].verdict for name in ("mammography-pixels", "mammography-pitch", "depth")} == {"unknown"}


def test_half_a_report_tells_half() -> None:
    few = verdicts("ranzcr", "diagnostic", changed(steps=LOADED.value.steps[::17]))
    assert few["greys"] == "unknown"
    assert (few["diagnostic-luminance"], few["ratio"], few["uniformity"]) == ("met", "met", "met")
    dark = verdicts("ranzcr", "diagnostic", changed(ambient=None))
    assert (dark["greys"], dark["ratio"], dark["uniformity"]) == ("unknown", "unknown", "unknown")
    assert dark["diagnostic-luminance"] == "met"  # 412 cd/m2 without the room's light are enough with it, too
    assert verdicts("acr-aapm-siim", "diagnostic", changed(ambient=None))["diagnostic-luminance"] == "unknown"
    turned = changed(steps=(*LOADED.value.steps[:-1], LOADED.value.steps[-1].model_copy(update={"luminance": 1.0})))
    assert {one for name, one in verdicts("ranzcr", "diagnostic", turned).items()
            if name in ("diagnostic-luminance", "darkest", "ratio", "greys")} == {"unknown"}  # fmt: skip


def test_where_the_room_s_light_decides_and_the_standard_does_not_say_a_person_must() -> None:
    between = changed(ambient=0.5)  # 0.62 cd/m2 alone, 1.12 with the room
    found = findings("ranzcr", "diagnostic", between)["darkest"]
    assert (found.verdict, found.attest) == ("unknown", "medical physicist")
    assert found.sentence.endswith("for a person to judge: the room's light counts by the standard.")


def test_a_waiver_holds_here_too() -> None:
    waiver = Waiver(requirement="darkest", reason="Film of the year 2024", owner="Dr Grey", until="2027-01-01")
    assert verdicts("ranzcr", "diagnostic", waivers=[waiver])["darkest"] == "waived"


@pytest.mark.parametrize(
    ("standard", "display_class", "said"),
    [
        ("ranzcr", "mamography",
         "RANZCR Standards of Practice: displays: there is no display class mamography; did you mean mammography?"),
        ("ranzcr", "ct",
         "RANZCR Standards of Practice: displays: there is no display class ct; it has diagnostic, mammography"),
        ("ranzcr", None,
         "RANZCR Standards of Practice: displays: name the display's class, one of diagnostic, mammography"),
        ("radics-acr", "diagnostic",
         "ACR as EIZO RadiCS tests it: displays: there is no display class diagnostic; leave it out"),
    ],
)  # fmt: skip
def test_a_class_that_the_standard_does_not_name(standard: str, display_class: str | None, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        findings(standard, display_class)
    assert str(caught.value) == said


# When it is due


@pytest.mark.parametrize(
    ("day", "interval", "wanted"),
    [
        ("2026-09-14", "1 year", "2027-09-14"),
        ("2024-02-29", "1 year", "2025-02-28"),
        ("2024-02-29", "4 years", "2028-02-29"),
        ("2026-08-31", "6 months", "2027-02-28"),
        ("2026-12-31", "2 months", "2027-02-28"),
        ("2026-12-15", "1 month", "2027-01-15"),
        ("2026-09-14", "2 weeks", "2026-09-28"),
        ("2026-12-31", "1 day", "2027-01-01"),
        ("9999-12-31", "1 day", "9999-12-31"),
        ("9999-12-31", "1 year", "9999-12-31"),
    ],
)
def test_an_interval_later(day: str, interval: str, wanted: str) -> None:
    assert after(date.fromisoformat(day), interval) == date.fromisoformat(wanted)


@pytest.mark.parametrize("interval", ["", "a year", "0 years", "1 decade", "1year", "-1 year"])
def test_what_is_no_interval(interval: str) -> None:
    with pytest.raises(ValueError, match="is no period; write it as 5 years"):
        after(TODAY, interval)


@given(st.dates(date(1990, 1, 1), date(2900, 1, 1)), st.integers(1, 120), st.sampled_from(["month", "year"]))
def test_later_is_the_same_day_of_the_month_or_its_last(day: date, number: int, unit: str) -> None:
    found = after(day, f"{number} {unit}s")
    months = number * (12 if unit == "year" else 1)
    assert found.year * 12 + found.month == day.year * 12 + day.month + months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


def test_it_is_overdue_from_the_day_after() -> None:
    report = LOADED.value
    on_the_day = due(report, "1 year", date(2027, 9, 14))
    assert (on_the_day.overdue, on_the_day.sentence) == (False, "measured on 2026-09-14, due on 2027-09-14")
    assert not due(report, "1 year", report.measured_on).overdue
    next_day = due(report, "1 year", date(2027, 9, 15))
    assert (next_day.overdue, next_day.sentence) == (True, "measured on 2026-09-14, due on 2027-09-14, overdue")
    found = findings("rcr", "clinical-review", today=date(2027, 9, 15))["calibrated"]
    assert (found.verdict, found.sentence) == (
        "short", "Calibration in date: no (measured on 2026-09-14, due on 2027-09-14, overdue); asked is yes."
    )  # fmt: skip


def test_a_report_from_the_future_is_not_in_date() -> None:
    with pytest.raises(UnclearError, match="the report is of 2026-09-14, which is still to come"):
        due(LOADED.value, "1 year", date(2026, 9, 13))
    assert verdicts("rcr", "clinical-review", today=date(2026, 9, 13))["calibrated"] == "unknown"


# Which report counts


def test_the_newest_report_of_a_display_counts() -> None:
    old, other = changed(measured_on=date(2025, 9, 1)), changed(serial="2", measured_on=date(2026, 10, 1))
    assert newest([old, REPORT, other], "ENC", "2651", ["27700017"]) == REPORT
    assert newest([old, REPORT, other], "ENC", "2651", ["A1", "27700017"]) == REPORT
    assert newest([old, other], "ENC", "2651", ["27700017"]) == old
    assert newest([old, other], "ENC", "2651", ["3"]).missing == "there is no calibration report of this display"
    assert newest([], "ENC", "2651", ["27700017"]).calibration is None
    assert newest([REPORT], "ENC", "2651", []).missing == (
        "the display states no serial number, by which its calibration report would be found"
    )


def test_of_two_reports_of_one_day_nobody_knows_which_counts() -> None:
    second = replace(REPORT, file="again.csv")
    assert newest([REPORT, second], "ENC", "2651", ["27700017"]).missing == (
        "again.csv and made-up.csv are of one day and one display; keep the one that counts"
    )


def stated(name: str, value: str | float | None) -> Fact:
    """A fact of a host, as the survey states it; unreadable without a value."""
    unit = BASE_UNITS.get(fact_kind(name).kind)
    if value is None:
        return Fact(name=name, error="the EDID was cut off after 17 of 128 bytes", command="xrandr --prop")
    return Fact(name=name, value=value, unit=unit, command="xrandr --prop")


def on_connectors(**displays: dict[str, str | float | None]) -> dict[str, Fact]:
    names = {f"displays.{connector}.{name}": value for connector, said in displays.items()
             for name, value in said.items()}  # fmt: skip
    return {name: stated(name, value) for name, value in ({"displays.count": 2} | names).items()}


LEFT: dict[str, str | float | None] = {
    "maker": "ENC", "product": "2651", "serial": "27700017", "serial_number": "16843009", "megapixels": 3.6864,
    "pitch": 0.2588, "depth": 8, "shorter": 1920,
}  # fmt: skip


def test_the_displays_of_a_host_and_their_reports() -> None:
    found = panels(on_connectors(DP2={**LEFT, "serial": "5"}, DP1=LEFT, HDMI1={"maker": None, "product": "2651"}))
    assert list(found) == ["DP1", "DP2", "HDMI1"]
    assert found["DP1"]["display.pitch"] == stated("display.pitch", 0.2588)
    assert report_of(found["DP1"], [REPORT]) == REPORT
    assert report_of(found["DP2"], [REPORT]).missing == "there is no calibration report of this display"
    assert report_of(found["DP2"], [changed(serial="16843009")]).calibration is not None  # its number, not its text
    assert report_of(found["HDMI1"], [REPORT]).missing.startswith("the display does not say which one it is")
    whole = assess_display(STANDARDS["ranzcr"], "diagnostic", found["DP1"], REPORT, today=TODAY)
    assert {one.requirement: one.verdict for one in whole} == verdicts("ranzcr", "diagnostic")


def test_from_an_edid_to_the_verdict() -> None:
    """What a display's EDID says finds its report, and both together answer the standard."""
    said = edid.on_connector("DP-1", edid.panel((EDIDS / "made-up-colour-24.bin").read_bytes()))
    facts = {name: fact_of(name, value, "od edid", None, "0" * 64) for name, value in said.items()}
    graphics = panels(facts)["DP-1"]
    its = changed(maker="ENC", product="2741", serial="31900002")
    report = report_of(graphics, [REPORT, its])
    assert report == its
    found = {one.requirement: one for one in assess_display(STANDARDS["ranzcr"], "diagnostic", graphics, report,
                                                            today=TODAY)}  # fmt: skip
    assert found["diagnostic-pixels"].sentence == "Megapixels: 2.3 MP; asked is >= 3 MP."
    assert found["depth"].sentence == "Bit depth: 10 bit, as asked."
    assert found["greys"].verdict == "met"


def test_a_two_megapixel_display_s_own_edid_is_enough_for_review() -> None:
    said = edid.panel((EDIDS / "made-up-grey-2mp.bin").read_bytes())
    facts = {name: fact_of(name, value, "od edid", None, "0" * 64) for name, value in said.items()}
    assert verdicts("rcr", "clinical-review", panel=facts)["pixels"] == "met"
    depth = findings("ranzcr", "diagnostic", panel=facts)["depth"]
    assert (depth.verdict, depth.sentence) == (
        "unknown", "Bit depth: cannot be told, since an EDID 1.3 does not state it."
    )  # fmt: skip


def test_every_figure_is_a_fact_with_the_way_it_was_computed() -> None:
    facts = calibration_facts(REPORT, "1 year", TODAY)
    assert set(facts) == {*FIGURES, CURRENT}
    for name, fact in facts.items():
        assert fact.name == name
        assert fact.error is None
        assert fact.command.startswith("made-up.csv: ")
        assert fact.raw_sha256 == LOADED.sha256
    assert CURRENT not in calibration_facts(REPORT, None, TODAY)


def test_of_a_report_from_the_future_no_figure_counts() -> None:
    facts = calibration_facts(REPORT, "1 year", date(2026, 9, 13))
    assert {fact.error for fact in facts.values()} == {"the report is of 2026-09-14, which is still to come"}
    on_the_day = calibration_facts(REPORT, "1 year", date(2026, 9, 14))
    assert {fact.error for fact in on_the_day.values()} == {None}
