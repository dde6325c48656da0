"""The shopping list: what part is missing, how much of it, for which hosts, and which line of which sheet asks. Pure.

What is short and what is only recommended stand apart, and so does what is not bought but installed, set or calibrated.
What nobody knows yet is no purchase: it is to be found out first.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from builder.assess.choices import settled
from builder.assess.display import UNMEASURED
from builder.assess.need import Asking, Item, Need, Question, ShoppingList
from builder.assess.parts import CALIBRATION, PARTS, WHOLE, part_of
from builder.assess.totals import total_of
from builder.assess.wanted import Facts, Want, in_words, memory_notes, missing, plain_meaning, want_of
from builder.models.catalogue import CATALOGUE
from builder.models.finding import Finding, Lack

Assessed = Iterable[tuple[str, Sequence[Finding]]]
"""Hosts by name, each with its findings; a host may come several times."""


class _Told(NamedTuple):
    """A lack of a host: of which fact, and of which of several things."""

    fact: str
    which: str | None
    finding: Finding
    lack: Lack

    @property
    def choice(self) -> tuple[str, str, str] | None:
        """The choice of a line to which it belongs; None where nothing else would do."""
        lack, finding = self.lack, self.finding
        return (finding.product, finding.requirement, lack.way.rpartition("/")[0]) if lack.either else None

    @property
    def part(self) -> tuple[str, str | None]:
        """What is to be got: the kind of part, and which one of a host."""
        return part_of(self.fact), self.which


def shopping_list(assessed: Assessed, facts: Mapping[str, Facts] | None = None) -> ShoppingList:
    """The list of all hosts. A waived line asks for nothing; what several lines lack of one part stands once, by the
    most demanding. `facts`: what each host said, for what its board leaves room for."""
    findings: dict[str, list[Finding]] = {}
    for host, its in assessed:
        findings.setdefault(host, []).extend(its)
    asked: list[tuple[str, Need]] = []
    wished: list[tuple[str, Need]] = []
    for host, its in findings.items():
        said = (facts or {}).get(host, {})
        told = _told(its)
        firm = [one for one in told if not one.lack.wish]
        needs = _with_new_displays(_needs(host, firm, said))
        whole = any(part == WHOLE and not need.either for part, need in needs)
        wishes = _needs(host, [one for one in told if one.lack.wish and not _covered(one, firm)], said)
        asked += _folded(needs) if whole else needs
        wished += _folded(wishes) if whole else wishes
    return ShoppingList(
        buy=_items(one for one in asked if one[0] in PARTS),
        arrange=_items(one for one in asked if one[0] not in PARTS),
        wish=_items(one for one in wished if one[0] in PARTS),
        wish_arranged=_items(one for one in wished if one[0] not in PARTS),
        find_out=_questions(findings),
    )


def _told(findings: Sequence[Finding]) -> list[_Told]:
    """All that a host lacks. Of a choice nothing is told that another line settles anyway."""
    open_ = [one for one in findings if one.verdict in ("short", "met") and one.lacks]
    names = {lack.on: lack.of for one in open_ for lack in one.lacks if lack.on and lack.of}
    return [_Told(*_thing(lack, names), one, lack) for one in open_ for lack in settled(one, open_)]


def _thing(lack: Lack, names: Mapping[str, str]) -> tuple[str, str | None]:
    """The fact without its display, card or drive, and which one that is: a display by the site's name for it."""
    if lack.of is not None:
        return lack.fact, lack.of
    fact, which = family(lack.fact)
    alone = f"display.{fact.removeprefix('displays.*.')}"
    if which is None or not fact.startswith("displays.") or alone not in _KNOWN:
        return fact, which
    return alone, names.get(which, which)


_KNOWN = frozenset(kind.name for kind in CATALOGUE)


def family(fact: str) -> tuple[str, str | None]:
    """The pattern of a fact of one display, card, drive or memory slot, and which one it is; another as it is."""
    first, _, rest = fact.partition(".")
    which, _, last = rest.partition(".")
    if first not in ("displays", "gpus", "drives") or not which or not last:
        return fact, None
    return f"{first}.*.{last}", None if which == "*" else which


def _covered(wish: _Told, firm: Sequence[_Told]) -> bool:
    """Whether what must be had anyway is all that is wished."""
    alike = [one.lack for one in firm if (one.fact, one.which) == (wish.fact, wish.which) and not one.lack.either]
    return wish.lack.want is not None and any(
        one.want is not None and missing(one) >= missing(wish.lack) for one in alike
    )


def _needs(host: str, told: Sequence[_Told], said: Facts) -> list[tuple[str, Need]]:
    """What a host lacks, part by part, with the part's name."""
    parts: dict[tuple[str, str | None], list[_Told]] = {}
    for one in told:
        parts.setdefault(one.part, []).append(one)
    ways: dict[tuple[str, str, str], list[_Told]] = {}
    for one in told:
        if one.choice is not None:
            ways.setdefault(one.choice, []).append(one)
    return [(part, _need(host, which, its, ways, said)) for (part, which), its in sorted(parts.items(), key=_order)]


def _order(pair: tuple[tuple[str, str | None], object]) -> tuple[str, bool, str]:
    """By part and by name; what is of no one thing comes last."""
    part, which = pair[0]
    return part, which is None, which or ""


_Ways = Mapping[tuple[str, str, str], Sequence[_Told]]


def _need(host: str, which: str | None, told: Sequence[_Told], ways: _Ways, said: Facts) -> Need:
    facts: dict[str, list[_Told]] = {}
    for one in told:
        if one.choice is None or one.lack.way == _first(one, ways).lack.way:
            facts.setdefault(one.fact, []).append(one)
    wants = tuple(_want(fact, its, ways, said) for fact, its in sorted(facts.items()))
    lines = {(one.finding.product, one.finding.requirement): _asking(one) for its in facts.values() for one in its}
    notes = [note for want in wants if want.fact == "memory.total" for note in memory_notes(want, said)]
    notes += [f"or make room there: {want.meaning}" for want in wants if want.fact.endswith(".free")]
    elsewhere = all(one.choice is not None and any(other.part != one.part for other in ways[one.choice])
                    for one in told)  # fmt: skip
    return Need(hosts=(host,), which=which, wants=wants, notes=tuple(notes), either=elsewhere,
                lines=tuple(lines.values()))  # fmt: skip


def _first(one: _Told, ways: _Ways) -> _Told:
    """The first way of the choice that asks for the same part: what else would do stands beside it."""
    return next(other for other in ways[one.choice or ("", "", "")] if other.part == one.part)


def _want(fact: str, told: Sequence[_Told], ways: _Ways, said: Facts) -> Want:
    """What lines ask of a fact; where all of them leave a choice, with what else would do."""
    must = [one for one in told if one.choice is None]
    others = [] if must else [(one.fact, one.lack) for some in told if some.choice is not None
                              for one in ways[some.choice] if one.lack.way != some.lack.way]  # fmt: skip
    instead = dict.fromkeys(f"{plain_meaning(other)}: {in_words(lack.asked)}" for other, lack in others)
    return want_of(fact, [one.lack for one in must or told], said, tuple(instead))


def _asking(one: _Told) -> Asking:
    finding = one.finding
    return Asking(product=finding.product, requirement=finding.requirement, asked=in_words(one.lack.asked),
                  source=finding.source, expired=finding.waiver_expired)  # fmt: skip


def _with_new_displays(needs: list[tuple[str, Need]]) -> list[tuple[str, Need]]:
    """A display that is to be bought is not calibrated first: the new one must reach the figures."""
    figures: dict[str | None, Need] = {
        need.which: need for part, need in needs if part == CALIBRATION and need.which is not None
    }
    new = {need.which for part, need in needs if part == "Displays" and not need.either} & set(figures)
    told = []
    for part, need in needs:
        its = figures.get(need.which) if part == "Displays" and need.which in new else None
        if its is not None:
            lines = tuple(dict.fromkeys((*need.lines, *its.lines)))
            told.append((part, need.model_copy(update={"wants": (*need.wants, *its.wants), "lines": lines})))
        elif part != CALIBRATION or need.which not in new:
            told.append((part, need))
    return told


def _folded(needs: list[tuple[str, Need]]) -> list[tuple[str, Need]]:
    """The needs of a machine that is to be replaced as a whole: no part of it is bought, the new one must have it."""
    inside = [need for part, need in needs if part in PARTS and part != "Displays"]
    if not inside:
        return needs
    whole = Need(
        hosts=inside[0].hosts,
        wants=tuple(
            want.model_copy(update={"more": None}) for need in sorted(inside, key=_inner) for want in need.wants
        ),
        lines=tuple(dict.fromkeys(line for need in sorted(inside, key=_inner) for line in need.lines)),
    )
    return [(part, need) for part, need in needs if need not in inside] + [(WHOLE, whole)]


def _inner(need: Need) -> bool:
    """What is asked of the machine itself stands before what is asked of its parts."""
    return part_of(need.wants[0].fact) != WHOLE


_T = TypeVar("_T", Need, Question)


def _together(found: Iterable[_T]) -> tuple[_T, ...]:
    """Those that differ in nothing but their hosts as one."""
    hosts: dict[_T, dict[str, None]] = {}
    for one in found:
        hosts.setdefault(one.model_copy(update={"hosts": ()}), {}).update(dict.fromkeys(one.hosts))
    return tuple(one.model_copy(update={"hosts": tuple(names)}) for one, names in hosts.items())


def _items(needs: Iterable[tuple[str, Need]]) -> tuple[Item, ...]:
    """By part, in the order of parts; what is not bought follows by name."""
    parts: dict[str, list[Need]] = {}
    for part, need in needs:
        parts.setdefault(part, []).append(need)
    order = [*(part for part in PARTS if part in parts), *sorted(part for part in parts if part not in PARTS)]
    return tuple(Item(part=part, amount=total_of(part, its), needs=_together(its)) for part in order
                 for its in (parts[part],))  # fmt: skip


def _questions(findings: Mapping[str, Sequence[Finding]]) -> tuple[Question, ...]:
    """What is not known. Of a display that does not hang there nothing is asked until one does."""
    return _together(
        Question(hosts=(host,), product=one.product, requirement=one.requirement, sentence=_open(one),
                 source=one.source, person=_who(one))
        for host, its in findings.items()
        for gone in [_gone(its)]
        for one in its
        if one.verdict == "unknown" and not (gone and (one.product, _display_of(one, its)) in gone)
    )  # fmt: skip


def _gone(findings: Sequence[Finding]) -> set[tuple[str, str | None]]:
    return {(one.product, lack.of) for one in findings if one.verdict == "short" for lack in one.lacks
            if lack.fact == "display.serial" and lack.of is not None}  # fmt: skip


def _display_of(finding: Finding, findings: Sequence[Finding]) -> str | None:
    """The display that a line of a standard speaks of: the longest of the names that its own begins with."""
    names = [one.requirement.removesuffix("-display") for one in findings
             if one.product == finding.product and one.requirement.endswith("-display")]  # fmt: skip
    return max((name for name in names if finding.requirement.startswith(f"{name}-")), key=len, default=None)


def _who(finding: Finding) -> str | None:
    """Who can tell: of a figure that nobody has measured, who measures it."""
    unmeasured = any(command.startswith(UNMEASURED) for command in finding.commands)
    return finding.attest or (_MEASURES if unmeasured else None)


_MEASURES = "medical physicist, by measuring the display,"


def _open(finding: Finding) -> str:
    """What is not known; of a line that only a person can answer, with what it says."""
    if finding.commands or finding.observed not in ("not attested", "nothing to measure"):
        return finding.sentence
    return f"{finding.expected[0].upper()}{finding.expected[1:]}. {finding.sentence}"
