"""The assessment of a site as CSV and as JSON. Pure."""

import csv
import io
import json
from collections.abc import Iterator

from builder.assess.overview import HostRow, Overview
from builder.models.finding import Finding

_COLUMNS = ("site", "day", "host", "location", "product", "requirement", "verdict", "level", "expected", "observed",
            "sentence", "to get", "waived by", "waived until", "waived because", "who can tell", "source")  # fmt: skip


def assessment_json(found: Overview) -> str:
    """All of it; `Overview.model_validate_json` reads it back."""
    return json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def assessment_csv(found: Overview) -> str:
    """A row a finding, and one for a host that was not read; commas, CRLF, as RFC 4180 has it."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    for row in found.hosts:
        for cells in _rows(found, row):
            rows.writerow(map(_harmless, (found.site, found.day.isoformat(), row.host, row.location, *cells)))
    return text.getvalue()


def _rows(found: Overview, row: HostRow) -> Iterator[tuple[str, ...]]:
    if row.fault:
        yield ("", "", "unknown", "", "", "", row.fault, "", "", "", "", "", "")
    for held in row.held:
        if not held.findings:
            yield (held.product, "", held.verdict, "", "", "", held.sentence, "", "", "", "", "", "")
        for one in held.findings:
            yield (one.product, one.requirement, one.verdict, one.qualified or one.level or "", one.expected,
                   one.observed, one.sentence, _to_get(found, row.host, one), one.waived_by or "",
                   one.waived_until or "", one.waived_because or "", one.attest or "", one.source)  # fmt: skip


def _to_get(found: Overview, host: str, finding: Finding) -> str:
    """The parts of the shopping list that the line asks for."""
    shopping = found.shopping
    lists = (shopping.buy, shopping.arrange) if finding.verdict == "short" else ()
    line = (finding.product, finding.requirement)
    parts = (item.part for items in lists for item in items for need in item.needs
             if host in need.hosts and line in {(one.product, one.requirement) for one in need.lines})  # fmt: skip
    return ", ".join(dict.fromkeys(parts))


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text: what a machine says of itself gets here."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
