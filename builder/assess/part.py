"""One part of a requirement against the facts: a fact with its comparisons, a person's judgement, any of, all of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from builder.assess.reading import Reading, UnclearError, reading, told
from builder.models.comparison import comparison, share
from builder.models.fact import Fact
from builder.models.finding import Level
from builder.models.quantity import version
from builder.models.sheet import Part

Answer = Literal["met", "short", "unknown"]


@dataclass(frozen=True)
class Outcome:
    """`level` is the level reached; `reason` one clause without a full stop; `judged`: only a person can tell."""

    answer: Answer
    level: Level | None
    expected: str
    observed: str
    reason: str
    judged: bool = False
    facts: tuple[Fact, ...] = field(default=())


def evaluate(part: Part, facts: Mapping[str, Fact]) -> Outcome:
    """What the part and the facts come to. Never raises for any fact whatever it holds."""
    if part.fact is not None:
        return _fact(part, part.fact, facts.get(part.fact))
    if part.judged is not None:
        return Outcome(
            "unknown", None, part.judged, "not judged", f'whether it is "{part.judged}" is for a person to judge', True
        )
    if part.any_of:
        return _any([evaluate(inner, facts) for inner in part.any_of])
    return _all([evaluate(inner, facts) for inner in part.all_of])


def _fact(part: Part, name: str, fact: Fact | None) -> Outcome:
    expected = f"{name} {_wanted(part)}"
    if fact is None:
        return Outcome(
            "unknown", None, expected, f"{name}: not surveyed", f"{name} cannot be told: the survey did not ask for it"
        )
    observed = f"{name}: {told(fact, part.kind)}"
    if fact.absent:
        return _graded(part, observed, fact, base=not _has_base(part), best=False, state=f"{name} is not there")
    try:
        value = reading(fact, part.kind)
        base, best = _base_holds(part, value), _best_holds(part, value)
    except UnclearError as why:
        return Outcome("unknown", None, expected, observed, f"{name} cannot be told: {why}", facts=(fact,))
    return _graded(part, observed, fact, base=base, best=best, state=f"{name} is {told(fact, part.kind)}")


def _graded(part: Part, observed: str, fact: Fact, *, base: bool, best: bool, state: str) -> Outcome:
    expected = f"{part.fact} {_wanted(part)}"
    if not base:
        return Outcome("short", None, expected, observed, f"{state}; asked is {_base_text(part)}", facts=(fact,))
    if part.recommended is None:
        return Outcome("met", "minimum", expected, observed, f"{state}, as asked", facts=(fact,))
    if best:
        return Outcome("met", "recommended", expected, observed, f"{state}, as recommended", facts=(fact,))
    floor = "the minimum is met" if _has_base(part) else "no minimum is stated"
    return Outcome("met", "minimum", expected, observed,
                   f"{state}; {floor}, the recommended {part.recommended} is not reached", facts=(fact,))  # fmt: skip


def _has_base(part: Part) -> bool:
    return part.minimum is not None or part.maximum is not None or part.is_ is not None or bool(part.one_of)


def _base_holds(part: Part, value: Reading) -> bool:
    bounds = [text for text in (part.minimum, part.maximum) if text is not None]
    right = [*part.one_of, *(() if part.is_ is None else (part.is_,))]
    return all(_compares(part, text, value) for text in bounds) and (
        not right or any(_equals(part, wanted, value) for wanted in right)
    )


def _best_holds(part: Part, value: Reading) -> bool:
    return part.recommended is not None and _compares(part, part.recommended, value)


def _compares(part: Part, text: str, value: Reading) -> bool:
    if isinstance(value, bool | str):
        raise UnclearError(f'"{value}" is no number')
    return comparison(text, part.kind).holds(value, _tolerance(part))


def _equals(part: Part, wanted: bool | int | float | str, value: Reading) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if part.kind == "version":
        return version(str(wanted)) == value
    if isinstance(value, Decimal):
        if isinstance(wanted, str) and part.kind != "setting":
            return comparison(f"= {wanted}", part.kind).holds(value, _tolerance(part))
        return not isinstance(wanted, str) and Decimal(str(wanted)) == value
    return wanted == value


def _tolerance(part: Part) -> Decimal:
    return share(part.tolerance) if part.tolerance else Decimal(0)


def _any(outcomes: list[Outcome]) -> Outcome:
    rank = {("met", "recommended"): 0, ("met", "minimum"): 1, ("unknown", None): 2}
    best = min(outcomes, key=lambda one: rank.get((one.answer, one.level), 3))
    reason = best.reason if best.answer == "met" else "; ".join(one.reason for one in outcomes)
    used = (best,) if best.answer == "met" else tuple(outcomes)
    return Outcome(best.answer, best.level, " or ".join(one.expected for one in outcomes), _observed(used), reason,
                   best.answer == "unknown" and any(one.judged for one in outcomes), _facts(used))  # fmt: skip


def _all(outcomes: list[Outcome]) -> Outcome:
    answers = [one.answer for one in outcomes]
    answer: Answer = "short" if "short" in answers else "unknown" if "unknown" in answers else "met"
    levels = {one.level for one in outcomes}
    level: Level | None = None if answer != "met" else "recommended" if levels == {"recommended"} else "minimum"
    telling = [one for one in outcomes if one.answer == answer]
    return Outcome(answer, level, " and ".join(one.expected for one in outcomes), _observed(outcomes),
                   "; ".join(one.reason for one in telling),
                   answer == "unknown" and any(one.judged for one in outcomes), _facts(outcomes))  # fmt: skip


def _observed(outcomes: tuple[Outcome, ...] | list[Outcome]) -> str:
    return "; ".join(dict.fromkeys(one.observed for one in outcomes))


def _facts(outcomes: tuple[Outcome, ...] | list[Outcome]) -> tuple[Fact, ...]:
    return tuple(fact for one in outcomes for fact in one.facts)


def _base_text(part: Part) -> str:
    texts = [text for text in (part.minimum, part.maximum) if text is not None]
    right = [*part.one_of, *(() if part.is_ is None else (part.is_,))]
    if right:
        texts.append(" or ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in right))
    return " and ".join(texts)


def _wanted(part: Part) -> str:
    texts = [_base_text(part)] if _has_base(part) else []
    if part.recommended is not None:
        texts.append(f"recommended {part.recommended}")
    return ", ".join(texts) + (f" (tolerance {part.tolerance})" if part.tolerance else "")
