"""The displays of a host that the site holds to a standard: its report, and a finding for each line (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from builder.assess.assessment import assess
from builder.assess.display import (
    CURRENT,
    FIGURES,
    Report,
    assess_display,
    calibration_facts,
    classes_of,
    interval_of,
    panels,
    report_of,
)
from builder.assess.hanging import EDID_FACTS, Hung, hang
from builder.errors import BadInput
from builder.models.display import Display
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sense import named
from builder.models.sheet import Requirement, Sheet
from builder.models.site import Host, Waiver

_PREFIX = "display-"


@dataclass(frozen=True)
class HeldDisplay:
    """A display that is held to a standard. `facts` are those of the panel and of its report; the requirements of
    `findings` begin with the display's name, as `left-greys`."""

    display: Display
    sheet: Sheet
    hung: Hung
    facts: Mapping[str, Fact]
    findings: tuple[Finding, ...]


def displays_of(host: Host) -> tuple[Display, ...]:
    """The displays of a station; none of a host that has no screen."""
    settings = host.workstation or host.thin_client
    return settings.displays if settings is not None else ()


def standard_name(sheet: Sheet) -> str:
    """As a site file names it: `ranzcr` for the sheet display-ranzcr."""
    return sheet.product.id.removeprefix(_PREFIX)


def standards(sheets: Iterable[Sheet]) -> dict[str, Sheet]:
    """The standards for displays by name; of two of one name the first holds, which is the user's own."""
    found: dict[str, Sheet] = {}
    for sheet in sheets:
        if sheet.machine == "display":
            found.setdefault(standard_name(sheet), sheet)
    return found


def fault_of(display: Display, known: Mapping[str, Sheet]) -> tuple[str, str, str] | None:
    """What is wrong with the standard and class that a display names: (field, what, remedy); None when all is well."""
    name, word = display.standard, display.display_class
    if name is None:
        wrong = f"{display.name} names the class {word} and no standard"
        return None if word is None else ("class", wrong, f"add `standard:` ({', '.join(known)}), or remove the class")
    if name not in known:
        near = get_close_matches(name.removeprefix(_PREFIX), known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
        return "standard", f"there is no standard for displays called {name}", remedy
    classes = classes_of(known[name])
    if word is None and classes:
        return "standard", f"{display.name} names no class of {name}", f"add `class:`, one of {', '.join(classes)}"
    if word is not None and not classes:
        return "class", f"{name} asks the same of every display and knows no class {word}", "remove the class"
    if word is not None and word not in classes:
        near = get_close_matches(word, classes, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(classes)}"
        return "class", f"{name} knows no class {word}", remedy
    return None


def requirements_of(display: Display, sheet: Sheet) -> tuple[str, ...]:
    """The names under which a display's findings stand, in their order."""
    return (f"{display.name}-display", *(f"{display.name}-{line.id}" for line in sheet.requirements
                                         if not _is_shared(line)))  # fmt: skip


def waivable(display: Display, sheet: Sheet) -> tuple[str, ...]:
    """The requirements that a waiver may name: the lines of one display and those of its class together. That a display
    hangs there is none of them."""
    together = (f"{_group(display)}-{line.id}" for line in sheet.requirements if _is_shared(line))
    return (*requirements_of(display, sheet)[1:], *together)


def _group(display: Display) -> str:
    return display.display_class or display.standard or display.name


def held_displays(
    host: Host, facts: Mapping[str, Fact], sheets: Iterable[Sheet], reports: Sequence[Report], today: date
) -> tuple[HeldDisplay, ...]:
    """Each display of the host that names a standard, with its findings. Raises BadInput for a standard or class that
    is not there."""
    known = standards(sheets)
    return tuple(
        _held(host, display, known, hang(display, host.name, facts, reports), today)
        for display in displays_of(host)
        if display.standard is not None or display.display_class is not None
    )


def _held(host: Host, display: Display, known: Mapping[str, Sheet], hung: Hung, today: date) -> HeldDisplay:
    fault = fault_of(display, known)
    if fault is not None or display.standard is None:
        _, what, remedy = fault or ("", "it names no standard", "name one")
        raise BadInput(f"hosts/{host.name}: {what}; {remedy}")
    sheet, word = known[display.standard], display.display_class
    waivers = _waivers(host, f"{display.name}-")
    found = assess_display(sheet, word, hung.panel, hung.report, waivers=waivers, today=today)
    lines = {line.id: line for line in sheet.requirements if not _is_shared(line)}
    findings = (
        hung.finding(sheet),
        *(_by_eye(one, lines[one.requirement], hung) for one in found if one.requirement in lines),
    )
    return HeldDisplay(
        display=display,
        sheet=sheet,
        hung=hung,
        facts={**hung.panel, **calibration_facts(hung.report, interval_of(sheet, word), today)},
        findings=tuple(_named(one, display, hung) for one in findings),
    )


def _named(finding: Finding, display: Display, hung: Hung) -> Finding:
    """The finding under the display's name, which is also told of what it lacks."""
    lacks = tuple(one.model_copy(update={"of": display.name, "on": hung.connector}) for one in finding.lacks)
    return finding.model_copy(update={"requirement": f"{display.name}-{finding.requirement}", "lacks": lacks})


def _by_eye(finding: Finding, line: Requirement, hung: Hung) -> Finding:
    """What the EDID does not say of a display that hangs there, a person can read off its papers."""
    told = finding.verdict != "unknown" or finding.attest is not None or hung.verdict == "short"
    if told or not set(named(line)) <= EDID_FACTS:
        return finding
    return finding.model_copy(update={"attest": line.by})


def _waivers(host: Host, prefix: str) -> list[Waiver]:
    """The host's waivers of lines that begin with the prefix, as waivers of the standard's own lines."""
    return [
        one.model_copy(update={"requirement": one.requirement.removeprefix(prefix)})
        for one in host.waivers
        if one.requirement.startswith(prefix)
    ]


def _is_shared(line: Requirement) -> bool:
    """Whether a line speaks of a host's displays together, as of a matched pair."""
    return any(name.startswith("displays.") for name in named(line))


def _with_lines(sheet: Sheet, lines: Sequence[Requirement]) -> Sheet:
    return sheet.model_copy(update={"requirements": tuple(lines)})


def shared_findings(host: Host, held: Sequence[HeldDisplay], today: date) -> Iterator[Finding]:
    """What standards ask of a host's displays together: of those of one standard and class, each under the name that
    the site gives it. The requirements begin with the class, or with the standard where it has none."""
    groups = dict.fromkeys((one.display.standard or "", one.display.display_class) for one in held)
    for name, word in groups:
        its = [one for one in held if (one.display.standard, one.display.display_class) == (name, word)]
        sheet = its[0].sheet
        lines = [line for line in sheet.requirements if _is_shared(line)]
        facts = {fact.name: fact for one in its for fact in _under(one.display.name, one.facts)}
        use, prefix = frozenset({word} if word else ()), f"{_group(its[0].display)}-"
        waivers = _waivers(host, prefix)
        for found in assess(_with_lines(sheet, lines), facts, use=use, waivers=waivers, today=today):
            if found.verdict != "not applicable":
                yield found.model_copy(update={"requirement": prefix + found.requirement})


def _under(key: str, facts: Mapping[str, Fact]) -> Iterator[Fact]:
    """The facts of one display as those of a host: `display.pitch` -> `displays.left.pitch`."""
    for name, fact in facts.items():
        if name != CURRENT:
            yield fact.model_copy(update={"name": name.replace("display.", f"displays.{key}.", 1)})


def measured_facts(facts: Mapping[str, Fact], reports: Sequence[Report], today: date) -> dict[str, Fact]:
    """What was measured on the displays of a host, by connector, for sheets that ask it of a host's displays."""
    found: dict[str, Fact] = {}
    for connector, panel in panels(facts).items():
        its = calibration_facts(report_of(panel, reports), None, today)
        found |= {fact.name: fact for fact in _under(connector, {name: its[name] for name in FIGURES})}
    return found
