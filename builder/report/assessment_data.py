"""The assessment of a site as CSV and as JSON. Pure."""

import csv
import io
import json
from collections.abc import Iterator

from builder.assess.overview import HostRow, Overview

_COLUMNS = ("site", "day", "host", "location", "product", "requirement", "verdict", "level", "expected", "observed",
            "sentence", "to get", "waived by", "waived until", "waived because", "who can tell", "source")  # fmt: skip


_Parts = dict[tuple[str, str, str], dict[str, None]]


def assessment_json(found: Overview) -> str:
    """All of it; `Overview.model_validate_json` reads it back."""
    return json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def assessment_csv(found: Overview) -> str:
    """A row a finding, and one for a host that was not read; commas, CRLF, as RFC 4180 has it."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    parts = _parts(found)
    for row in found.hosts:
        for cells in _rows(row, parts):
            rows.writerow(map(_harmless, (found.site, found.day.isoformat(), row.host, row.location, *cells)))
    return text.getvalue()


def _rows(row: HostRow, parts: _Parts) -> Iterator[tuple[str, ...]]:
    if row.fault:
        yield ("", "", "unknown", "", "", "", row.fault, "", "", "", "", "", "")
    for held in row.held:
        if not held.findings:
            yield (held.product, "", held.verdict, "", "", "", held.sentence, "", "", "", "", "", "")
        for one in held.findings:
            short = one.verdict == "short"
            to_get = ", ".join(parts.get((row.host, one.product, one.requirement), ())) if short else ""
            because = (one.waived_because or "") if one.waived_by else ""
            yield (one.product, one.requirement, one.verdict, one.qualified or one.level or "", one.expected,
                   one.observed, one.sentence, to_get, one.waived_by or "",
                   one.waived_until or "", because, one.attest or "", one.source)  # fmt: skip


def _parts(found: Overview) -> _Parts:
    """The parts of the shopping list that each short line of each host asks for."""
    parts: _Parts = {}
    for item in (*found.shopping.buy, *found.shopping.arrange):
        for need in item.needs:
            for host in need.hosts:
                for line in need.lines:
                    parts.setdefault((host, line.product, line.requirement), {})[item.part] = None
    return parts


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text: what a machine says of itself gets here."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
