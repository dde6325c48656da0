"""Memory modules in their slots, however a tool tells of them -> facts (pure)."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from builder.survey.answers import word
from builder.survey.question import ABSENT, Said, UnreadableError

FACTS = ("memory.empty", "memory.installed", "memory.modules", "memory.parts", "memory.places", "memory.slots",
         "memory.slots_used")  # fmt: skip


class Slot(NamedTuple):
    """A slot: its name on the board; the module's size in bytes (0 when it is empty), its type, the speed that it can
    run at and the one that it runs at in MT/s (0 when not told; None where the tool speaks of one speed alone), and its
    part number."""

    place: str
    size: int = 0
    kind: str = ""
    able: int = 0
    runs: int | None = None
    part: str = ""


def slot_facts(slots: Sequence[Slot]) -> dict[str, Said]:
    """All slots of a machine, empty ones too."""
    used = [slot for slot in slots if slot.size]
    none = UnreadableError("the firmware names no module")
    return {
        "memory.empty": " ".join("-".join(slot.place.split()) for slot in slots if not slot.size) or ABSENT,
        "memory.installed": sum(slot.size for slot in used) or none,
        "memory.modules": _counted([told(slot) for slot in used]) or none,
        "memory.parts": _counted([slot.part for slot in used if slot.part]) or none,
        "memory.places": " ".join("-".join(slot.place.split()) for slot in used) or none,
        "memory.slots": len(slots),
        "memory.slots_used": len(used),
        **_each(slots),
    }


def _each(slots: Sequence[Slot]) -> dict[str, Said]:
    """The facts of each slot by its name; slots that share a name are told as one of several, by their order."""
    said: dict[str, Said] = {}
    words = [word(slot.place) or "?" for slot in slots]
    shared = Counter(words)
    seen: Counter[str] = Counter()
    for slot, own in zip(slots, words, strict=True):
        seen[own] += 1
        name = f"{own}-{seen[own]}" if shared[own] > 1 else own
        silent = UnreadableError("the firmware does not say") if slot.size else ABSENT
        said |= {
            f"memory.slot.{name}.size": slot.size or ABSENT,
            f"memory.slot.{name}.speed": slot.able or silent,
            f"memory.slot.{name}.type": slot.kind or silent,
        }
    return said


def told(slot: Slot) -> str:
    """`32 GiB DDR4 at 2933 MT/s`; `at 2666 of 3200 MT/s` when it could run faster, and `for 3200 MT/s` when nobody
    tells how fast it runs."""
    words = [f"{slot.size >> 30} GiB" if slot.size % (1 << 30) == 0 else f"{slot.size >> 20} MiB"]
    words += [slot.kind] if slot.kind else []
    if slot.able and slot.runs and slot.able != slot.runs:
        words.append(f"at {slot.runs} of {slot.able} MT/s")
    elif slot.able and slot.runs == 0:
        words.append(f"for {slot.able} MT/s")
    elif slot.able or slot.runs:
        words.append(f"at {slot.able or slot.runs} MT/s")
    return " ".join(words)


def _counted(items: list[str]) -> str:
    """`12 x 32 GiB DDR4 at 2933 MT/s, 1 x ...`, the most frequent first."""
    counts = sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} x {item}" for item, count in counts)
