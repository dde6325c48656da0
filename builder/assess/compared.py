"""One fact, or each fact of a pattern, against the comparisons of a part."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from packaging.version import Version

from builder.assess.bound import base_text, bound_text, holds, tolerance, wanted_text
from builder.assess.inputs import World, is_declared, lacking, worlds
from builder.assess.lacks import lacks_of
from builder.assess.outcome import Case, Outcome, all_of, at_least
from builder.assess.reading import UnclearError, readings, told
from builder.models.catalogue import fact_kind
from builder.models.comparison import comparison
from builder.models.criterion import Value, in_range
from builder.models.days import before, last_day
from builder.models.fact import Fact
from builder.models.part import Part
from builder.models.quantity import version
from builder.models.resolution import resolution
from builder.models.sense import inputs_of


def matching(pattern: str, case: Case) -> tuple[str, ...]:
    """The facts that a pattern means, by name."""
    dots = pattern.count(".")
    return tuple(sorted(name for name in case.facts if name.count(".") == dots and fnmatchcase(name, pattern)))


def compare(part: Part, name: str, case: Case) -> Outcome:
    """What a part with a fact comes to. Never raises."""
    if "*" not in name:
        return _one(part, name, case)
    names = matching(name, case)
    if not names:
        meaning = fact_kind(name).meaning.replace("*", "each")
        reason = f"{meaning}: cannot be told, since the survey states none"
        return Outcome(
            "unknown", None, f"{meaning}: {wanted_text(part, case.asked)}", f"{meaning}: none stated", reason
        )
    single = part.model_copy(update={"at_least": None})
    outcomes = [_one(single.model_copy(update={"fact": one}), one, case) for one in names]
    if part.at_least is None:
        return all_of(outcomes)
    expected = (
        f"at least {part.at_least} with {fact_kind(name).meaning.replace('*', 'each')}: {wanted_text(part, case.asked)}"
    )
    return replace(at_least(part.at_least, outcomes, case), expected=expected)


def _one(part: Part, name: str, case: Case) -> Outcome:
    fact, meaning = case.facts.get(name), fact_kind(name).meaning
    expected = f"{meaning}: {wanted_text(part, case.asked)}"
    if fact is None:
        why = lacking(name) if is_declared(name) else "the survey did not ask for it"
        reason = f"{meaning}: cannot be told, since {why}"
        return Outcome("unknown", None, expected, f"{meaning}: not surveyed", reason)
    others = (case.facts.get(other) for other in inputs_of(part) if other != name)
    used = (fact, *(other for other in others if other is not None))
    read = Outcome("unknown", None, expected, f"{meaning}: {told(fact, part.kind)}", "", facts=used)
    if fact.absent:
        return _graded(part, read, case, (_only_excludes(part) or not _has_base(part), False), None)
    try:
        possible = _possible(part, name, fact, case)
        base = _surely(part, fact, possible, _base_holds, case)
        if fact.at_least:  # what is recommended counts as reached when it surely is
            best = all(_best_holds(part, world, case) for world in possible)
        else:
            best = _surely(part, fact, possible, _best_holds, case)
        return _graded(part, read, case, (base, best), possible[0])
    except UnclearError as why:
        return replace(read, reason=f"{meaning}: cannot be told, since {why}")


def _possible(part: Part, name: str, fact: Fact, case: Case) -> list[World]:
    """Every state of the part's own fact and of those from which its bounds are computed."""
    own = readings(fact, part.kind)
    others = worlds([other for other in inputs_of(part) if other != name], case.facts)
    return [{name: value, **world} for world in others for value in own]


_Check = Callable[[Part, World, Case], bool]


def _surely(part: Part, fact: Fact, possible: list[World], check: _Check, case: Case) -> bool:
    """Whether it holds wherever the truth may lie. Raises UnclearError when the measurement is too coarse to tell."""
    answers = {check(part, world, case) for world in possible}
    if len(answers) > 1 and fact.at_least:
        raise UnclearError(f"{told(fact, part.kind)} was measured, and it may be more")
    if len(answers) > 1:
        raise UnclearError(f"{told(fact, part.kind)} is too coarse a measurement")
    return answers.pop()


def _graded(part: Part, read: Outcome, case: Case, found: tuple[bool, bool], world: World | None) -> Outcome:
    """The read fact with its answer; `found`: whether what is asked and what is recommended holds."""
    base, best = found
    text = base_text(part, world)
    if not base:
        if part.or_equivalent:
            reason = f"{read.observed}; {case.asked} is {text}; whether this is an equivalent is for a person to judge"
            return replace(read, judged=True, reason=reason)
        reason = f"{read.observed}; {case.asked} is {text}"
        lacks = lacks_of(part, read.facts[0], world)
        return replace(read, answer="short", reason=reason, bound=text, lacks=lacks)
    out_of_time = _out_of_time(part, case)
    if out_of_time:
        return replace(read, answer="short", reason=f"{read.observed}; the source supports it {out_of_time}")
    ends = f"; supported until {part.until}" if part.until else ""
    computed = f": {text}" if world is not None and text != base_text(part) and part.recommended is None else ""
    if part.recommended is None:
        return replace(read, answer="met", level="minimum", reason=f"{read.observed}, as {case.asked}{computed}{ends}")
    if best:
        return replace(read, answer="met", level="recommended", reason=f"{read.observed}, as recommended{ends}")
    wished = bound_text(part, part.recommended, world)
    base_said = "the minimum is met" if _has_base(part) else "no minimum is stated"
    reason = f"{read.observed}; {base_said}, the recommended {wished} is not reached{ends}"
    qualified = unreached(wished, minimum=_has_base(part))
    lacks = lacks_of(part, read.facts[0], world, wish=True)
    return replace(read, answer="met", level="minimum", reason=reason, qualified=qualified, lacks=lacks)


def _out_of_time(part: Part, case: Case) -> str | None:
    """Why the day is outside what the source supports; None when it is not."""
    start, end = (None if text is None else last_day(text) for text in (part.since, part.until))
    if start is not None and case.today < start:
        return f"from {part.since} only, which is still to come"
    return f"until {part.until}, which has passed" if end is not None and case.today > end else None


def unreached(wished: str, *, minimum: bool, word: str = "recommended") -> str:
    """Which level is met when the recommended one is not: "minimum; recommended >= 16 GiB is not reached"."""
    return f"{'minimum' if minimum else 'no minimum is stated'}; {word} {wished} is not reached"


def _has_base(part: Part) -> bool:
    return bool(base_text(part))


def _only_excludes(part: Part) -> bool:
    """Whether a thing that is not there is right: nothing is asked but what it must not be."""
    bounds = part.minimum or part.maximum or part.right or part.versions or part.within
    return bool(part.not_one_of) and not bounds


def _base_holds(part: Part, world: World, case: Case) -> bool:
    value = world[part.fact or ""]
    bounds = [text for text in (part.minimum, part.maximum) if text is not None]
    if not all(holds(part, text, world) for text in bounds):
        return False
    if part.right and not any(_equals(part, right, value) for right in part.right):
        return False
    if any(_equals(part, wrong, value) for wrong in part.not_one_of):
        return False
    if part.versions and not (isinstance(value, Version) and in_range(part.versions, value)):
        return False
    return part.within is None or (isinstance(value, date) and value >= before(case.today, part.within))


def _best_holds(part: Part, world: World, _case: Case) -> bool:
    return part.recommended is not None and holds(part, part.recommended, world)


def _equals(part: Part, wanted: Value, value: object) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if part.kind == "version":
        return version(str(wanted)) == value
    if part.kind == "resolution":
        return resolution(str(wanted)) == value
    if isinstance(value, Decimal):
        if isinstance(wanted, str) and part.kind != "setting":
            return comparison(f"= {wanted}", part.kind).holds(value, tolerance(part))
        return not isinstance(wanted, str) and Decimal(str(wanted)) == value
    return wanted == value
