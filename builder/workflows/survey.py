"""Read machines and hold them against their sheets."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from builder.assess.display import Report
from builder.assess.of_host import against_all
from builder.errors import BadInput, Unreachable
from builder.inventory import Machine
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.survey import answer, facts_from, facts_of_tools, recorded_answer, recorded_machines
from builder.survey.recorded import is_recorded, not_recorded
from builder.survey.remote import Remote

_AT_ONCE = 10


@dataclass(frozen=True)
class HostFacts:
    """What one machine said, or why it could not be asked (then without facts). `answer` is the same word for word."""

    machine: Machine
    facts: dict[str, Fact]
    fault: str | None = None
    answer: str = ""


def survey_hosts(machines: Sequence[Machine]) -> tuple[HostFacts, ...]:
    """Read all machines, ten at once, in their own order. A machine that cannot be reached stops no other."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return tuple(pool.map(_read, machines))


def _read(machine: Machine) -> HostFacts:
    try:
        with Remote(machine.connection) as remote:
            return _heard(machine, answer(remote, machine.host))
    except Unreachable as fault:
        return HostFacts(machine, {}, str(fault))


def _heard(machine: Machine, text: str) -> HostFacts:
    return HostFacts(machine, facts_from(text, machine.host), answer=text)


def read_recorded(machines: Sequence[Machine], folder: Path) -> tuple[HostFacts, ...]:
    """The same from recorded answers, and no machine is touched. One of which nothing is recorded, while others are
    there, was not read. Raises BadInput when there is none at all, or one that is no record."""
    there = [machine.host.name for machine in machines if is_recorded(folder, machine.host)]
    if not there:
        return tuple(_heard(machine, recorded_answer(folder, machine.host)) for machine in machines)
    return tuple(
        _heard(machine, recorded_answer(folder, machine.host)) if machine.host.name in there
        else HostFacts(machine, {}, not_recorded(folder, machine.host))
        for machine in machines
    )  # fmt: skip


def read_tools(folder: Path) -> dict[str, dict[str, Fact]]:
    """The facts of machines that no site knows, by their folder's name, from what tools printed there. Raises BadInput
    for a file that is named after no tool."""
    return {name: facts_of_tools(text) for name, text in recorded_machines(folder).items()}


def record(read: Sequence[HostFacts], folder: Path) -> tuple[Path, ...]:
    """Keep every answer as FOLDER/HOST.txt, for `read_recorded`. Raises BadInput when that cannot be written."""
    files = {folder / f"{one.machine.host.name}.txt": one.answer for one in read if one.fault is None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_bytes(text.encode("utf-8", "replace"))
    except OSError as fault:
        raise BadInput(f"{folder}: the answers cannot be kept: {fault.strerror}; name a folder to write to") from fault
    return tuple(files)


def findings_of(
    read: HostFacts, sheets: Sequence[Sheet], today: date, reports: Sequence[Report] = ()
) -> tuple[Finding, ...]:
    """Every finding of the sheets of the machine's product and class, then of the standards that its displays are held
    to; `reports` are the site's calibration reports. Raises BadInput for a malformed waiver or a standard that is not
    there."""
    found = against_all(read.machine.host, read.facts, sheets, reports, today)
    return tuple(finding for one in found for finding in one.findings)
