"""Whom a host has served since its acceptance, and what of that a plan takes away for good (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.inventory.index import all_ends
from builder.models.site import Host, Site


@dataclass(frozen=True)
class Served:
    """By the variables of an archive's acceptance: its AE title and port, and by the name of each other end its title,
    what it might do, and whether it was sent images."""

    title: str
    port: int
    titles: Mapping[str, str]
    may: Mapping[str, frozenset[str]]
    sent: frozenset[str]


def served(site: Site, variables: Mapping[str, Any] | None) -> Served | None:
    """What the variables of the role archive, as they were kept, say of it; None of a host without them, or when
    another pacsmith has kept them in another form."""
    if not variables:
        return None
    names = {str(end.address): end.name for end in all_ends(site)}
    try:
        peers = [(str(one["name"]), one) for one in variables["modalities"]]
        may = {name: frozenset(one["may"]) for name, one in peers}
        for client in variables["web_clients"]:
            name = names.get(str(client["address"]), str(client["address"]))
            may[name] = may.get(name, frozenset()) | frozenset(client["may"])
        return Served(
            str(variables["ae_title"]), int(variables["dicom_port"]), {name: str(one["title"]) for name, one in peers},
            may, frozenset(name for name, one in peers if one["receives"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


def for_good(was: Served, now: Served, host: Host) -> tuple[str, ...]:
    """What does not come back when the host answers again, as clauses: other names, and rights that are taken away."""
    found = []
    if was.title != now.title:
        found.append(f"AE {was.title} is called {now.title} from then on: change it wherever it is known")
    if was.port != now.port:
        found.append(f"AE {now.title} answers on port {now.port} from then on, no more on {was.port}")
    for name, rights in was.may.items():
        told, lost = was.titles.get(name, name), sorted(rights - now.may.get(name, frozenset()))
        if lost:
            found.append(f"{told} may no longer {listed(lost)} at {host.name}")
        elif name in now.titles and told != now.titles[name]:
            found.append(f"{told} is known as {now.titles[name]} from then on, and under no other name")
    gone = sorted(was.titles[name] for name in was.sent - now.sent)
    if gone:
        found.append(f"{listed(gone)} {'is' if len(gone) == 1 else 'are'} sent nothing any more")
    return tuple(found)


def listed(words: Sequence[str]) -> str:
    """One or more words as a sentence lists them: `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
