"""What is missing of a fact, as an amount where it is one: the ground of the shopping list (pure)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from packaging.version import Version

from builder.assess.bound import base_text, bound_of, bound_text
from builder.assess.inputs import World
from builder.assess.reading import told
from builder.models.comparison import Comparison, share
from builder.models.fact import Fact
from builder.models.finding import Lack
from builder.models.part import Part
from builder.models.resolution import Resolution


def lacks_of(part: Part, fact: Fact, world: World | None, *, wish: bool = False) -> tuple[Lack, ...]:
    """What the part's own fact lacks: a lack for each bound that fails, else one for what is asked as a whole.

    `world` is the state of the facts that was looked at, None for a fact that is absent. `wish`: of `recommended`.
    """
    texts = [part.recommended] if wish else [part.minimum, part.maximum]
    here = told(fact, part.kind)
    found = [
        Lack(fact=fact.name, here=here, asked=bound_text(part, text, world), sign=wanted.operator, wish=wish,
             have=None if world is None else _number(world[part.fact or ""]), want=_number(wanted.bound))
        for text in texts if text is not None and (wanted := _failed(part, text, world)) is not None
    ]  # fmt: skip
    whole = base_text(part, world) if not wish else ""
    return tuple(found) or (Lack(fact=fact.name, here=here, asked=whole or "what is recommended", wish=wish),)


def _failed(part: Part, text: str, world: World | None) -> Comparison | None:
    """The bound, in numbers, where the fact does not reach it; of an absent fact every bound that is written out."""
    wanted = bound_of(part, text, world)
    if wanted is None or world is None:
        return wanted
    value = world[part.fact or ""]
    tolerance = share(part.tolerance) if part.tolerance else Decimal(0)
    if not isinstance(value, Decimal | Version | Resolution) or type(value) is not type(wanted.bound):
        return None
    return None if wanted.holds(value, tolerance) else wanted


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, Decimal) else None


def as_wishes(lacks: Iterable[Lack]) -> tuple[Lack, ...]:
    """The same as what is recommended only."""
    return tuple(one.model_copy(update={"wish": True}) for one in lacks)


def either(groups: Sequence[tuple[Lack, ...]]) -> tuple[Lack, ...]:
    """What several ways lack of which one is enough. A way that is a choice itself is several ways."""
    if sum(1 for group in groups if group) < 2:
        return tuple(one for group in groups for one in group)
    return tuple(
        one.model_copy(update={"either": True, "way": f"{number}.{one.way}" if all(its.either for its in group)
                               else f"{number}"})
        for number, group in enumerate(groups) for one in group
    )  # fmt: skip


def distance(lacks: Iterable[Lack]) -> float:
    """How far it is to all that is asked, as a share of it; a thing without an amount is wholly missing."""
    return sum(1.0 if one.want is None or one.have is None else abs(one.want - one.have) / (one.want or 1.0)
               for one in lacks)  # fmt: skip


def together(groups: Sequence[tuple[Lack, ...]]) -> tuple[Lack, ...]:
    """What several parts lack that must all hold: the choice that one leaves is not that of another."""
    return tuple(
        one.model_copy(update={"way": f"{number}/{one.way}"}) if one.either else one
        for number, group in enumerate(groups) for one in group
    )  # fmt: skip


def ways_of(lacks: Iterable[Lack]) -> tuple[tuple[tuple[Lack, ...], ...], ...]:
    """The choices that a line leaves, each as its ways, each as what that way lacks."""
    choices: dict[str, dict[str, list[Lack]]] = {}
    for one in lacks:
        if one.either:
            choices.setdefault(one.way.rpartition("/")[0], {}).setdefault(one.way, []).append(one)
    return tuple(tuple(tuple(its) for its in ways.values()) for ways in choices.values())
