"""Facts that must agree: a matched pair of displays, one driver for both cards, a schema of the archive's version."""

from packaging.version import Version

from builder.assess.compared import matching
from builder.assess.inputs import lacking
from builder.assess.outcome import Case, Outcome
from builder.assess.reading import Reading, UnclearError, reading, told
from builder.models.catalogue import fact_kind
from builder.models.part import Part

_LENGTH = {"major": 1, "minor": 2}


def agree(part: Part, case: Case) -> Outcome:
    """Met when all facts of `equal` state one value (of versions: as far as `precision` goes). Never raises."""
    names = list(
        dict.fromkeys(one for name in part.equal for one in (matching(name, case) if "*" in name else (name,)))
    )
    depth = f" in their {part.precision} version" if part.precision else ""
    expected = f"equal{depth}: " + " and ".join(fact_kind(name).meaning for name in part.equal)
    known, unclear, seen = _read(part, names, case)
    used = tuple(case.facts[name] for name in names if name in case.facts)
    observed = "; ".join(seen) or "nothing stated"
    if len(set(known)) > 1:
        return Outcome("short", None, expected, observed, f"{observed}; {case.asked} is that they are equal{depth}",
                       facts=used)  # fmt: skip
    if unclear or len(known) < 2:
        why = "; ".join(unclear) or "fewer than two are stated"
        reason = f"whether {' and '.join(fact_kind(name).meaning for name in part.equal)} are equal{depth} cannot be " \
                 f"told, since {why}"  # fmt: skip
        return Outcome("unknown", None, expected, observed, reason, facts=used)
    return Outcome("met", "minimum", expected, observed, f"{observed}: equal{depth}, as {case.asked}", facts=used)


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


def _cut(value: Reading, part: Part) -> Reading:
    if not isinstance(value, Version) or part.precision is None:
        return value
    length = _LENGTH[part.precision]
    if len(value.release) < length:
        raise UnclearError(f"{value} has no {part.precision} number")
    return Version(".".join(map(str, value.release[:length])))
