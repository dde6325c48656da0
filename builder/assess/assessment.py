"""A whole sheet against the facts of one machine: every requirement ends in a finding (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from builder.assess.bound import base_text
from builder.assess.compared import unreached
from builder.assess.condition import MODALITIES, Asked, asked_of
from builder.assess.inputs import is_declared
from builder.assess.lacks import as_wishes
from builder.assess.levels import climb
from builder.assess.outcome import Case, Outcome
from builder.assess.part import evaluate
from builder.errors import BadInput
from builder.models.evidence import Verdict
from builder.models.fact import Fact
from builder.models.finding import Finding, Lack
from builder.models.level import MINIMUM
from builder.models.sense import named
from builder.models.sheet import Requirement, Sheet, When
from builder.models.site import Waiver


def assess(
    sheet: Sheet,
    facts: Mapping[str, Fact],
    *,
    use: frozenset[str] = frozenset(),
    waivers: Iterable[Waiver] = (),
    today: date,
) -> tuple[Finding, ...]:
    """A finding for each requirement, in the sheet's order.

    `use` holds the words that a requirement's `when` may name (see `uses_of`). A waiver holds through its last day;
    an expired one changes nothing but the sentence. Raises BadInput for a waiver whose `until` is no day.
    """
    granted = {waiver.requirement: waiver for waiver in waivers}
    case = Case(facts, today)
    return tuple(_waived(_finding(sheet, line, case, use), granted.get(line.id), today) for line in sheet.requirements)


def _finding(sheet: Sheet, line: Requirement, case: Case, use: frozenset[str]) -> Finding:
    asked = asked_of(line.when, use, case)
    if asked.answer != "yes":
        return _conditional(sheet, line, asked, case)
    if line.attested is not None:
        sentence = f"No probe can tell; {line.by} must attest it{_validity(line)}."
        return _to_attest(sheet, line, line.attested, "not attested", sentence)
    if line.advice is not None:
        sentence = f"The source advises it and nothing measures it; {line.by} must take note."
        return _to_attest(sheet, line, f"advice: {line.advice}", "nothing to measure", sentence)
    if line.levels:
        return _climbed(sheet, line, case)
    return _measured(sheet, line, evaluate(line, replace(case, asked=_word(line))), case)


def _word(line: Requirement) -> str:
    """How the line's level is said: "asked", "recommended", or in the vendor's word."""
    return "asked" if line.level == MINIMUM else line.level


def _conditional(sheet: Sheet, line: Requirement, asked: Asked, case: Case) -> Finding:
    """The finding of a line whose condition fails, or is not known."""
    expected = f"{_statement(line)}, where {asked.where}"
    if asked.answer == "no":
        reason = "which this host is not said to be" if asked.words_only else f"and here is {asked.why}"
        sentence = f"Asked only where {asked.where}, {reason}."
        finding = _said(sheet, line, "not applicable", expected=expected, observed="not asked here", sentence=sentence)
    else:
        sentence = f"Asked only where {asked.where}; whether that is so here is not known: {asked.why}."
        observed = "whether it is asked here is not known"
        finding = _said(sheet, line, "unknown", expected=expected, observed=observed, sentence=sentence)
        unread = any(fact.error is not None for fact in asked.facts)
        if line.when is not None and not unread and _undeclared(line.when, case):
            finding = finding.model_copy(update={"attest": line.by})
    return _with_facts(finding, asked.facts)


def _undeclared(when: When, case: Case) -> bool:
    """Whether the condition is not known only because the site file does not say something."""
    names = [MODALITIES] if when.modality else []
    names += [name for part in (*when.all_of, *when.any_of) for name in named(part)]
    return _to_declare(names, case)


def _climbed(sheet: Sheet, line: Requirement, case: Case) -> Finding:
    found = climb(sheet, line, case)
    sentence = f"{_capital(found.reason)}."
    finding = _said(sheet, line, found.verdict, expected=found.expected, observed=found.observed, sentence=sentence)
    person = found.verdict == "unknown" and (found.judged or _all_in_sight(found.facts))
    return _with_facts(finding, found.facts).model_copy(
        update={
            "level": found.level,
            "grade": found.grade,
            "qualified": found.qualified,
            "attest": line.by if person else None,
            "lacks": _lacks(line, found.verdict, found.lacks, finding),
        }
    )


def _measured(sheet: Sheet, line: Requirement, outcome: Outcome, case: Case) -> Finding:
    verdict: Verdict = outcome.answer
    level: str | None = outcome.level
    reason, qualified, lacks = outcome.reason, outcome.qualified, outcome.lacks
    grade = sheet.grade(line.level)
    if grade in ("recommended", "optimal"):
        if verdict == "met":
            level = line.level
        elif verdict == "short":
            verdict, level = "met", MINIMUM
            reason = f"{reason}, which is not reached; no minimum is stated"
            qualified = unreached(base_text(line) or "level", minimum=False, word=line.level)
            lacks = as_wishes(lacks)
    elif verdict == "met" and level == MINIMUM:
        level = line.level
        qualified = line.level if grade == "degraded" else qualified
    finding = _said(
        sheet, line, verdict, expected=outcome.expected, observed=outcome.observed, sentence=f"{_capital(reason)}."
    )
    return _with_facts(finding, outcome.facts).model_copy(
        update={
            "level": level,
            "grade": None if level is None else sheet.grade(level),
            "qualified": qualified,
            "attest": line.by if verdict == "unknown" and _a_person_can_tell(line, outcome, case) else None,
            "lacks": _lacks(line, verdict, lacks, finding),
        }
    )


def _lacks(line: Requirement, verdict: Verdict, lacks: tuple[Lack, ...], finding: Finding) -> tuple[Lack, ...]:
    """What a short or a met line lacks; where no amount can be told, the first fact of a short line as a whole."""
    if verdict == "unknown" or lacks or verdict == "met":
        return lacks if verdict != "unknown" else ()
    return tuple(Lack(fact=name, here=finding.observed, asked=finding.expected) for name in named(line)[:1])


def _with_facts(finding: Finding, facts: tuple[Fact, ...]) -> Finding:
    return finding.model_copy(
        update={
            "commands": tuple(dict.fromkeys(fact.command for fact in facts)),
            "raw_sha256": next((fact.raw_sha256 for fact in facts if fact.raw_sha256), None),
        }
    )


_NOTHING = Case({}, date.min)
_IN_SIGHT = ("asset.", "cpu.", "disk.", "displays.", "gpu.", "gpus.", "memory.")


def _a_person_can_tell(line: Requirement, outcome: Outcome, case: Case) -> bool:
    """Whether a person may answer for what was not read: parts of a machine can be looked at, as can the machine
    beneath a container, judged lines are theirs, and what the site file does not say they can write there; a setting or
    a service that no probe could read stays unknown, and nothing is accepted on anyone's word."""
    unread = any(fact.error is not None for fact in outcome.facts)
    return _all_in_sight(outcome.facts) if unread else outcome.judged or _to_declare(named(line), case)


def _to_declare(names: Iterable[str], case: Case) -> bool:
    """Whether nothing is missing of these facts but what the site file should say."""
    missing = [name for name in names if name not in case.facts]
    return bool(missing) and all(map(is_declared, missing))


def _all_in_sight(facts: tuple[Fact, ...]) -> bool:
    unread = [fact for fact in facts if fact.error is not None]
    return bool(unread) and all(fact.beneath or fact.name.startswith(_IN_SIGHT) for fact in unread)


def _to_attest(sheet: Sheet, line: Requirement, expected: str, observed: str, sentence: str) -> Finding:
    finding = _said(sheet, line, "unknown", expected=expected, observed=observed, sentence=sentence)
    return finding.model_copy(update={"attest": line.by})


def _capital(reason: str) -> str:
    """A sentence begins with a capital; a name keeps its letters."""
    first = reason.split(maxsplit=1)[0]
    return reason[0].upper() + reason[1:] if first.rstrip(":;,").islower() and "_" not in first else reason


def _said(
    sheet: Sheet,
    line: Requirement,
    verdict: Verdict,
    *,
    expected: str,
    observed: str,
    sentence: str,
) -> Finding:
    return Finding(
        product=sheet.product.id,
        requirement=line.id,
        verdict=verdict,
        expected=expected,
        observed=observed,
        sentence=" ".join((sentence, *_also(line), *((line.note,) if line.note else ()))),
        source=f"{sheet.source.cited}, {line.place}",
    )


def _also(line: Requirement) -> list[str]:
    return [f'{one.source}, {one.place}, says otherwise: "{one.says.rstrip(".")}".' for one in line.also_says]


def _statement(line: Requirement) -> str:
    if line.levels:
        return "; ".join(f"{rung.level}: {evaluate(rung, _NOTHING).expected}" for rung in line.levels)
    return line.attested or line.advice or evaluate(line, _NOTHING).expected


def _validity(line: Requirement) -> str:
    return f", for {line.valid_for} at a time" if line.valid_for else ""


def _waived(finding: Finding, waiver: Waiver | None, today: date) -> Finding:
    if waiver is None or finding.verdict not in ("short", "unknown"):
        return finding
    try:
        until = date.fromisoformat(waiver.until)
    except ValueError as wrong:
        raise BadInput(
            f'waiver of "{waiver.requirement}": until: "{waiver.until}" is no day; write YYYY-MM-DD'
        ) from wrong
    if today > until:
        note = f"{finding.sentence} The waiver by {waiver.owner} expired on {until}."
        return finding.model_copy(update={"sentence": note, "waiver_expired": f"{waiver.owner}, {until}",
                                          "waived_because": waiver.reason})  # fmt: skip
    sentence = (
        f"Waived by {waiver.owner} until {until}: {waiver.reason.rstrip('.')}. Without the waiver: {finding.sentence}"
    )
    granted = {"waived_by": waiver.owner, "waived_until": waiver.until, "waived_because": waiver.reason}
    return finding.model_copy(update={"verdict": "waived", "sentence": sentence, "attest": None, **granted})
