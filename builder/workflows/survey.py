"""Read machines, living or recorded."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import BadInput, Unreachable
from builder.inventory import Machine
from builder.models.fact import Fact
from builder.survey import (
    answer,
    facts_from,
    facts_of_tools,
    recorded_answer,
    recorded_machines,
    recording_of,
    stand_in,
)
from builder.survey.recorded import Recording, is_recorded, not_recorded
from builder.survey.remote import Remote

_AT_ONCE = 10


@dataclass(frozen=True)
class HostFacts:
    """What one machine said, or why it could not be asked (then without facts). `answer` is the same word for word."""

    machine: Machine
    facts: dict[str, Fact]
    fault: str | None = None
    answer: str = ""


def survey_hosts(machines: Sequence[Machine], recordings: Path | None = None) -> tuple[HostFacts, ...]:
    """Read all machines, ten at once, in their own order. A machine that cannot be reached stops no other.

    `recordings`: the site's folder of what was recorded, which stands in for hardware that a container does not show.
    Raises BadInput when it cannot be read, before any machine is asked.
    """
    kept = [None if recordings is None else recording_of(recordings, machine.host) for machine in machines]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        read = tuple(pool.map(_read, machines))
    return tuple(_complete(one, recording) for one, recording in zip(read, kept, strict=True))


def _complete(read: HostFacts, recording: Recording | None) -> HostFacts:
    if recording is None or read.fault is not None:
        return read
    recorded = facts_from(recording.text, read.machine.host)
    return replace(read, facts=stand_in(read.facts, recorded, recording.day, recording.place))


def _read(machine: Machine) -> HostFacts:
    try:
        with Remote(machine.connection) as remote:
            return _heard(machine, answer(remote, machine.host, machine.archives))
    except Unreachable as fault:
        return HostFacts(machine, {}, str(fault))


def _heard(machine: Machine, text: str) -> HostFacts:
    return HostFacts(machine, facts_from(text, machine.host, machine.archives), answer=text)


def read_recorded(machines: Sequence[Machine], folder: Path) -> tuple[HostFacts, ...]:
    """The same from recorded answers, and no machine is touched. One of which nothing is recorded, while others are
    there, was not read. Raises BadInput when there is none at all, or one that is no record."""
    there = {machine.host.name for machine in machines if is_recorded(folder, machine.host)}
    return tuple(
        HostFacts(machine, {}, not_recorded(folder, machine.host)) if there and machine.host.name not in there
        else _heard(machine, recorded_answer(folder, machine.host, machine.archives))
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
