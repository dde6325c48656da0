"""A display in the dossier: its plot says what was measured, stays in its frame and is read without colour."""

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.assess.calibration import Response, ResponseStep, response
from builder.assess.display import Report, assess_display, calibration_facts, interval_of
from builder.report.displays import Shown, display_html, limit_of, record_of
from builder.report.gsdf_plot import BOTTOM, LEFT, RIGHT, TOP, WIDTH, deviation_svg, lay_out, signed, summary
from tests.unit.report_sample_data import ATTACK
from tests.unit.test_calibration_display import LOADED, REPORT, SQUARE, STANDARDS, changed
from tests.unit.test_calibration_figures import gamma
from tests.unit.test_calibration_figures import report as measured

SVG = "{http://www.w3.org/2000/svg}"
SAMPLE = response(LOADED.value)
OFFICE = response(measured(gamma(2.2)))
TODAY = date(2026, 11, 22)


def drawn(greys: Response, limit: float | None = 10.0, key: str = "left") -> ElementTree.Element:
    return ElementTree.fromstring(deviation_svg(greys, title="Deviation & more", limit=limit, key=key))


def of(deviations: list[float], highest: int = 255) -> Response:
    """A response with these deviations; what else it says does not matter to a plot."""
    count = len(deviations)
    steps = tuple(
        ResponseStep(levels=(number * highest // count, (number + 1) * highest // count), luminances=(1, 2),
                     wanted=(1, 2), jnds=30, contrast=0.01, wanted_contrast=0.01, deviation=value)
        for number, value in enumerate(deviations)
    )  # fmt: skip
    off = [abs(value) for value in deviations]
    return Response(steps=steps, jnds_a_step=30, greatest=max(off), mean=sum(off) / count)


def test_the_plot_has_a_title_and_a_description_of_its_own() -> None:
    root = drawn(SAMPLE)
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    found = {one.get("id"): one.text for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")}
    assert [found[name] for name in named] == [
        "Deviation & more",
        "17 steps between 18 greys. The greatest deviation is \N{MINUS SIGN}3.4 %, from driving level 210 to 225; the "
        "mean of the amounts is 1.3 %. No step is beyond the limit of 10 %.",
    ]
    assert set(named).isdisjoint((drawn(SAMPLE, key="right").get("aria-labelledby") or "").split())


def test_every_step_has_its_mark_and_its_figure() -> None:
    root = drawn(SAMPLE)
    marks = [group for group in root if group.find(f"{SVG}title") is not None]
    assert [group.findtext(f"{SVG}text") for group in marks] == [signed(step.deviation) for step in SAMPLE.steps]
    assert (
        marks[0].findtext(f"{SVG}title") == "Level 0 to 15: 0.9 to 1.961 cd/m\N{SUPERSCRIPT TWO}, \N{MINUS SIGN}0.2 %"
    )
    words = {one.text for one in root.iter(f"{SVG}text")}
    assert {"Driving level", "Deviation from the GSDF in %", "limit +10 %", "limit \N{MINUS SIGN}10 %"} <= words
    assert {str(15 * number) for number in range(18)} <= words


def test_what_is_beyond_the_limit_is_a_square_and_bold() -> None:
    root = drawn(OFFICE)
    for group, step in zip((one for one in root if one.find(f"{SVG}title") is not None), OFFICE.steps, strict=True):
        beyond = abs(step.deviation) > 10
        assert (group.find(f"{SVG}rect") is not None) is beyond
        assert (group.find(f"{SVG}circle") is not None) is not beyond
        text = group.find(f"{SVG}text")
        assert text is not None
        assert (text.get("font-weight") == "700") is beyond
    assert "14 steps are beyond the limit of 10 %." in summary(OFFICE, 10)
    assert "One step is beyond the limit of 20 %." in summary(of([0.0, 21.0, -20.0]), 20)


def test_a_standard_without_a_limit_has_no_line_and_no_verdict() -> None:
    root = drawn(OFFICE, limit=None)
    assert not [one for one in root.iter() if one.get("stroke-dasharray")]
    assert [one.get("height") for one in root.iter(f"{SVG}rect")] == [str(BOTTOM - TOP)]  # the frame alone
    assert "limit" not in summary(OFFICE, None)


def test_a_figure_never_looks_as_if_it_were_within_what_it_is_beyond() -> None:
    assert [mark.text for mark in lay_out(of([10.04, -10.004, 10.0, 9.96]), title="", limit=10, key="x").marks] == [
        "+10.04", "\N{MINUS SIGN}10.004", "+10.0", "+10.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0"), (-0.04, "0.0"), (3.25, "+3.2"), (-3.35, "\N{MINUS SIGN}3.4")]
)
def test_a_deviation_as_people_read_it(value: float, text: str) -> None:
    assert signed(value) == text


@given(
    st.lists(st.floats(-3000, 3000), min_size=17, max_size=17),
    st.sampled_from([None, 5.0, 10.0, 20.0]),
    st.sampled_from([255, 1023]),
)
def test_nothing_leaves_the_frame(deviations: list[float], limit: float | None, highest: int) -> None:
    plot = lay_out(of(deviations, highest), title="", limit=limit, key="x")
    for mark in plot.marks:
        assert LEFT < mark.x < RIGHT
        assert TOP < mark.y < BOTTOM
        assert TOP + 5 < mark.text_y < BOTTOM - 1
    for tick in plot.levels:
        assert LEFT <= tick.at <= RIGHT
    heights = [tick.at for tick in plot.per_cents]
    assert heights == sorted(heights, reverse=True)
    assert (heights[0], heights[-1]) == pytest.approx((BOTTOM, TOP))
    assert 3 <= len(heights) <= 13
    for one, next_one in zip(plot.limit_texts, plot.limit_texts[1:], strict=False):
        assert next_one.at - one.at >= 13.9
    assert RIGHT + 6 + 62 < WIDTH


# The section


def section(
    report: Report = REPORT,
    standard: str = "ranzcr",
    display_class: str | None = "diagnostic",
    name: str = "read02, left",
) -> str:
    sheet = STANDARDS[standard]
    facts = {**SQUARE, **calibration_facts(report, interval_of(sheet, display_class), TODAY)}
    found = assess_display(sheet, display_class, SQUARE, report, today=TODAY)
    return display_html(record_of(Shown(name, sheet, display_class, report, facts, found)))


def words(html: str) -> str:
    """What a person reads: no tags, no markup of spaces."""
    return (
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )


def test_the_section_says_what_was_asked_found_and_computed() -> None:
    text = words(section())
    for sentence in (
        "read02, left: ENC 2651, serial 27700017",
        "Measured on 2026-09-14 with Example LM-1, serial 1001; the room's light on the screen was 0.28 cd/m\u00b2.",
        "RANZCR Standards of Practice: displays, Appendix D, class diagnostic. Read in: Monitor specification "
        "requirements: RANZCR Standards of Practice, Appendix D, as a third party quotes it, read 2026-11-21 (trust C)",
        "\u2717 short", "\u2713 met",
        "Greatest deviation of a grey step from the GSDF: 3.44 %, as asked.",
        "Each step should have 35.9 just noticeable differences (JND)",
        "Luminance ratio, with the room's light 458.09 L'max / L'min; AAPM TG-18, as EIZO RadiCS, p. 84, has it",
        f"Report: made-up.csv, SHA-256 {LOADED.sha256}",
    ):  # fmt: skip
        assert sentence in text, sentence
    assert section().count("<svg") == 1
    ElementTree.fromstring(section())


def test_when_it_is_due_stands_where_the_standard_has_an_interval() -> None:
    assert "Due on 2027-09-14." in words(section(standard="rcr", display_class="clinical-review"))
    assert "Due on" not in words(section())
    late = changed(measured_on=date(2025, 1, 31))
    assert "Due on 2026-01-31, overdue." in words(section(late, "rcr", "clinical-review"))
    early = changed(measured_on=date(2027, 1, 31))
    assert "Whether that is in date cannot be told: the report is of 2027-01-31, which is still to come." in words(
        section(early, "rcr", "clinical-review")
    )


def test_a_display_that_was_not_measured_has_no_plot_and_says_so() -> None:
    html = section(Report())
    assert "Not measured: there is no calibration report of this display." in words(html)
    assert "<svg" not in html
    assert "? unknown" in words(html)
    assert "None" not in words(html)


def test_a_report_of_which_the_greys_cannot_be_told_says_why() -> None:
    html = section(changed(ambient=None))
    assert "the room's light on the screen was not measured." in words(html)
    assert (
        "How the greys follow the GSDF cannot be told: the room's light on the screen (ambient luminance) was not "
        "measured." in words(html)
    )
    assert "<svg" not in html


def test_no_name_breaks_out_of_its_place() -> None:
    report = replace(changed(instrument=f"meter {ATTACK}", serial=f"1 {ATTACK}"), file=f"{ATTACK}.csv")
    html = section(report, name=f"left {ATTACK}")
    root = ElementTree.fromstring(html)
    assert {one.tag.rpartition("}")[2] for one in root.iter()}.isdisjoint({"script", "img", "style", "link"})
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on")]
    assert re.fullmatch(r"display-[a-z0-9-]+", root.get("id") or "")


def test_the_limit_is_the_standard_s_own_for_the_class() -> None:
    limits = {(name, word): limit_of(sheet, word) for name, sheet in STANDARDS.items() for word in
              ("diagnostic", "clinical-review", "other")}  # fmt: skip
    assert limits[("acr-aapm-siim", "diagnostic")] == 10
    assert limits[("acr-aapm-siim", "other")] == 20
    assert limits[("rcr", "clinical-review")] == 20
    assert limits[("ranzcr", "diagnostic")] == 10
    assert limits[("din-6868-157", "diagnostic")] is None
