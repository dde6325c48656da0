"""The facts from which a bound or a figure is computed: all that they may be in truth, or why that is not known."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import product

from builder.assess.reading import Reading, UnclearError, readings
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact

World = Mapping[str, Reading]
"""One state of the facts that is possible: measured ones have several."""

_MOST = 256  # states: of more than eight uncertain measurements nothing is claimed


def worlds(names: Iterable[str], facts: Mapping[str, Fact]) -> list[World]:
    """Every state that the named facts may be in. Raises UnclearError that names the one that is not known."""
    wanted = list(dict.fromkeys(names))
    possible = [_possible(name, facts.get(name)) for name in wanted]
    count = 1
    for values in possible:
        count *= len(values)
    if count > _MOST:
        raise UnclearError("too many of its inputs are uncertain")
    return [dict(zip(wanted, values, strict=True)) for values in product(*possible)]


def _possible(name: str, fact: Fact | None) -> tuple[Reading, ...]:
    known = fact_kind(name)
    if fact is None:
        raise UnclearError(lacking(name))
    if fact.absent:
        raise UnclearError(f"there is no {known.meaning}")
    try:
        return readings(fact, known.kind)
    except UnclearError as why:
        raise UnclearError(f"{known.meaning} cannot be told ({why})") from why


def is_declared(name: str) -> bool:
    """Whether the fact comes from the site file, and no survey can state it."""
    return name.startswith("workload.") or name in ("asset.installed", "asset.released")


def lacking(name: str) -> str:
    """Why a fact that nobody stated is not known, as the end of "cannot be told, since ..."."""
    if is_declared(name):
        return f"the site file does not say the {fact_kind(name).meaning} (the host's {name})"
    return f"the survey did not ask for {fact_kind(name).meaning}"


def amounts(world: World) -> dict[str, Decimal]:
    """The numbers of a state, to compute with. Raises UnclearError for a setting that is no number."""
    found = {}
    for name, value in world.items():
        if not isinstance(value, Decimal):
            raise UnclearError(f'{fact_kind(name).meaning} is "{value}", which is no number')
        found[name] = value
    return found
