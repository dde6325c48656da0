"""How much of a kind of part is needed altogether, as people say it (pure)."""

from collections.abc import Sequence

from builder.assess.need import Need
from builder.assess.parts import CALIBRATION
from builder.assess.wanted import Want, amount

_THINGS = {"Displays": "display", CALIBRATION: "display", "Graphics card": "card"}


def total_of(part: str, needs: Sequence[Need]) -> str:
    """How much altogether: 20 GiB more in 2 machines, 3 displays. What may not be needed is counted apart."""
    firm = [need for need in needs if not need.either]
    may_be = [need for need in needs if need.either]
    said = [f"{_sum(firm)}{_pieces(part, firm)}"] if firm else []
    said += [f"one of several ways for {_pieces(part, may_be)}"] if may_be else []
    return "; and ".join(said)


def _pieces(part: str, needs: Sequence[Need]) -> str:
    hosts: dict[str, list[Need]] = {}
    for need in needs:
        for host in need.hosts:
            hosts.setdefault(host, []).append(need)
    word = _THINGS.get(part, "machine")
    count = len(hosts) if word == "machine" else sum(map(_things, hosts.values()))
    return f"{count} {word}" + ("" if count == 1 else "s")


def _things(needs: Sequence[Need]) -> int:
    """How many displays or cards of one host: those that are named, and those that are not there; one where nobody
    says which, as of two that should be alike."""
    missing = sum(int(want.missing or 0) for need in needs for want in need.wants if want.fact == "displays.count")
    return max(1, len({need.which for need in needs if need.which is not None}) + missing)


def _sum(needs: Sequence[Need]) -> str:
    """What is to be put beside what is there: size and free space of one directory are one amount."""
    told: dict[tuple[tuple[str, ...], str | None, str], list[Want]] = {}
    for need in needs:
        for want in need.wants:
            if want.more and not want.instead:
                told.setdefault((need.hosts, need.which, want.fact.rpartition(".")[0]), []).append(want)
    most = [max(want.missing or 0.0 for want in its) * len(hosts) for (hosts, _, _), its in told.items()]
    first = next((its[0].fact for its in told.values()), "")
    return f"{amount(first, sum(most))} more in " if most else ""
