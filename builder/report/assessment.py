"""The assessment of a site as a page, as CSV, as JSON and for a terminal. Pure."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from builder import __version__
from builder.assess.overview import Column, Held, HostRow, Overview
from builder.assess.shopping import Item, Question
from builder.report.templating import environment
from builder.report.terminal import plain_table, verdict_text

_COLUMNS = ("site", "day", "host", "location", "product", "requirement", "verdict", "level", "expected", "observed",
            "sentence", "waived by", "waived until", "who can tell", "source")  # fmt: skip


def assessment_html(found: Overview) -> str:
    """A page without scripts and without anything that is fetched from elsewhere, for the screen and for A4."""
    return environment().get_template("assessment.html.j2").render(
        o=found,
        version=__version__,
        long_day=_long(found.day),
        outcome=outcome(found),
        unread=[row for row in found.hosts if row.fault],
        cell=_cell,
        every_line=len(found.hosts) <= _MOST_IN_FULL,
        names={sheet.product: sheet.name for sheet in found.sheets},
        asked_of=_by_person(found.shopping.find_out),
    )  # fmt: skip


_MOST_IN_FULL = 60  # hosts: each adds some 20 kB of lines to the page


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _cell(row: HostRow, sheet: Column) -> Held | None:
    wanted = (sheet.product, sheet.versions)
    return next((one for one in row.held if (one.product, one.versions) == wanted), None)


def _by_person(questions: Iterable[Question]) -> list[tuple[str | None, list[Question]]]:
    """Who can tell, with the questions: people first, then what the machines did not say."""
    found: dict[str | None, list[Question]] = {}
    for one in questions:
        found.setdefault(one.person, []).append(one)
    return sorted(found.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))


def outcome(found: Overview) -> str:
    """The whole in a few sentences: how many machines are short, what is to be bought, what is not known."""
    held = [row for row in found.hosts if any(one.findings for one in row.held)]
    short = [row for row in held if any(one.verdict == "short" for one in row.held)]
    unread = [row for row in found.hosts if row.fault]
    said = []
    if not held:
        said.append("No machine was held against a sheet.")
    elif short:
        verb = "has" if len(short) == 1 else "have"
        said.append(f"{len(short)} of {_machines(len(held))} {verb} less than is asked at least: "
                    f"{_few([row.host for row in short])}.")  # fmt: skip
    else:
        whose = "The machine is not" if len(held) == 1 else f"None of {len(held)} machines is"
        said.append(f"{whose} known to have less than is asked at least.")
    if found.shopping.buy:
        said.append(f"To buy: {_few(list(dict.fromkeys(item.part.lower() for item in found.shopping.buy)))}.")
    if found.shopping.find_out:
        count = len(found.shopping.find_out)
        said.append(f"{count} {'question is' if count == 1 else 'questions are'} open.")
    without = dict.fromkeys(f"{one.product} {one.versions}" for row in found.hosts for one in row.held
                            if one.verdict == "unknown" and not one.findings)  # fmt: skip
    if without:
        said.append(f"No sheet: {_few(list(without))}.")
    if unread:
        said.append(f"Not read: {_few([row.host for row in unread])}.")
    return " ".join(said)


def _machines(count: int) -> str:
    return "1 machine" if count == 1 else f"{count} machines"


_MOST_NAMED = 12


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def assessment_json(found: Overview) -> str:
    """All of it; `Overview.model_validate_json` reads it back."""
    return json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def assessment_csv(found: Overview) -> str:
    """A row a finding, and one for a host that was not read; UTF-8, commas, CRLF, as RFC 4180 has it."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    for row in found.hosts:
        start = (found.site, found.day.isoformat(), row.host, row.location)
        if row.fault:
            rows.writerow(map(_harmless, (*start, "", "", "unknown", "", "", "", row.fault, "", "", "", "")))
        for none in (held for held in row.held if not held.findings):
            cells = (none.product, "", none.verdict, "", "", "", none.sentence, "", "", "", "")
            rows.writerow(map(_harmless, (*start, *cells)))
        for one in (finding for held in row.held for finding in held.findings):
            cells = (one.product, one.requirement, one.verdict, one.qualified or one.level or "", one.expected,
                     one.observed, one.sentence, one.waived_by or "", one.waived_until or "", one.attest or "",
                     one.source)  # fmt: skip
            rows.writerow(map(_harmless, (*start, *cells)))
    return text.getvalue()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is marked as text: what a machine says of itself gets here."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def assessment_table(found: Overview) -> Group:
    """Each host against each sheet in a sentence, then the shopping list."""
    table = plain_table("host", "held against", "verdict", "level", "in a sentence")
    for row in found.hosts:
        if row.fault:
            table.add_row(Text(row.host), "", verdict_text("unknown"), "", Text(row.fault))
        for one in row.held:
            table.add_row(
                Text(row.host), Text(one.product), verdict_text(one.verdict), Text(one.level or ""), Text(_told(one))
            )
    parts: list[RenderableType] = [table, Text(), Text(outcome(found), style="bold")]
    shopping = found.shopping
    for title, items in (("to buy", shopping.buy), ("to install or to set", shopping.arrange),
                         ("recommended, and not required", (*shopping.wish, *shopping.wish_arranged))):  # fmt: skip
        if items:
            parts += [Text(), Text(title, style="bold"), _items(items)]
    if shopping.find_out:
        parts += [Text(), Text("to find out first", style="bold"), _questions(shopping.find_out)]
    return Group(*parts)


def _told(one: Held) -> str:
    return one.sentence + (f" Waived by {'; '.join(one.waived)}." if one.waived else "")


def _items(items: Sequence[Item]) -> Table:
    table = plain_table("part", "what", "host", "how much", "asked by")
    for item in items:
        for need in item.needs:
            lines = "; ".join(f"{line.product} {line.requirement}, {line.source}" for line in need.lines)
            names = _few(need.hosts)
            host = f"{names} ({need.which})" if need.which else names
            change = need.change + (", or another part of the same line" if need.either else "")
            table.add_row(*map(Text, (item.part, item.meaning, host, change, lines)))
        if item.total:
            table.add_row(*map(Text, (item.part, item.meaning, "together", f"{item.total} more", "")), style="bold")
    return table


def _questions(questions: Sequence[Question]) -> Table:
    table = plain_table("host", "line", "who can tell", "what is not known")
    for one in questions:
        row = (_few(one.hosts), f"{one.product} {one.requirement}", one.person or "the machine", one.sentence)
        table.add_row(*map(Text, row))
    return table
