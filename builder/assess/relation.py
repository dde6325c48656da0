"""Facts that must agree: a matched pair of displays, one driver for both cards, a schema of the archive's version."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

from packaging.version import Version

from builder.assess.compared import matching
from builder.assess.inputs import lacking
from builder.assess.outcome import Case, Outcome
from builder.assess.reading import Reading, UnclearError, reading, told
from builder.models.catalogue import fact_kind
from builder.models.comparison import share
from builder.models.part import Part

_LENGTH = {"major": 1, "minor": 2}


def agree(part: Part, case: Case) -> Outcome:
    """Met when all facts of `equal` state one value (of versions: as far as `precision` goes). Never raises."""
    names = list(
        dict.fromkeys(one for name in part.equal for one in (matching(name, case) if "*" in name else (name,)))
    )
    told_names = " and ".join(fact_kind(name).meaning.replace("*", "each") for name in part.equal)
    depth = f" in their {part.precision} version" if part.precision else ""
    depth = f" within {part.tolerance}" if part.tolerance else depth
    expected = f"equal{depth}: {told_names}"
    known, unclear, seen = _read(part, names, case)
    used = tuple(case.facts[name] for name in names if name in case.facts)
    observed = "; ".join(seen) or "nothing stated"
    if part.at_least is not None:
        return _enough(
            part.at_least, known, unclear, Outcome("unknown", None, expected, observed, "", facts=used), case
        )
    if _differ(part, known):
        return Outcome("short", None, expected, observed, f"{observed}; {case.asked} is that they are equal{depth}",
                       facts=used)  # fmt: skip
    if unclear or len(known) < 2:
        why = "; ".join(unclear) or "fewer than two are stated"
        reason = f"whether {told_names} are equal{depth} cannot be told, since {why}"
        return Outcome("unknown", None, expected, observed, reason, facts=used)
    return Outcome("met", "minimum", expected, observed, f"{observed}: equal{depth}, as {case.asked}", facts=used)


def _enough(count: int, known: list[Reading], unclear: list[str], read: Outcome, case: Case) -> Outcome:
    """Whether at least `count` of the facts state one value; those that are not known may yet."""
    most = max(Counter(known).values(), default=0)
    alike = f"{read.observed}; {case.asked} are at least {count} that are equal"
    expected = f"at least {count} {read.expected}"
    if most >= count:
        reason = f"{read.observed}: {most} are equal, {case.asked} are at least {count}"
        return replace(read, answer="met", level="minimum", expected=expected, reason=reason)
    if (unclear and most + len(unclear) >= count) or not known:
        why = "; ".join(unclear) or "none is stated"
        return replace(read, expected=expected, reason=f"{alike}, which cannot be told, since {why}")
    return replace(read, answer="short", expected=expected, reason=alike)


def _read(part: Part, names: list[str], case: Case) -> tuple[list[Reading], list[str], list[str]]:
    """(values as far as they are compared, why others are not known, what was seen)."""
    known: list[Reading] = []
    unclear, seen = [], []
    for name in names:
        fact, entry = case.facts.get(name), fact_kind(name)
        if fact is None:
            unclear.append(lacking(name))
            continue
        seen.append(f"{entry.meaning}: {told(fact, entry.kind)}")
        try:
            known.append(_cut(reading(fact, entry.kind), part))
        except UnclearError as why:
            unclear.append(f"{entry.meaning} cannot be told ({why})")
    return known, unclear, seen


def _differ(part: Part, known: list[Reading]) -> bool:
    """Whether they are not equal; of amounts with a tolerance, whether the least is further below the greatest."""
    amounts = [value for value in known if isinstance(value, Decimal)]
    if part.tolerance and amounts:
        return min(amounts) < max(amounts) * (1 - share(part.tolerance))
    return len(set(known)) > 1


def _cut(value: Reading, part: Part) -> Reading:
    if not isinstance(value, Version) or part.precision is None:
        return value
    length = _LENGTH[part.precision]
    if len(value.release) < length:
        raise UnclearError(f"{value} has no {part.precision} number")
    return Version(".".join(map(str, value.release[:length])))
