"""A whole sheet against the facts of one machine: every requirement ends in a finding (pure)."""

from collections.abc import Iterable, Mapping
from datetime import date

from builder.assess.part import Outcome, base_text, evaluate, unreached
from builder.errors import BadInput
from builder.models.evidence import Verdict
from builder.models.fact import Fact
from builder.models.finding import Finding, Level
from builder.models.sheet import Requirement, Sheet
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
    return tuple(_waived(_finding(sheet, line, facts, use), granted.get(line.id), today) for line in sheet.requirements)


def _finding(sheet: Sheet, line: Requirement, facts: Mapping[str, Fact], use: frozenset[str]) -> Finding:
    missing = [words for words in line.when.terms if use.isdisjoint(words)] if line.when else []
    if missing:
        where = " and ".join(" or ".join(words) for words in missing)
        sentence = f"Asked only where {where}, which this host is not said to be."
        expected = f"{_statement(line)}, where {where}"
        return _said(sheet, line, "not applicable", expected=expected, observed="not asked here", sentence=sentence)
    if line.attested is not None:
        sentence = f"No probe can tell; {line.by} must attest it{_validity(line)}."
        return _to_attest(sheet, line, line.attested, "not attested", sentence)
    if line.advice is not None:
        sentence = f"The source advises it and nothing measures it; {line.by} must take note."
        return _to_attest(sheet, line, f"advice: {line.advice}", "nothing to measure", sentence)
    return _measured(sheet, line, evaluate(line, facts, "recommended" if line.level == "recommended" else "asked"))


def _measured(sheet: Sheet, line: Requirement, outcome: Outcome) -> Finding:
    verdict: Verdict = outcome.answer
    level: Level | None = outcome.level
    expected, reason, qualified = outcome.expected, outcome.reason, outcome.qualified
    if line.level == "recommended":
        if verdict == "met":
            level = "recommended"
        elif verdict == "short":
            verdict, level = "met", "minimum"
            reason = f"{reason}, which is not reached; no minimum is stated"
            qualified = unreached(base_text(line) or "level", minimum=False)
    said = f"{_capital(reason)}."
    finding = _said(sheet, line, verdict, expected=expected, observed=outcome.observed, sentence=said)
    return finding.model_copy(
        update={
            "level": level,
            "qualified": qualified,
            "attest": line.by if verdict == "unknown" and _a_person_can_tell(outcome) else None,
            "commands": tuple(dict.fromkeys(fact.command for fact in outcome.facts)),
            "raw_sha256": next((fact.raw_sha256 for fact in outcome.facts), None),
        }
    )


_IN_SIGHT = ("asset.", "cpu.", "disk.", "gpu.", "memory.")


def _a_person_can_tell(outcome: Outcome) -> bool:
    """Whether a person may answer for what was not read: parts of a machine can be looked at, as can the machine
    beneath a container, and judged lines are theirs; a setting or a service that no probe could read stays unknown, and
    nothing is accepted on anyone's word."""
    unread = [fact for fact in outcome.facts if fact.error is not None]
    return outcome.judged if not unread else all(fact.beneath or fact.name.startswith(_IN_SIGHT) for fact in unread)


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
        sentence=f"{sentence} {line.note}" if line.note else sentence,
        source=f"{sheet.source.cited}, {line.place}",
    )


def _statement(line: Requirement) -> str:
    return line.attested or line.advice or evaluate(line, {}).expected


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
        return finding.model_copy(update={"sentence": note})
    sentence = (
        f"Waived by {waiver.owner} until {until}: {waiver.reason.rstrip('.')}. Without the waiver: {finding.sentence}"
    )
    return finding.model_copy(update={"verdict": "waived", "sentence": sentence, "attest": None})
