"""A whole site in one table: each host against each sheet, with a sentence, and the shopping list of all. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

from builder.assess.applies import uses_of
from builder.assess.assessment import assess
from builder.assess.display import Report
from builder.assess.need import ShoppingList
from builder.assess.of_host import against_all, whole_facts
from builder.assess.shopping import shopping_list
from builder.models.base import Model
from builder.models.evidence import Verdict
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sheet import Sheet, class_product
from builder.models.site import Host

About = Literal["product", "class", "displays"]
_WORST: tuple[Verdict, ...] = ("short", "unknown", "waived", "met", "not applicable")


class Held(Model):
    """One host against one sheet. `about`: whether the sheet is of its product, of every machine of its class, or of
    its displays. `level` is the level reached in the sheet's words, None when the minimum is not or nobody knows;
    `waived`: owner and last day of each waiver that holds, each once."""

    product: str
    versions: str
    about: About = "product"
    verdict: Verdict
    level: str | None = None
    counts: dict[Verdict, int]
    sentence: str
    waived: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class HostRow(Model):
    """A host with what it was held against; `fault`: why nothing could be read of it (then it is against nothing)."""

    host: str
    host_class: str
    location: str
    machine: str | None = None
    fault: str | None = None
    held: tuple[Held, ...] = ()

    @property
    def open(self) -> bool:
        """Whether anything that it is held against is not known."""
        return any(one.verdict == "unknown" or "unknown" in one.counts for one in self.held)


class Column(Model):
    """A sheet: product id, name, and where it was read."""

    product: str
    name: str
    versions: str
    source: str


class Overview(Model):
    """The assessment of a site on a day. `planned_for`: the product that is not installed yet, by name."""

    site: str
    title: str
    day: date
    planned_for: str | None = None
    sheets: tuple[Column, ...]
    hosts: tuple[HostRow, ...]
    shopping: ShoppingList

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """Lines of all hosts by verdict, the worst first; only those that there are."""
        found = Counter(one.verdict for row in self.hosts for held in row.held for one in held.findings)
        return {verdict: found[verdict] for verdict in _WORST if found[verdict]}

    @property
    def short(self) -> bool:
        """Whether any line of any host is short."""
        return "short" in self.counts

    @property
    def open(self) -> bool:
        """Whether anything is not known yet: a line, what a product asks, or a whole host that was not read."""
        return not self.counts or any(row.fault or row.open for row in self.hosts)


Read = tuple[Host, Mapping[str, Fact], str | None]
"""A host, what it said of itself, and why it could not be asked."""


def overview(  # noqa: PLR0917 - all that an assessment is made of, and two that most do without
    site: tuple[str, str],
    read: Iterable[Read],
    sheets: Sequence[Sheet],
    today: date,
    plan_for: Sheet | None = None,
    reports: Sequence[Report] = (),
) -> Overview:
    """`site`: name and title; `reports`: its calibration reports. With `plan_for` every host of the sheet's class is
    held against that sheet alone, and its waivers, which were given for something else, do not count. Raises BadInput
    for a malformed waiver or a display standard that is not there."""
    rows: list[HostRow] = []
    columns: dict[tuple[str, str], Column] = {}
    said: dict[str, Mapping[str, Fact]] = {}
    for host, facts, fault in read:
        if plan_for is None:
            found = against_all(host, facts, sheets, reports, today)
            held = [summed_up(*one) for one in found]
            columns |= {(one.product.id, one.product.versions): _column(one) for one, _ in found}
            if host.product.id not in {one.product.id for one, _ in found}:
                columns[host.product.id, host.product.version] = _no_column(host)
                held = [_no_sheet(host), *held]
        else:
            held = [_planned(host, whole_facts(host, facts, reports, today), plan_for, today)]
            columns[plan_for.product.id, plan_for.product.versions] = _column(plan_for)
        said[host.name] = facts
        rows.append(HostRow(host=host.name, host_class=host.host_class, location=host.location,
                            machine=f"{host.asset.maker} {host.asset.model}" if host.asset else None,
                            fault=fault, held=() if fault else tuple(held)))  # fmt: skip
    return Overview(
        site=site[0], title=site[1], day=today, sheets=tuple(columns.values()), hosts=tuple(rows),
        planned_for=None if plan_for is None else f"{plan_for.product.name} {plan_for.product.versions}",
        shopping=shopping_list(((row.host, held.findings) for row in rows for held in row.held), said),
    )  # fmt: skip


def _column(sheet: Sheet) -> Column:
    return Column(product=sheet.product.id, name=sheet.product.name, versions=sheet.product.versions,
                  source=sheet.source.cited)  # fmt: skip


def _no_column(host: Host) -> Column:
    return Column(product=host.product.id, name=host.product.id, versions=host.product.version, source="no sheet")


def _no_sheet(host: Host) -> Held:
    """A product that no sheet covers is not met by silence."""
    named = f"{host.product.id} {host.product.version}"
    sentence = f"No sheet covers {named}: what its vendor asks is not known, and nothing was held against it."
    return Held(product=host.product.id, versions=host.product.version, verdict="unknown", counts={}, sentence=sentence)


def _planned(host: Host, facts: Mapping[str, Fact], sheet: Sheet, today: date) -> Held:
    if sheet.machine != host.host_class:
        kind = host.host_class.replace("_", " ")
        sentence = (
            f"Not held against it: the sheet speaks of a {sheet.machine.replace('_', ' ')}, this is of class {kind}."
        )
        return _for(sheet, "not applicable", {}, sentence)
    return summed_up(sheet, assess(sheet, facts, use=uses_of(host), today=today))


def summed_up(sheet: Sheet, findings: Sequence[Finding]) -> Held:
    """The findings of one host and one sheet as one: the worst verdict, the level, and a sentence that says which."""
    found = Counter(one.verdict for one in findings)
    counts: dict[Verdict, int] = {verdict: found[verdict] for verdict in _WORST if found[verdict]}
    worst: Verdict = next(iter(counts), "not applicable")
    level = _level(findings) if worst == "met" else None
    waived = dict.fromkeys(f"{one.waived_by} until {one.waived_until}" for one in findings if one.waived_by)
    sentence = _sentence(findings, counts, level)
    return _for(sheet, worst, counts, sentence).model_copy(
        update={"level": level, "waived": tuple(waived), "findings": tuple(findings)}
    )


def _for(sheet: Sheet, verdict: Verdict, counts: dict[Verdict, int], sentence: str) -> Held:
    product = sheet.product
    about: About = "displays" if sheet.machine == "display" else \
        "class" if product.id == class_product(sheet.machine) else "product"  # fmt: skip
    return Held(product=product.id, versions=product.versions, about=about, verdict=verdict, counts=counts,
                sentence=sentence)  # fmt: skip


def _level(findings: Sequence[Finding]) -> str | None:
    """What is reached on the whole: a level that is only just borne decides, then a recommendation that is missed."""
    met = [one for one in findings if one.verdict == "met"]
    borne = next((one.level for one in met if one.grade == "degraded"), None)
    if borne or not met:
        return borne
    if any(one.qualified for one in met):
        return "minimum"
    return "recommended" if any(one.grade in ("recommended", "optimal") for one in met) else "minimum"


def _sentence(findings: Sequence[Finding], counts: Mapping[Verdict, int], level: str | None) -> str:
    asked = sum(counts.values()) - counts.get("not applicable", 0)
    if not asked:
        return "Nothing of this sheet is asked of this host."
    parts = []
    if "short" in counts:
        lines = "line" if asked == 1 else "lines"
        parts.append(f"Short in {counts['short']} of {asked} {lines}: {_named(findings, 'short')}")
    elif "unknown" in counts:
        parts.append(f"Nothing short, {counts.get('met', 0)} of {asked} met")
    elif "waived" in counts:
        parts.append(f"{counts.get('met', 0)} of {asked} met")
    else:
        parts.append("The one line that is asked is met" if asked == 1 else f"All {asked} lines that are asked are met")
    if "unknown" in counts:
        people = sum(1 for one in findings if one.verdict == "unknown" and one.attest)
        who = "" if not people else ", which a person must tell" if people == counts["unknown"] else \
            f", {people} of them for a person to tell"  # fmt: skip
        parts.append(f"{counts['unknown']} not known yet{who}")
    if "waived" in counts:
        parts.append(f"{counts['waived']} waived: {_named(findings, 'waived')}")
    if level is not None:
        parts.append(f"level {level}")
    return "; ".join(parts) + "."


_MOST_NAMED = 4


def _named(findings: Sequence[Finding], verdict: Verdict) -> str:
    return shortened([one.requirement for one in findings if one.verdict == verdict], _MOST_NAMED)


def shortened(names: Sequence[str], most: int) -> str:
    """The names, or the first `most` of them and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
