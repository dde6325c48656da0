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
from builder.report.assessment import assessment_csv, assessment_html, assessment_json, assessment_table, outcome
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


def test_a_host_that_was_not_read_counts_as_nothing() -> None:
    found = site_overview("arc1: no answer; is it on?", ALL)
    assert (found.hosts[0].held, found.hosts[0].fault) == ((), "arc1: no answer; is it on?")
    assert outcome(found) == (
        "The machine is not known to have less than is asked at least. 1 question is open. Not read: arc1."
    )
    assert "arc1: no answer; is it on?" in assessment_csv(found)
    assert 'class="outcome no"' in assessment_html(found)


def text_of(found: Overview) -> str:
    console = Console(width=250, record=True, file=io.StringIO())
    console.print(assessment_table(found))
    return console.export_text()


def test_the_outcome_names_who_is_short_and_what_to_buy() -> None:
    found = site_overview({**ALL, "memory.total": "8 GiB"}, ALL, {**ALL, "gpu.memory": "1 GiB"})
    assert outcome(found) == (
        "2 of 3 machines have less than is asked at least: arc1, arc3. To buy: memory, graphics card. "
        "1 question is open."
    )


def test_the_page_tells_a_purchasing_officer_what_to_get_and_why() -> None:
    page = assessment_html(site_overview({**ALL, "memory.total": "8 GiB"}, {**ALL, "memory.total": "4 GiB"}))
    assert "from 8 GiB to 16 GiB (8 GiB more)" in page
    assert "together 20 GiB more" in page
    assert "thing: line0 (&gt;= 16 GiB)<small>Guide @ 3, section 1</small>" in page
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
