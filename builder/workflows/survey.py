"""Read machines and hold them against their sheets."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from builder.assess import assess, sheets_for, uses_of
from builder.errors import Unreachable
from builder.inventory import Machine
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.survey import survey
from builder.survey.remote import Remote

_AT_ONCE = 10


@dataclass(frozen=True)
class HostFacts:
    """What one machine said, or why it could not be asked (then without facts)."""

    machine: Machine
    facts: dict[str, Fact]
    fault: str | None = None


def survey_hosts(machines: Sequence[Machine]) -> tuple[HostFacts, ...]:
    """Read all machines, ten at once, in their own order. A machine that cannot be reached stops no other."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(pool.map(_read, machines))


def _read(machine: Machine) -> HostFacts:
    try:
        with Remote(machine.connection) as remote:
            return HostFacts(machine, survey(remote, machine.host))
    except Unreachable as fault:
        return HostFacts(machine, {}, str(fault))


def findings_of(read: HostFacts, sheets: Sequence[Sheet], today: date) -> tuple[Finding, ...]:
    """Every finding of the sheets of the machine's product and class. Raises BadInput for a malformed waiver."""
    host = read.machine.host
    return tuple(
        finding
        for sheet in sheets_for(host, sheets)
        for finding in assess(sheet, read.facts, use=uses_of(host), waivers=host.waivers, today=today)
    )
