"""The assessment of a site for a terminal. Pure."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from builder.assess.need import Item, Need, Question
from builder.assess.overview import Held, Overview
from builder.report.assessment import by_person, few, outcome
from builder.report.terminal import plain_table, verdict_text

_MOST_IN_FULL = 3  # hosts: of more, only how many questions are open stands there


def assessment_table(found: Overview) -> Group:
    """Each host against each sheet in a sentence, then the shopping list. Where a line is written stands in the other
    forms, and below a host that is assessed alone."""
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
    for title, items in (("to buy", shopping.buy), ("to install, to set or to calibrate", shopping.arrange),
                         ("recommended, and not required", (*shopping.wish, *shopping.wish_arranged))):  # fmt: skip
        if items:
            parts += [Text(), Text(title, style="bold"), _items(items)]
    if shopping.find_out:
        whole = len(found.hosts) <= _MOST_IN_FULL
        asked = _questions(shopping.find_out) if whole else _askers(shopping.find_out)
        parts += [Text(), Text("to find out first", style="bold"), asked]
        parts += [] if whole else [Text("each question: --host HOST, or --format html, csv or json", style="dim")]
    return Group(*parts)


def _told(one: Held) -> str:
    return one.sentence + (f" Waived by {'; '.join(one.waived)}." if one.waived else "")


def _items(items: Sequence[Item]) -> Table:
    table = plain_table("part", "host", "what it must have", "asked by")
    for item in items:
        for need in item.needs:
            names = few(need.hosts)
            asking: dict[str, list[str]] = {}
            for line in need.lines:
                asking.setdefault(line.product, []).append(line.requirement)
            lines = "; ".join(f"{product} {', '.join(its)}" for product, its in asking.items())
            host = f"{names} ({need.which})" if need.which else names
            table.add_row(*map(Text, (item.part, host, _must(need), lines)))
        if len(item.needs) > 1:
            table.add_row(*map(Text, (item.part, "together", item.amount, "")), style="bold")
    return table


def _must(need: Need) -> str:
    """What the part must have, property by property; then what else there is to say."""
    wants = (f"{want.meaning}: {want.change}" + (f", so {want.more} more" if want.more else "")
              + "".join(f", or instead {other}" for other in want.instead)
             for want in need.wants)  # fmt: skip
    return "; ".join((*wants, *need.notes))


def _askers(questions: Sequence[Question]) -> Table:
    """How many questions each person must answer, and of which hosts."""
    table = plain_table("who can tell", "questions", "hosts")
    for person, its in by_person(questions):
        hosts = sorted({host for one in its for host in one.hosts})
        table.add_row(*map(Text, (person or "the machine, read again", str(len(its)), few(hosts))))
    return table


def _questions(questions: Sequence[Question]) -> Table:
    table = plain_table("host", "line", "who can tell", "what is not known")
    for one in questions:
        row = (few(one.hosts), f"{one.product} {one.requirement}", one.person or "the machine", one.sentence)
        table.add_row(*map(Text, row))
    return table
