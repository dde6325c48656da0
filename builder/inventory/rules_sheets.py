"""Rules about a station's settings and the sheets that speak of it: what is used, and which driver may be."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from builder.assess.applies import sheets_for, uses_of
from builder.inventory.rules_case import Case, FieldPath, Found
from builder.models.comparison import comparison
from builder.models.criterion import computed, in_range
from builder.models.part import Part
from builder.models.quantity import version
from builder.models.sheet import Requirement, Sheet
from builder.models.site import Host
from builder.models.station import WorkstationSettings


def _stations(case: Case) -> Iterator[tuple[FieldPath, Host, WorkstationSettings]]:
    for path, host in case.hosts:
        if host.workstation is not None:
            yield (*path, "workstation"), host, host.workstation


def uses_are_words_of_a_sheet(case: Case) -> Iterator[Found]:
    """A use that no sheet of the host asks about would silently leave out what it was meant to bring in."""
    for path, host in case.hosts:
        described = (("workstation", host.workstation), ("workload", host.workload))
        named = [
            ((*path, field, "uses", number), use)
            for field, settings in described
            for number, use in enumerate(settings.uses if settings else ())
        ]
        lines = [line for sheet in sheets_for(host, case.sheets) for line in sheet.requirements] if named else []
        known = {word for line in lines if line.when for word in line.when.use}
        for place, use in named:
            if use not in known:
                near = get_close_matches(use, known, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"write one of them ({', '.join(sorted(known))})"
                what = f"no sheet of {host.name} asks about the use {use}"
                yield place, what, remedy if known else "remove it"


def branches_are_allowed(case: Case) -> Iterator[Found]:
    """NVIDIA's driver is of a branch in which at least one version satisfies every line of the station's sheets."""
    for path, host, settings in _stations(case):
        if settings.nvidia is None:
            continue
        uses, branch = uses_of(host), settings.nvidia.branch
        against = (
            f"{sheet.product.name} does not allow a driver of branch {branch} ({line.id}: {_asked(line)})"
            for sheet in sheets_for(host, case.sheets)
            for line in sheet.requirements
            if _binds_here(sheet, line, uses) and not _possible(line, branch)
        )
        for what in islice(against, 1):
            yield (*path, "nvidia", "branch"), what, "name a branch that it allows"


def _binds_here(sheet: Sheet, line: Requirement, uses: frozenset[str]) -> bool:
    """Whether the line surely binds this host; one that is only recommended leaves the choice, and one that asks for
    facts may not be meant."""
    terms = line.when.terms if line.when is not None else ()
    asks_facts = line.when is not None and line.when.asks_facts
    binds = sheet.grade(line.level) not in ("recommended", "optimal") and not asks_facts
    return binds and not any(uses.isdisjoint(words) for words in terms)


def _possible(part: Part, branch: str) -> bool:
    """Whether some version of the branch may satisfy the part, as far as it speaks of the driver."""
    if part.any_of:
        return any(_possible(inner, branch) for inner in part.any_of)
    if part.all_of:
        return all(_possible(inner, branch) for inner in part.all_of)
    if part.fact != "gpu.driver" or part.or_equivalent:
        return True
    first, last = Version(branch), Version(f"{branch}.99999.99999")
    right = part.right
    return (
        (part.minimum is None or _computed(part.minimum) or comparison(part.minimum, "version").holds(last))
        and (part.maximum is None or _computed(part.maximum) or comparison(part.maximum, "version").holds(first))
        and (not right or any(_release(str(one)) == first.release[0] for one in right))
        and (part.versions is None or _meets(part.versions, first, last))
    )


def _meets(versions: str, first: Version, last: Version) -> bool:
    """Whether the range holds the ends of a branch, or names a version inside it."""
    named = [Version(one.version.removesuffix(".*")) for one in SpecifierSet(versions)]
    return any(in_range(versions, one) for one in (first, last, *named) if first <= one <= last)


def _computed(text: str) -> bool:
    """Whether the bound is another fact, which no site file tells."""
    return computed(text, "version", "gpu.driver") is not None


def _release(text: str) -> int | None:
    read = version(text)
    return read.release[0] if read is not None else None


def _asked(part: Part) -> str:
    """What the part says of the driver, as the sheet writes it."""
    inner = [text for one in (*part.any_of, *part.all_of) if (text := _asked(one))]
    if inner:
        return (" or " if part.any_of else " and ").join(inner)
    if part.fact != "gpu.driver":
        return ""
    own = (part.minimum, part.maximum, *part.right, part.versions)
    return ", ".join(str(text) for text in own if text is not None)
