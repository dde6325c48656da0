"""One part of a requirement against the facts."""

from dataclasses import replace

from builder.assess.compared import compare
from builder.assess.outcome import Case, Outcome, all_of, any_of, none_of
from builder.assess.relation import agree
from builder.assess.table import look_up
from builder.models.part import Part

EXCLUDED = "excluded"


def evaluate(part: Part, case: Case) -> Outcome:
    """What the part and the facts come to, in the case's word for what is asked. Never raises, whatever they hold."""
    if part.fact is not None:
        return compare(part, part.fact, case)
    if part.judged is not None:
        return Outcome("unknown", None, part.judged, "not judged", f"for a person to judge: {part.judged}", True)
    if part.equal:
        return agree(part, case)
    return look_up(part.table, case, evaluate) if part.table is not None else _several(part, case)


def _several(part: Part, case: Case) -> Outcome:
    if part.any_of:
        return any_of([evaluate(inner, case) for inner in part.any_of], case)
    if part.none_of:
        return none_of([plainly(inner, replace(case, asked=EXCLUDED)) for inner in part.none_of])
    return all_of([evaluate(inner, case) for inner in part.all_of])


def plainly(part: Part, case: Case) -> Outcome:
    """The outcome with what is expected said without the case's word, for conditions and exclusions."""
    return replace(evaluate(part, case), expected=evaluate(part, replace(case, asked="asked")).expected)
