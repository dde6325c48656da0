"""One part of a requirement against the facts: a fact with its comparisons, a person's judgement, any of, all of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from builder.assess.reading import Reading, UnclearError, readings, told, yes_no
from builder.models.catalogue import fact_kind
from builder.models.comparison import comparison, share
from builder.models.fact import Fact
from builder.models.finding import Level
from builder.models.quantity import version
from builder.models.sheet import Part

Answer = Literal["met", "short", "unknown"]
Asked = Literal["asked", "recommended"]


@dataclass(frozen=True)
class Outcome:
    """`level` is the level reached; `reason` one clause without a full stop; `judged`: only a person can tell;
    `qualified`: what a met part leaves open."""

    answer: Answer
    level: Level | None
    expected: str
    observed: str
    reason: str
    judged: bool = False
    facts: tuple[Fact, ...] = ()
    qualified: str | None = None


def evaluate(part: Part, facts: Mapping[str, Fact], asked: Asked = "asked") -> Outcome:
    """What the part and the facts come to, in words that say "asked" or "recommended". Never raises, whatever the
    facts hold."""
    if part.fact is not None:
        return _fact(part, part.fact, facts.get(part.fact), asked)
    if part.judged is not None:
        reason = f"whether {part.judged} is for a person to judge"
        return Outcome("unknown", None, part.judged, "not judged", reason, True)
    if part.any_of:
        return _any([evaluate(inner, facts, asked) for inner in part.any_of])
    return _all([evaluate(inner, facts, asked) for inner in part.all_of])


def _fact(part: Part, name: str, fact: Fact | None, asked: Asked) -> Outcome:
    meaning = fact_kind(name).meaning
    expected = f"{meaning}: {_wanted(part, asked)}"
    if fact is None:
        reason = f"{meaning}: cannot be told, since the survey did not ask for it"
        return Outcome("unknown", None, expected, f"{meaning}: not surveyed", reason)
    observed = f"{meaning}: {told(fact, part.kind)}"
    if fact.absent:
        return _graded(
            part, Outcome("unknown", None, expected, observed, asked, facts=(fact,)), not _has_base(part), False
        )
    try:
        base, best = (_surely(part, fact, holds) for holds in (_base_holds, _best_holds))
    except UnclearError as why:
        reason = f"{meaning}: cannot be told, since {why}"
        return Outcome("unknown", None, expected, observed, reason, facts=(fact,))
    return _graded(part, Outcome("unknown", None, expected, observed, asked, facts=(fact,)), base, best)


def _surely(part: Part, fact: Fact, holds: Callable[[Part, Reading], bool]) -> bool:
    """Whether it holds wherever the truth may lie. Raises UnclearError when the measurement is too coarse to tell."""
    answers = {holds(part, value) for value in readings(fact, part.kind)}
    if len(answers) > 1:
        raise UnclearError(f"{told(fact, part.kind)} is too coarse a measurement")
    return answers.pop()


def _graded(part: Part, read: Outcome, base: bool, best: bool) -> Outcome:
    """The read fact with its answer; `read.reason` is the word for what the sheet does."""
    if not base:
        return replace(read, answer="short", reason=f"{read.observed}; {read.reason} is {base_text(part)}")
    if part.recommended is None:
        return replace(read, answer="met", level="minimum", reason=f"{read.observed}, as {read.reason}")
    if best:
        return replace(read, answer="met", level="recommended", reason=f"{read.observed}, as recommended")
    floor = "the minimum is met" if _has_base(part) else "no minimum is stated"
    reason = f"{read.observed}; {floor}, the recommended {part.recommended} is not reached"
    qualified = unreached(part.recommended, minimum=_has_base(part))
    return replace(read, answer="met", level="minimum", reason=reason, qualified=qualified)


def unreached(recommended: str, *, minimum: bool) -> str:
    """Which level is met when the recommended one is not: "minimum; recommended >= 16 GiB is not reached"."""
    return f"{'minimum' if minimum else 'no minimum is stated'}; recommended {recommended} is not reached"


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
                   best.answer == "unknown" and any(one.judged for one in outcomes), _facts(used),
                   best.qualified)  # fmt: skip


def _all(outcomes: list[Outcome]) -> Outcome:
    answers = [one.answer for one in outcomes]
    answer: Answer = "short" if "short" in answers else "unknown" if "unknown" in answers else "met"
    levels = {one.level for one in outcomes}
    level: Level | None = None if answer != "met" else "recommended" if levels == {"recommended"} else "minimum"
    telling = [one for one in outcomes if one.answer == answer]
    return Outcome(answer, level, " and ".join(one.expected for one in outcomes), _observed(outcomes),
                   "; ".join(one.reason for one in telling),
                   answer == "unknown" and any(one.judged for one in outcomes), _facts(outcomes),
                   "; ".join(one.qualified for one in telling if one.qualified) or None)  # fmt: skip


def _observed(outcomes: tuple[Outcome, ...] | list[Outcome]) -> str:
    return "; ".join(dict.fromkeys(one.observed for one in outcomes))


def _facts(outcomes: tuple[Outcome, ...] | list[Outcome]) -> tuple[Fact, ...]:
    return tuple(fact for one in outcomes for fact in one.facts)


def base_text(part: Part) -> str:
    """Minimum, maximum and allowed values of a part, as a reader is told; empty for any of and all of."""
    texts = [text for text in (part.minimum, part.maximum) if text is not None]
    right = [*part.one_of, *(() if part.is_ is None else (part.is_,))]
    if right:
        texts.append(" or ".join(yes_no(one, part.kind) if isinstance(one, bool) else str(one) for one in right))
    return " and ".join(texts)


def _wanted(part: Part, asked: Asked) -> str:
    texts = [f"{'recommended ' if asked == 'recommended' else ''}{base_text(part)}"] if _has_base(part) else []
    if part.recommended is not None:
        texts.append(f"recommended {part.recommended}")
    return ", ".join(texts) + (f" (tolerance {part.tolerance})" if part.tolerance else "")
