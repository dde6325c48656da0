"""Which machines ask and are asked for themselves when routes are proven: stand-ins, reading stations, thin clients."""

from builder.models.site import Host, Peer, Site

Player = Host | Peer


def speaks(end: Host | Peer) -> bool:
    """True when verification can make `end` itself ask an archive, and listen to one: a peer that a stand-in plays, or
    a reading station or thin client of ours. An archive of ours asks as Orthanc does, by other questions."""
    return end.stand_in if isinstance(end, Peer) else end.archive is None


def players(site: Site) -> list[Player]:
    """All that speak for themselves, sorted by name."""
    ends: tuple[Player, ...] = (*site.hosts, *site.peers)
    return sorted((end for end in ends if speaks(end)), key=lambda end: end.name)
