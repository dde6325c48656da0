"""What a part of a requirement comes to, and how the outcomes of several are put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from builder.assess.lacks import distance, either, together
from builder.models.fact import Fact
from builder.models.finding import Lack

Answer = Literal["met", "short", "unknown"]
Reached = Literal["minimum", "recommended"]


@dataclass(frozen=True)
class Case:
    """What a part is held against. `asked` is the word for what the sheet does: "asked", "recommended", "desirable"."""

    facts: Mapping[str, Fact]
    today: date
    asked: str = "asked"


@dataclass(frozen=True)
class Outcome:
    """`level` is the level reached; `reason` one clause without a full stop; `judged`: only a person can tell;
    `qualified`: what a met part leaves open; `bound`: what was asked, for a part of one fact; `lacks`: what is missing
    of what is asked (short) or recommended (met)."""

    answer: Answer
    level: Reached | None
    expected: str
    observed: str
    reason: str
    judged: bool = False
    facts: tuple[Fact, ...] = ()
    qualified: str | None = None
    bound: str = ""
    lacks: tuple[Lack, ...] = ()


def any_of(outcomes: Sequence[Outcome], case: Case) -> Outcome:
    """The best of several: one that is met decides; one that is unknown keeps it from being short."""
    rank = {("met", "recommended"): 0, ("met", "minimum"): 1, ("unknown", None): 2}
    best = min(outcomes, key=lambda one: rank.get((one.answer, one.level), 3))
    reason = best.reason if best.answer == "met" else _missed(outcomes, case)
    used = (best,) if best.answer == "met" else tuple(outcomes)
    return Outcome(best.answer, best.level, " or ".join(one.expected for one in outcomes), observed(used), reason,
                   best.answer == "unknown" and any(one.judged for one in outcomes), facts(used),
                   best.qualified, lacks=_ways(best, outcomes))  # fmt: skip


def _ways(best: Outcome, outcomes: Sequence[Outcome]) -> tuple[Lack, ...]:
    if best.answer == "short":
        return either([one.lacks for one in outcomes])
    return best.lacks if best.answer == "met" else ()


def _missed(outcomes: Sequence[Outcome], case: Case) -> str:
    """Why none is met: what is asked of one and the same fact is said together, what a person judges comes last."""
    said: dict[str, str] = {}
    for one in outcomes:
        if one.judged and not one.facts:
            continue
        alike = [other.bound for other in outcomes if other.observed == one.observed and other.answer == "short"]
        together = one.answer == "short" and len(alike) > 1 and all(alike)
        reason = f"{one.observed}; {case.asked} is {' or '.join(alike)}" if together else one.reason
        said[reason] = reason
    judged = [f"or, {one.reason}" if said else one.reason for one in outcomes if one.judged and not one.facts]
    return "; ".join((*said, *judged))


def all_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Several that must hold together: one short decides, one unknown spoils."""
    answers = [one.answer for one in outcomes]
    answer: Answer = "short" if "short" in answers else "unknown" if "unknown" in answers else "met"
    levels = {one.level for one in outcomes}
    level: Reached | None = None if answer != "met" else "recommended" if levels == {"recommended"} else "minimum"
    telling = [one for one in outcomes if one.answer == answer]
    return Outcome(answer, level, " and ".join(one.expected for one in outcomes), observed(outcomes),
                   "; ".join(one.reason for one in telling),
                   answer == "unknown" and any(one.judged for one in outcomes), facts(outcomes),
                   "; ".join(one.qualified for one in telling if one.qualified) or None,
                   lacks=together([one.lacks for one in outcomes]))  # fmt: skip


def none_of(outcomes: Sequence[Outcome]) -> Outcome:
    """What is excluded: met when each of them is surely not so."""
    answers = [one.answer for one in outcomes]
    expected = "none of: " + "; ".join(one.expected for one in outcomes)
    seen, used = observed(outcomes), facts(outcomes)
    if "met" in answers:
        reason = "; ".join(one.reason for one in outcomes if one.answer == "met")
        return Outcome("short", None, expected, seen, reason, facts=used)
    if "unknown" in answers:
        unclear = [one for one in outcomes if one.answer == "unknown"]
        reason = "; ".join(one.reason for one in unclear)
        return Outcome("unknown", None, expected, seen, reason, any(one.judged for one in unclear), used)
    return Outcome("met", "minimum", expected, seen, f"{seen}, which is not excluded", facts=used)


def at_least(count: int, outcomes: Sequence[Outcome], case: Case) -> Outcome:
    """At least `count` of several must fit; one that cannot be told may yet be among them. What is recommended is
    reached where so many reach it."""
    fitting = [one for one in outcomes if one.answer == "met"]
    best = [one for one in fitting if one.level == "recommended"]
    fitting = best if len(best) >= count else fitting
    unclear = [one for one in outcomes if one.answer == "unknown"]
    met = len(fitting) >= count
    answer: Answer = "met" if met else "unknown" if len(fitting) + len(unclear) >= count else "short"
    reason = f"{len(fitting)} of {len(outcomes)} fit, {case.asked} is at least {count}"
    telling = fitting if met else unclear if answer == "unknown" else [one for one in outcomes if one.answer == "short"]
    level = fitting[0].level if fitting is best and met else "minimum" if met else None
    wished = [one for one in fitting if one.qualified] if met and fitting is not best else []
    return Outcome(answer, level, outcomes[0].expected, observed(outcomes),
                   "; ".join((reason, *(one.reason for one in telling))),
                   answer == "unknown" and any(one.judged for one in unclear), facts(outcomes),
                   next((one.qualified for one in wished), None),
                   lacks=_counted(count - len(fitting), outcomes) if answer == "short" else
                   either([one.lacks for one in wished]))  # fmt: skip


def _counted(missing: int, outcomes: Sequence[Outcome]) -> tuple[Lack, ...]:
    """What those lack that do not fit; where fewer of them are needed than there are, as many, the worst first."""
    groups = [one.lacks for one in outcomes if one.answer == "short"]
    return together(sorted(groups, key=distance, reverse=True)[:missing])


def observed(outcomes: Sequence[Outcome]) -> str:
    """What was seen, each thing once."""
    return "; ".join(dict.fromkeys(one.observed for one in outcomes))


def facts(outcomes: Sequence[Outcome]) -> tuple[Fact, ...]:
    """The facts of several outcomes."""
    return tuple(fact for one in outcomes for fact in one.facts)
