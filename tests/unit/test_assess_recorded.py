"""The recorded archive against its shipped sheets: the whole list of findings, as a reader of the dossier gets it."""

from datetime import date
from pathlib import Path

from builder.assess.applies import sheets_for, uses_of
from builder.assess.assessment import assess
from builder.load import load_site
from builder.load.sheets import load_sheet, sheet_files
from builder.load.shipped import example_site
from builder.survey import facts_from

GOLDEN = Path(__file__).parent / "golden"


def test_the_recorded_archive_against_its_sheets() -> None:
    """To accept a change: write `text` to the golden file and read the difference."""
    host = load_site(example_site()).value.hosts[0]
    facts = facts_from((GOLDEN / "survey" / "archive-debian-13.txt").read_text(), host)
    sheets = [load_sheet(file).value for file in sheet_files()]
    findings = [
        finding
        for sheet in sheets_for(host, sheets)
        for finding in assess(sheet, facts, use=uses_of(host), today=date(2026, 11, 21))
    ]
    text = "".join(
        f"{one.requirement}: {one.verdict} ({one.level or '-'}), {one.attest or 'measured'}\n"
        f"    expected: {one.expected}\n    {one.sentence}\n    {one.source}\n"
        for one in findings
    )
    assert text == (GOLDEN / "specs" / "archive-debian-13.findings.txt").read_text()
    assert not [one for one in findings if one.verdict == "short"]
