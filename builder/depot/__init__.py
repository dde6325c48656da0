"""What comes from outside: kept by checksum, fetched or handed in, so that builds run offline."""

from builder.depot.delivery import delivered
from builder.depot.faults import DepotFault, NotInDepot
from builder.depot.needs import Need, artefact_for, needed_by, needs_of
from builder.depot.npm import npm_package
from builder.depot.store import FOLDER, Depot, State

__all__ = [
    "FOLDER",
    "Depot",
    "DepotFault",
    "Need",
    "NotInDepot",
    "State",
    "artefact_for",
    "delivered",
    "needed_by",
    "needs_of",
    "npm_package",
]
