"""How the depot says that something is wrong."""

from builder.errors import BadInput, PacsmithError
from builder.models.depot import Artefact


class DepotFault(PacsmithError):
    """Something could not be fetched, or lies damaged in the depot (exit 1)."""


class NotInDepot(BadInput):
    """Something that a host needs is not there (exit 2)."""


def remedy(artefact: Artefact) -> str:
    """How to get the artefact, as the end of a sentence."""
    if artefact.npm is not None:
        return f"get it with `pacsmith depot fetch {artefact.name}`"
    return f"{artefact.handed_in}, then put {artefact.file} in with `pacsmith depot add FILE`"


def wrong_sum(what: str, artefact: Artefact, found: str) -> str:
    """The sentence for a file that is not the one that the manifest pins, without its remedy."""
    return f"{what} is not {artefact}: its SHA-256 is {found}, the manifest says {artefact.sha256}"
