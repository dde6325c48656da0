"""Files of the depot for the hosts that want them, each hashed just now."""

from collections.abc import Iterable, Mapping, Sequence

from builder.depot.needs import needs_of
from builder.depot.store import Depot
from builder.inventory import Machine
from builder.models.depot import Artefact, Delivered


def delivered(
    depot: Depot, machines: Iterable[Machine], artefacts: Sequence[Artefact]
) -> Mapping[str, tuple[Delivered, ...]]:
    """What each host gets, by its name; a host that wants nothing is not in it.

    Raises BadInput for an artefact that no manifest describes, NotInDepot for one that is missing or damaged.
    """
    found: dict[str, tuple[Delivered, ...]] = {}
    for need in needs_of(machines, artefacts):
        one, file = need.artefact, depot.whole(need.artefact).resolve()
        parcel = Delivered(
            name=one.name, version=one.version, file=one.file, path=str(file), sha256=one.sha256,
            size=file.stat().st_size,
        )  # fmt: skip
        for host in need.hosts:
            found[host] = (*found.get(host, ()), parcel)
    return found
