"""Whether a requirement is asked of a machine at all: yes, no, or not known and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from builder.assess.inputs import lacking
from builder.assess.outcome import Case, Outcome, any_of
from builder.assess.part import plainly
from builder.models.fact import Fact
from builder.models.sheet import When

MODALITIES = "workload.modalities"
_THE_CONDITION = "the condition"


@dataclass(frozen=True)
class Asked:
    """`where`: the conditions in words, of those that fail where some do; `why`: what was seen, or why it is not known.

    `words_only`: the host's own words fail, and no fact was needed to tell.
    """

    answer: Literal["yes", "no", "unknown"]
    where: str = ""
    why: str = ""
    facts: tuple[Fact, ...] = ()
    words_only: bool = False


def asked_of(when: When | None, use: frozenset[str], case: Case) -> Asked:
    """Whether every condition of `when` holds. One that surely fails outweighs any that is not known."""
    if when is None:
        return Asked("yes")
    missing = [words for words in when.terms if use.isdisjoint(words)]
    if missing:
        return Asked("no", " and ".join(map(_either, missing)), words_only=True)
    outcomes = [*_modality(when, case), *_parts(when, case)]
    failed = [one for one in outcomes if one.answer == "short"]
    unclear = [one for one in outcomes if one.answer == "unknown"]
    telling = failed or unclear
    if not telling:
        return Asked("yes")
    return Asked(
        "no" if failed else "unknown",
        " and ".join(one.expected for one in telling),
        "; ".join(one.observed if failed else one.reason for one in telling),
        tuple(fact for one in telling for fact in one.facts),
    )


def _either(words: Iterable[str]) -> str:
    return " or ".join(words)


def _modality(when: When, case: Case) -> list[Outcome]:
    if not when.modality:
        return []
    expected = f"{_either(when.modality)} is read"
    fact = case.facts.get(MODALITIES)
    if fact is None or not isinstance(fact.value, str):
        return [Outcome("unknown", None, expected, "not declared", lacking(MODALITIES))]
    here = {word.strip() for word in fact.value.split(",")}
    observed = f"modalities read here: {fact.value}"
    answer: Literal["met", "short"] = "short" if here.isdisjoint(when.modality) else "met"
    return [Outcome(answer, None, expected, observed, observed, facts=(fact,))]


def _parts(when: When, case: Case) -> list[Outcome]:
    inner = replace(case, asked=_THE_CONDITION)
    parts = [plainly(part, inner) for part in when.all_of]
    return [*parts, any_of([plainly(part, inner) for part in when.any_of], inner)] if when.any_of else parts
