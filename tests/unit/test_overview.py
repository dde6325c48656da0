"""A whole site in one table: verdict, level and sentence of each host and sheet; as page, CSV, JSON and text."""

import csv
import io
import re
from typing import Any

import pytest
from rich.console import Console

from builder.assess.overview import Overview, overview
from builder.assess.planned import planned_sheet
from builder.errors import BadInput
from builder.models.sheet import Sheet
from builder.report.assessment import assessment_html, outcome, waivers_of
from builder.report.assessment_data import assessment_csv, assessment_json
from builder.report.assessment_table import assessment_table
from tests.unit.sheet_parts import TODAY, Value, facts_of, sheet_of
from tests.unit.site_parts import host, site_of

LINES = (
    '{fact: memory.total, minimum: ">= 16 GiB", recommended: ">= 32 GiB"}',
    '{fact: gpu.memory, minimum: ">= 2 GiB"}',
    "{attested: The cables are short}",
)
ALL: dict[str, Value] = {"memory.total": "32 GiB", "gpu.memory": "4 GiB"}


def archive_sheet(*lines: str, **product: str) -> Sheet:
    sheet = sheet_of(*(lines or LINES))
    product = {"id": "thing", "name": "Thing", "versions": ">=1", **product}
    return Sheet.model_validate({**sheet.model_dump(by_alias=True), "machine": "archive", "product": product})


def site_overview(*hosts: dict[str, Value] | str, sheet: Sheet | None = None, **more: Any) -> Overview:
    """An overview of hosts by their facts; one that is text was not read, and that is why."""
    thing = {"product": {"id": "thing", "version": "1"}}
    site = site_of([host(number, **{**thing, **more.get(f"arc{number}", {})}) for number in range(1, len(hosts) + 1)])
    read = [
        (one, {} if isinstance(facts, str) else facts_of(facts), facts if isinstance(facts, str) else None)
        for one, facts in zip(site.hosts, hosts, strict=True)
    ]
    return overview(("elm", "Elm & Sons"), read, [sheet or archive_sheet()], TODAY, more.get("plan_for"))


def waived(requirement: str) -> dict[str, Any]:
    waiver = {"requirement": requirement, "reason": "ordered", "owner": "M. Kilbride", "until": "2027-01-31"}
    return {"waivers": [waiver]}


@pytest.mark.parametrize(
    ("facts", "verdict", "level", "sentence"),
    [
        ({**ALL, "memory.total": "8 GiB"}, "short", None,
         "Short in 1 of 3 lines: line0; 1 not known yet, which a person must tell."),
        (ALL, "unknown", None, "Nothing short, 2 of 3 met; 1 not known yet, which a person must tell."),
        ({"memory.total": "32 GiB"}, "unknown", None,
         "Nothing short, 1 of 3 met; 2 not known yet, 1 of them for a person to tell."),
    ],
)  # fmt: skip
def test_a_host_and_a_sheet_in_a_sentence(
    facts: dict[str, Value], verdict: str, level: str | None, sentence: str
) -> None:
    (held,) = site_overview(facts).hosts[0].held
    assert (held.verdict, held.level, held.sentence) == (verdict, level, sentence)


@pytest.mark.parametrize(
    ("memory", "level"), [("16 GiB", "minimum"), ("32 GiB", "recommended")]
)  # fmt: skip
def test_the_level_that_is_reached(memory: str, level: str) -> None:
    (held,) = site_overview({"memory.total": memory}, sheet=archive_sheet(LINES[0])).hosts[0].held
    assert (held.verdict, held.level) == ("met", level)
    assert held.sentence == f"The one line that is asked is met; level {level}."


def test_a_waiver_is_told_with_owner_and_last_day() -> None:
    found = site_overview({"memory.total": "8 GiB"}, sheet=archive_sheet(LINES[0]), arc1=waived("line0"))
    (held,) = found.hosts[0].held
    assert (held.verdict, held.waived) == ("waived", ("M. Kilbride until 2027-01-31",))
    assert held.sentence == "0 of 1 met; 1 waived: line0."
    assert not found.short
    assert "waived by M. Kilbride until 2027-01-31" in assessment_html(found)
    assert "M. Kilbride,2027-01-31" in assessment_csv(found)
    assert "Waived by M. Kilbride until 2027-01-31." in text_of(found)


def test_who_answers_for_what_stands_in_a_table_of_its_own() -> None:
    """With the reason; and a waiver that has expired beside it, whose line asks again."""
    old = {"waivers": [waived("line0")["waivers"][0] | {"until": "2026-11-21"}]}
    found = site_overview({"memory.total": "8 GiB"}, {"memory.total": "8 GiB"}, sheet=archive_sheet(LINES[0]),
                          arc1=waived("line0"), arc2=old)  # fmt: skip
    assert [(one.host, one.by, one.why, one.expired) for one in waivers_of(found)] == [
        ("arc1", "M. Kilbride, until 2027-01-31", "ordered", False),
        ("arc2", "M. Kilbride, 2026-11-21", "ordered", True),
    ]
    page = assessment_html(found)
    assert '<td data-label="Why">ordered</td>' in page
    assert "expired: M. Kilbride, 2026-11-21" in page
    assert "A waiver has expired: arc2 line0." in outcome(found)
    (need,) = found.shopping.buy[0].needs
    assert (need.hosts, need.lines[0].expired) == (("arc2",), "M. Kilbride, 2026-11-21")
    rows = list(csv.DictReader(io.StringIO(assessment_csv(found))))
    assert [(row["waived because"], row["to get"]) for row in rows] == [("ordered", ""), ("", "Memory")]


def test_what_a_host_is_held_against_has_its_place_at_a_glance() -> None:
    """A column each for the product, the class and the displays, and not one for every sheet of the hospital."""
    classes = archive_sheet(LINES[0], id="class-archive", name="Archive host", versions=">=12")
    site = site_of([host(1, product={"id": "thing", "version": "1"})])
    read = [(site.hosts[0], facts_of({"memory.total": "8 GiB"}), None)]
    found = overview(("elm", "Elm"), read, [archive_sheet(), classes], TODAY)
    assert [(one.product, one.about) for one in found.hosts[0].held] == [
        ("thing", "product"),
        ("class-archive", "class"),
    ]
    page = assessment_html(found)
    assert '<th scope="col">What its product asks</th><th scope="col">What every such machine needs</th>' in page
    assert "What its displays are held to" not in page
    assert "<small>Thing: 1 short, 2 not known of 3</small>" in page


def test_of_many_hosts_a_terminal_says_who_must_be_asked_and_not_each_question() -> None:
    few = text_of(site_overview(*[ALL] * 3))
    assert "The cables are short. No probe can tell" in few
    many = text_of(site_overview(*[ALL] * 4))
    assert "The cables are short" not in many
    assert re.search(r"PACS administrator +1 +arc1, arc2, arc3, arc4", many)


def test_what_is_not_known_yet_is_not_nothing_to_buy() -> None:
    page = assessment_html(site_overview({"memory.total": "32 GiB"}, sheet=archive_sheet(LINES[0])))
    assert "<td>nothing</td>" in page
    page = assessment_html(site_overview({}, sheet=archive_sheet(LINES[0])))
    assert "<td>nothing known yet</td>" in page


def test_a_host_that_was_not_read_counts_as_nothing() -> None:
    found = site_overview("arc1: no answer; is it on?", ALL)
    assert (found.hosts[0].held, found.hosts[0].fault) == ((), "arc1: no answer; is it on?")
    assert outcome(found) == (
        "The machine is not known to have less than is asked at least. 1 question is open. Not read: arc1."
    )
    assert "arc1: no answer; is it on?" in assessment_csv(found)
    assert 'class="outcome open"' in assessment_html(found)


@pytest.mark.parametrize(
    ("facts", "mark"),
    [({"memory.total": "32 GiB"}, "yes"), ({}, "open"), ({"memory.total": "8 GiB"}, "no")],
)
def test_the_page_marks_nothing_as_right_while_a_question_is_open(facts: dict[str, Any], mark: str) -> None:
    page = assessment_html(site_overview(facts, sheet=archive_sheet(LINES[0])))
    assert f'class="outcome {mark}"' in page


def text_of(found: Overview) -> str:
    console = Console(width=250, record=True, file=io.StringIO())
    console.print(assessment_table(found))
    return console.export_text()


def test_the_outcome_names_who_is_short_and_what_to_buy() -> None:
    found = site_overview({**ALL, "memory.total": "8 GiB"}, ALL, {**ALL, "gpu.memory": "1 GiB"})
    assert outcome(found) == (
        "2 of 3 machines have less than is asked at least: arc1, arc3. To buy: memory (8 GiB more in 1 machine), "
        "graphics card (1 card). "
        "1 question is open."
    )


def test_the_page_tells_a_purchasing_officer_what_to_get_and_why() -> None:
    page = assessment_html(site_overview({**ALL, "memory.total": "8 GiB"}, {**ALL, "memory.total": "4 GiB"}))
    assert "main memory: <b>at least 16 GiB (has 8 GiB)</b>, so <b>8 GiB more</b>" in page
    assert '<td data-label="How much">20 GiB more in 2 machines</td><td data-label="For">arc1, arc2</td>' in page
    assert "Thing: line0 (at least 16 GiB)<small>Guide @ 3, section 1</small>" in page
    assert "Elm &amp; Sons" in page
    assert "PACS administrator can tell (1)" in page
    assert '<span class="verdict short">✗ short</span>' in page
    assert not re.search(r"<script|https?://|url\(", page)


def test_what_a_machine_says_is_no_markup() -> None:
    page = assessment_html(site_overview({"os.id": "<b>x</b>"}, sheet=archive_sheet("{fact: os.id, is: debian}")))
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


def test_csv_has_a_row_a_finding_and_no_formulas() -> None:
    sheet = archive_sheet("{fact: cpu.model, is: Maker 9}")
    text = assessment_csv(site_overview({"cpu.model": "x"}, {"cpu.model": "y"}, sheet=sheet))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["host"], row["verdict"], row["requirement"]) for row in rows] == [
        ("arc1", "short", "line0"),
        ("arc2", "short", "line0"),
    ]
    evil = site_overview("=cmd|' /C calc'!A0")
    assert "'=cmd|' /C calc'!A0" in assessment_csv(evil)
    assert ",=cmd" not in assessment_csv(evil)


def test_a_product_that_no_sheet_covers_is_not_met_by_silence() -> None:
    older = archive_sheet(LINES[0], versions=">=2")
    found = site_overview({"memory.total": "32 GiB"}, sheet=older)
    (held,) = found.hosts[0].held
    assert (held.product, held.verdict) == ("thing", "unknown")
    assert held.sentence == (
        "No sheet covers thing 1: what its vendor asks is not known, and nothing was held against it."
    )
    assert outcome(found) == "No machine was held against a sheet. No sheet: thing 1."
    assert "No sheet covers thing 1" in assessment_html(found)
    assert 'arc1,Room 1,thing,,unknown,,,,"No sheet covers thing 1' in assessment_csv(found)


def test_json_reads_back() -> None:
    found = site_overview(ALL, {**ALL, "memory.total": "8 GiB"})
    assert Overview.model_validate_json(assessment_json(found)) == found


def test_a_planned_product_is_held_against_hosts_of_its_class_without_their_waivers() -> None:
    planned = archive_sheet(LINES[0], id="other", name="Other")
    found = site_overview({"memory.total": "8 GiB"}, plan_for=planned, arc1=waived("line0"))
    assert found.planned_for == "Other >=1"
    assert [(one.product, one.verdict) for one in found.hosts[0].held] == [("other", "short")]
    station = Sheet.model_validate({**planned.model_dump(by_alias=True), "machine": "workstation"})
    (held,) = site_overview({"memory.total": "8 GiB"}, plan_for=station).hosts[0].held
    assert (held.verdict, held.sentence) == (
        "not applicable", "Not held against it: the sheet speaks of a workstation, this is of class archive."
    )  # fmt: skip
    assert outcome(site_overview(ALL, plan_for=station)) == "No machine was held against a sheet."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("thng", "--plan-for thng: there is no sheet of thng; did you mean thing?"),
        ("zzz", "--plan-for zzz: there is no sheet of zzz; there are thing, two"),
        ("thing@0.5", '--plan-for thing@0.5: no sheet covers this version; those of thing cover ">=1"'),
        ("thing@new", '--plan-for thing@new: "new" is no version; write it as thing@1.2.3'),
        ("two", '--plan-for two: name the version, as two@1.2.3; its sheets cover "<2", ">=2"'),
    ],
)
def test_a_plan_for_what_there_is_not(text: str, sentence: str) -> None:
    sheets = [archive_sheet(), archive_sheet(id="two", versions="<2"), archive_sheet(id="two", versions=">=2")]
    with pytest.raises(BadInput) as refusal:
        planned_sheet(text, sheets)
    assert str(refusal.value) == sentence


def test_a_plan_picks_the_sheet_of_the_version() -> None:
    sheets = [archive_sheet(), archive_sheet(id="two", versions="<2"), archive_sheet(id="two", versions=">=2")]
    assert planned_sheet("two@2.1", sheets) is sheets[2]
    assert planned_sheet("thing", sheets) is sheets[0]
