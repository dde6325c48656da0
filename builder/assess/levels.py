"""Which of the vendor's own levels a machine reaches: the best whose part holds."""

from dataclasses import dataclass, replace

from builder.assess.lacks import as_wishes
from builder.assess.outcome import Case, Outcome
from builder.assess.part import plainly
from builder.models.evidence import Verdict
from builder.models.fact import Fact
from builder.models.finding import Lack
from builder.models.level import Grade
from builder.models.sheet import Requirement, Rung, Sheet


@dataclass(frozen=True)
class Climbed:
    """The level reached in the vendor's word, None when none is or nobody can tell; `judged`: a person must say."""

    verdict: Verdict
    level: str | None
    grade: Grade | None
    expected: str
    observed: str
    reason: str
    qualified: str | None
    judged: bool
    facts: tuple[Fact, ...]
    lacks: tuple[Lack, ...] = ()


def climb(sheet: Sheet, line: Requirement, case: Case) -> Climbed:
    """The first level, from the best, whose part holds. A better one that cannot be told is said with it; where what is
    left would be no acceptance, the whole is unknown."""
    outcomes = [(rung, plainly(rung, _of_level(rung, case))) for rung in line.levels]
    expected = "; ".join(f"{rung.level}: {one.expected}" for rung, one in outcomes)
    reached = next((number for number, (_, one) in enumerate(outcomes) if one.answer == "met"), None)
    above = outcomes[:reached] if reached is not None else outcomes
    unclear = [(rung, one) for rung, one in above if one.answer == "unknown" and _would_do(sheet, rung)]
    open_ = "; ".join(f"whether {rung.level} is reached is open ({one.reason})" for rung, one in unclear)
    if reached is None:
        used = [one for _, one in outcomes]
        any_unknown = [
            one for rung, one in outcomes if one.answer == "unknown" and sheet.grade(rung.level) != "refused"
        ]
        why = "; ".join(dict.fromkeys(one.reason for one in any_unknown))
        missed = f"{_seen(used)}; no level of the sheet is reached ({expected})"
        said = f"which level is reached cannot be told: {why}" if any_unknown else missed
        verdict: Verdict = "unknown" if any_unknown else "short"
        return Climbed(verdict, None, None, expected, _seen(used), said, None,
                       any(one.judged for one in any_unknown), _facts(used), _to(sheet, outcomes))  # fmt: skip
    rung, outcome = outcomes[reached]
    grade = sheet.grade(rung.level)
    used = [outcome, *(one for _, one in unclear)]
    said = outcome.reason
    if grade in ("refused", "untested"):
        refused = grade == "refused" and not unclear
        return Climbed("short" if refused else "unknown", rung.level, grade, expected, _seen(used),
                       "; ".join(filter(None, (said, open_))), None, not refused, _facts(used),
                       _to(sheet, outcomes))  # fmt: skip
    better = [f"{one.level} is not reached" for one, its in above if its.answer == "short" and _would_do(sheet, one)]
    left = "; ".join(filter(None, (", ".join(better), open_)))
    qualified = f"{rung.level}; {left}" if left else rung.level if grade == "degraded" else None
    return Climbed("met", rung.level, grade, expected, _seen(used), f"{said}; {left}" if left else said, qualified,
                   False, _facts(used), as_wishes(_to(sheet, above)))  # fmt: skip


def _to(sheet: Sheet, outcomes: list[tuple[Rung, Outcome]]) -> tuple[Lack, ...]:
    """What is missing to the lowest of these levels that would do: nothing where none is surely missed."""
    would = [one for rung, one in outcomes if _would_do(sheet, rung)]
    return would[-1].lacks if would and would[-1].answer == "short" else ()


def _of_level(rung: Rung, case: Case) -> Case:
    return replace(case, asked=f'in the source\'s level "{rung.level}"')


def _would_do(sheet: Sheet, rung: Rung) -> bool:
    return sheet.grade(rung.level) not in ("refused", "untested")


def _seen(outcomes: list[Outcome]) -> str:
    return "; ".join(dict.fromkeys(one.observed for one in outcomes))


def _facts(outcomes: list[Outcome]) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys(fact for one in outcomes for fact in one.facts))
