"""Of a question that a run asked more than once, the last answer. Pure."""

from collections.abc import Iterable

from builder.models.evidence import Evidence


def latest(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The evidence without what was asked again later, in the order in which questions first came.

    A build in waves verifies each wave, and at its end everything together: there a route between two waves is proven
    that a person had to attest before. A route is known by its subject; what else is asked also by host and source.
    """
    found: dict[tuple[str, ...], Evidence] = {}
    for item in evidence:
        about = () if item.kind == "route" else (item.host, item.source)
        found[item.kind, item.subject, *about] = item
    return tuple(found.values())
