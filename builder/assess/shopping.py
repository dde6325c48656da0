"""The shopping list: what part is missing, how much of it, for which hosts, and which line of which sheet asks. Pure.

What is short and what is only recommended stand apart, and so does what is not bought but installed or set. What nobody
knows yet is no purchase: it is to be found out first.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from builder.assess.parts import PARTS, part_of, to_buy
from builder.models.base import Model
from builder.models.catalogue import fact_kind
from builder.models.finding import Finding, Lack
from builder.models.quantity import shown

Assessed = Iterable[tuple[str, Sequence[Finding]]]
"""Hosts by name, each with its findings."""


class Asking(Model):
    """The line that asks: of which product's sheet, what it asks, and where that is written."""

    product: str
    requirement: str
    asked: str
    source: str


class Need(Model):
    """What hosts lack of one fact, those together that lack the same for the same lines.

    `have`, `want` and `missing` are amounts of each host in the base unit of the fact's kind, None where it is no
    amount; `change` says it for people, by the most demanding line. `which`: on which connector or at which address it
    hangs. `either`: other items are as good, and one of them is enough.
    """

    hosts: tuple[str, ...]
    which: str | None = None
    change: str
    have: float | None = None
    want: float | None = None
    missing: float | None = None
    either: bool = False
    lines: tuple[Asking, ...]


class Item(Model):
    """One thing to get, for all hosts that lack it. `total`: the missing amounts together, of memory and storage."""

    part: str
    fact: str
    meaning: str
    needs: tuple[Need, ...]
    total: str | None = None


class Question(Model):
    """What is not known of hosts, and so may have to be bought or not; `person`: who can tell, None: the machine."""

    hosts: tuple[str, ...]
    product: str
    requirement: str
    sentence: str
    source: str
    person: str | None = None


class ShoppingList(Model):
    """`buy` and `wish` are mended with money, `arrange` and `wish_arranged` with an installation or a setting."""

    buy: tuple[Item, ...] = ()
    arrange: tuple[Item, ...] = ()
    wish: tuple[Item, ...] = ()
    wish_arranged: tuple[Item, ...] = ()
    find_out: tuple[Question, ...] = ()


_Told = tuple[str, Finding, Lack]


def shopping_list(assessed: Assessed) -> ShoppingList:
    """The list of all hosts. A waived line asks for nothing; what several lines lack of one fact stands once."""
    findings = [(host, one) for host, all_of_it in assessed for one in all_of_it]
    lacking = [(host, one, lack) for host, one in findings if one.verdict in ("short", "met") for lack in one.lacks]
    asked = [one for one in lacking if not one[2].wish]
    known: dict[tuple[str, str], list[Lack]] = {}
    for host, _, lack in asked:
        known.setdefault((host, lack.fact), []).append(lack)
    wished = [one for one in lacking if one[2].wish and _beyond(one[2], known.get((one[0], one[2].fact), ()))]
    return ShoppingList(
        buy=_items(one for one in asked if to_buy(one[2].fact)),
        arrange=_items(one for one in asked if not to_buy(one[2].fact)),
        wish=_items(one for one in wished if to_buy(one[2].fact)),
        wish_arranged=_items(one for one in wished if not to_buy(one[2].fact)),
        find_out=_together(
            Question(hosts=(host,), product=one.product, requirement=one.requirement, sentence=_open(one),
                     source=one.source, person=one.attest)
            for host, one in findings if one.verdict == "unknown"
        ),
    )  # fmt: skip


def _open(finding: Finding) -> str:
    """What is not known; of a line that only a person can answer, with what it says."""
    if finding.commands or finding.observed not in ("not attested", "nothing to measure"):
        return finding.sentence
    return f"{finding.expected[0].upper()}{finding.expected[1:]}. {finding.sentence}"


def _beyond(wish: Lack, asked: Sequence[Lack]) -> bool:
    """Whether the wish is more than what the host must get of the same thing anyway."""
    return all(one.want is None or wish.want is None or _missing(wish) > _missing(one) for one in asked)


def _items(lacking: Iterable[_Told]) -> tuple[Item, ...]:
    by_fact: dict[str, dict[tuple[str, str], list[_Told]]] = {}
    for one in lacking:
        fact = one[2].fact
        by_fact.setdefault(family(fact)[0], {}).setdefault((one[0], fact), []).append(one)
    order = list(PARTS)
    items = [_item(fact, hosts) for fact, hosts in by_fact.items()]
    return tuple(sorted(items, key=lambda item: (order.index(item.part) if item.part in order else len(order),
                                                 item.part, item.fact)))  # fmt: skip


_T = TypeVar("_T", Need, Question)


def _together(found: Iterable[_T]) -> tuple[_T, ...]:
    """Those that differ in nothing but their hosts as one."""
    hosts: dict[_T, dict[str, None]] = {}
    for one in found:
        hosts.setdefault(one.model_copy(update={"hosts": ()}), {}).update(dict.fromkeys(one.hosts))
    return tuple(one.model_copy(update={"hosts": tuple(names)}) for one, names in hosts.items())


def _item(fact: str, hosts: dict[tuple[str, str], list[_Told]]) -> Item:
    needs = _together(_need(its, host, told) for (host, its), told in hosts.items())
    return Item(part=part_of(fact), fact=fact, meaning=plain_meaning(fact), needs=needs, total=_total(fact, needs))


def plain_meaning(fact: str) -> str:
    """What a fact or a family of facts means, without the connector or address: "megapixels of the display"."""
    meaning = fact_kind(fact).meaning
    return _ENDING.sub("", meaning).strip() if "*" in fact else meaning


_ENDING = re.compile(r",? *(?:on|at|of|in)? *\*.*$")


def family(fact: str) -> tuple[str, str | None]:
    """The pattern of a fact of one display, card, drive or memory slot, and which one it is; another as it is."""
    first, _, rest = fact.partition(".")
    which, _, last = rest.rpartition(".")
    if first not in ("displays", "gpus", "drives") or not which:
        return fact, None
    return f"{first}.*.{last}", None if which == "*" else which


def _need(fact: str, host: str, told: Sequence[_Told]) -> Need:
    most = max((lack for _, _, lack in told), key=_missing)
    lines = {(one.product, one.requirement): Asking(product=one.product, requirement=one.requirement, asked=lack.asked,
                                                    source=one.source) for _, one, lack in told}  # fmt: skip
    return Need(hosts=(host,), which=family(fact)[1], change=_change(fact, most), have=most.have, want=most.want,
                missing=_missing(most) if most.want is not None else None,
                either=all(lack.either for _, _, lack in told), lines=tuple(lines.values()))  # fmt: skip


def _missing(lack: Lack) -> float:
    """How far it is to what is asked; a thing without an amount is below every amount."""
    return -1.0 if lack.want is None else abs(lack.want - (lack.have or 0.0))


def _change(fact: str, lack: Lack) -> str:
    """As `from 8 GiB to 16 GiB (8 GiB more)`; where no amount can be told `is rhel; asked is debian`."""
    kind = fact_kind(fact).kind
    if lack.want is None or lack.sign is None:
        return f"is {lack.here}; {'recommended' if lack.wish else 'asked'} is {lack.asked}"
    to = f"{_BOUNDS[lack.sign]}{shown(lack.want, kind)}"
    if lack.have is None:
        return f"from nothing to {to}"
    missing = _missing(lack)
    by = f" ({shown(missing, kind)} {'too much' if lack.sign.startswith('<') else 'more'})" if missing else ""
    return f"from {shown(lack.have, kind)} to {to}{by}"


_BOUNDS = {">=": "", ">": "more than ", "<=": "at most ", "<": "less than ", "=": ""}


def _total(fact: str, needs: Sequence[Need]) -> str | None:
    """The amounts of several hosts together, where adding them up means something: of bytes."""
    amounts = [need.missing for need in needs if need.missing is not None and not need.either for _ in need.hosts]
    if fact_kind(fact).kind != "bytes" or len(amounts) < 2 or "maximum" in fact:
        return None
    return shown(sum(amounts), "bytes")
