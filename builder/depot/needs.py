"""What the machines of a site need from the depot (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from builder.errors import BadInput
from builder.inventory import Machine
from builder.models.base import Model
from builder.models.depot import Artefact, Needed


@dataclass(frozen=True)
class Need:
    """An artefact, and the hosts that want it, sorted."""

    artefact: Artefact
    hosts: tuple[str, ...]


def needed_by(variables: Model) -> tuple[Needed, ...]:
    """What one role says that it needs: its variables' `artefacts`."""
    found: tuple[Needed, ...] = getattr(variables, "artefacts", ())
    return found


def artefact_for(needed: Needed, artefacts: Sequence[Artefact], host: str) -> Artefact:
    """The manifest's entry. Raises BadInput, naming the versions that it has, when there is none."""
    for one in artefacts:
        if (one.name, one.version) == (needed.name, needed.version):
            return one
    versions = ", ".join(one.version for one in artefacts if one.name == needed.name)
    known = f"it has {needed.name} {versions}" if versions else f"it has no {needed.name} at all"
    raise BadInput(
        f"{host} wants {needed}, which the depot's manifest (specs/depot.yml) does not describe; {known}: "
        "write that in the site file, or describe the file in a specs/depot.yml of your own"
    )


def needs_of(machines: Iterable[Machine], artefacts: Sequence[Artefact]) -> tuple[Need, ...]:
    """Everything that these machines need, each once, in the order of the manifest. Raises BadInput as above."""
    wanted: dict[str, list[str]] = {}
    for machine in machines:
        for role in machine.roles:
            for needed in needed_by(role.variables):
                one = artefact_for(needed, artefacts, machine.host.name)
                wanted.setdefault(str(one), []).append(machine.host.name)
    return tuple(Need(one, tuple(sorted(set(wanted[str(one)])))) for one in artefacts if str(one) in wanted)
