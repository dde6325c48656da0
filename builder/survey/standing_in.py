"""Recorded facts in the place of those that a container shows of the machine beneath it (pure).

A living machine speaks for itself: nothing recorded stands in for it. What stands in says so, with its day and place.
"""

from collections.abc import Mapping

from builder.models.fact import Fact
from builder.survey.facts import CONTAINERS

_HARDWARE = ("asset.", "bios.", "board.", "cpu.", "disk.apart", "drives.", "gpu.", "gpus.", "memory.",
             "network.adapters", "network.duplex", "network.mtu", "network.speed", "raid.")  # fmt: skip
_BELOW = (".encrypted", ".encryption", ".medium", ".raid")  # of disk.*: what its filesystem lies on
_EACH = ("drives.", "gpus.", "memory.slot.")


def stand_in(living: Mapping[str, Fact], recorded: Mapping[str, Fact], day: str, place: str) -> dict[str, Fact]:
    """The living facts; on a container, those of hardware as they were recorded on `day` in `place`, where something
    was. Single drives, cards and slots are never of both: they are those of the recording, where it names one."""
    virtual = living["virtualisation"].value if "virtualisation" in living else None
    if virtual not in CONTAINERS:
        return dict(living)
    known = {name: fact for name, fact in recorded.items() if fact.error is None and _is_hardware(name)}
    named = tuple(family for family in _EACH if any(_is_one_of(name, family) for name in known))
    kept = {name: fact for name, fact in living.items() if not any(_is_one_of(name, family) for family in named)}
    why = f"recorded on {day} in {place}, since {virtual} shows the machine beneath"
    return dict(sorted({**kept, **{name: _told(fact, day, why) for name, fact in known.items()}}.items()))


def _is_hardware(name: str) -> bool:
    return name.startswith(_HARDWARE) or (name.startswith("disk.") and name.endswith(_BELOW))


def _is_one_of(name: str, family: str) -> bool:
    return name.startswith(family) and name.count(".") > family.count(".")


def _told(fact: Fact, day: str, why: str) -> Fact:
    note = "; ".join(text for text in (fact.note, why) if text)
    return fact.model_copy(update={"note": note, "recorded": day, "command": f"recorded on {day}: {fact.command}"})
