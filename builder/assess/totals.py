"""How much of a kind of part is needed altogether, as people say it (pure)."""

from collections.abc import Sequence

from builder.assess.need import Need
from builder.assess.parts import CALIBRATION, WHOLE
from builder.assess.wanted import adds_up, amount


def total_of(part: str, needs: Sequence[Need]) -> str:
    """How much altogether: 20 GiB more in 2 machines, 3 displays. What may not be needed is counted apart."""
    firm = [need for need in needs if not need.either]
    said = _pieces(part, firm) if firm else ""
    summed = [text for fact, text in _sums(firm).items() if fact] if part not in (WHOLE,) else []
    if summed and firm:
        said = f"{' and '.join(summed)} more in {said}"
    if len(firm) == len(needs):
        return said
    others = _pieces(part, [need for need in needs if need.either])
    return f"{said}; and one of several ways for {others}" if said else f"one of several ways for {others}"


def _pieces(part: str, needs: Sequence[Need]) -> str:
    word = {"Displays": "display", CALIBRATION: "display", "Graphics card": "card"}.get(part, "machine")
    things = {(host, need.which) for need in needs for host in need.hosts}
    count = len(things) if word != "machine" else len({host for host, _ in things})
    count += sum(_absent(need) - 1 for need in needs) if part == "Displays" else 0
    return f"{count} {word}" + ("" if count == 1 else "s")


def _absent(need: Need) -> int:
    """How many displays a need stands for: those that are not there, or the one that is not good enough."""
    return next((int(want.missing) for want in need.wants if want.fact == "displays.count" and want.missing), 1)


def _sums(needs: Sequence[Need]) -> dict[str, str]:
    """Missing amounts of all hosts by what they are of: size and free space of one directory are one."""
    sums: dict[str, float] = {}
    for need in needs:
        its: dict[str, float] = {}
        for want in need.wants:
            if want.missing and adds_up(want.fact) and not want.instead:
                of = want.fact.rpartition(".")[0]
                its[of] = max(its.get(of, 0.0), want.missing)
        kind = "memory.total" if any(of == "memory" for of in its) else "disk.system.size"
        if its:
            sums[kind] = sums.get(kind, 0.0) + sum(its.values())
    return {fact: amount(fact, value) for fact, value in sums.items()}
