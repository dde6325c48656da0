"""The assessment of a site as a page for whoever buys, and in a few sentences. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from builder import __version__
from builder.assess.need import Item, Question
from builder.assess.overview import About, Held, Overview, shortened
from builder.assess.wanted import in_words
from builder.report.templating import environment

_ABOUT: dict[About, str] = {
    "product": "What its product asks",
    "class": "What every such machine needs",
    "displays": "What its displays are held to",
}


class Waived(NamedTuple):
    """A line that somebody answers for; `expired`: no longer, and it asks again."""

    host: str
    product: str
    requirement: str
    by: str
    why: str
    expired: bool


def assessment_html(found: Overview) -> str:
    """A page without scripts and without anything that is fetched from elsewhere, for the screen and for A4."""
    shopping = found.shopping
    return environment().get_template("assessment.html.j2").render(
        o=found,
        version=__version__,
        long_day=_long(found.day),
        outcome=outcome(found),
        unread=[row for row in found.hosts if row.fault],
        columns=[(about, title) for about, title in _ABOUT.items() if _any_about(found, about)],
        lacking=_parts_by_host(shopping.buy),
        arranging=_parts_by_host(shopping.arrange),
        rows={row.host: row for row in found.hosts},
        waived=list(waivers_of(found)),
        every_line=len(found.hosts) <= _MOST_IN_FULL,
        names={sheet.product: sheet.name for sheet in found.sheets},
        asked_of=by_person(shopping.find_out),
        few=few,
        in_words=in_words,
        open_of=_open_of,
    )  # fmt: skip


_MOST_IN_FULL = 60  # hosts: each adds some 20 kB of lines to the page


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _any_about(found: Overview, about: About) -> bool:
    return any(one.about == about for row in found.hosts for one in row.held)


def _parts_by_host(items: Sequence[Item]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in items:
        for host in item.hosts:
            found.setdefault(host, []).append(item.part)
    return found


def _open_of(held: Held) -> str:
    """How much of it is short or open, in a word or two; empty where all is met."""
    asked = sum(held.counts.values()) - held.counts.get("not applicable", 0)
    told = [f"{held.counts[verdict]} {word}" for verdict, word in (("short", "short"), ("unknown", "not known"))
            if verdict in held.counts]  # fmt: skip
    return f"{', '.join(told)} of {asked}" if told else ""


def by_person(questions: Iterable[Question]) -> list[tuple[str | None, list[Question]]]:
    """Who can tell, with the questions: people first, then what the machines did not say."""
    found: dict[str | None, list[Question]] = {}
    for one in questions:
        found.setdefault(one.person, []).append(one)
    return sorted(found.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))


def waivers_of(found: Overview) -> Iterator[Waived]:
    """Every line that is waived, and every one whose waiver has expired and that is not met."""
    for host, one in ((row.host, one) for row in found.hosts for held in row.held for one in held.findings):
        if one.waived_by:
            yield Waived(host, one.product, one.requirement, f"{one.waived_by}, until {one.waived_until}",
                         one.waived_because or "", expired=False)  # fmt: skip
        elif one.waiver_expired:
            yield Waived(host, one.product, one.requirement, one.waiver_expired, one.waived_because or "", expired=True)


def outcome(found: Overview) -> str:
    """The whole in a few sentences: how many machines are short, what is to be bought, what is not known."""
    said = [_machines_short(found)]
    if found.shopping.buy:
        said.append(f"To buy: {', '.join(f'{item.part.lower()} ({item.amount})' for item in found.shopping.buy)}.")
    if found.shopping.find_out:
        count = len(found.shopping.find_out)
        said.append(f"{count} {'question is' if count == 1 else 'questions are'} open.")
    expired = [f"{one.host} {one.requirement}" for one in waivers_of(found) if one.expired]
    if expired:
        said.append(f"{'A waiver has' if len(expired) == 1 else f'{len(expired)} waivers have'} expired: "
                    f"{few(expired)}.")  # fmt: skip
    without = dict.fromkeys(f"{one.product} {one.versions}" for row in found.hosts for one in row.held
                            if one.verdict == "unknown" and not one.findings)  # fmt: skip
    if without:
        said.append(f"No sheet: {few(list(without))}.")
    unread = [row.host for row in found.hosts if row.fault]
    if unread:
        said.append(f"Not read: {few(unread)}.")
    return " ".join(said)


def _machines_short(found: Overview) -> str:
    held = [row for row in found.hosts if any(one.findings for one in row.held)]
    short = [row for row in held if any(one.verdict == "short" for one in row.held)]
    if not held:
        return "No machine was held against a sheet."
    if short and len(held) == 1:
        return f"The machine has less than is asked at least: {short[0].host}."
    if short:
        verb = "has" if len(short) == 1 else "have"
        names = few([row.host for row in short])
        return f"{len(short)} of {len(held)} machines {verb} less than is asked at least: {names}."
    whose = "The machine is not" if len(held) == 1 else f"None of {len(held)} machines is"
    return f"{whose} known to have less than is asked at least."


def few(names: Sequence[str]) -> str:
    """The names, or the first twelve and how many more there are."""
    return shortened(names, most=12)
