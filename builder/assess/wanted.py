"""What a host lacks of one fact, in words for whoever buys or arranges it (pure)."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from builder.models.base import Model
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.finding import Lack
from builder.models.quantity import shown

Facts = Mapping[str, Fact]


class Want(Model):
    """One property that a part must have. `have`, `want` and `missing` are amounts in the base unit of the fact's kind,
    None where it is no amount; `change` says it for people, by the most demanding line, and `more` how much is to be
    put beside what is there, where that can be done. `instead`: what else would do, where the line leaves a choice."""

    fact: str
    meaning: str
    change: str
    more: str | None = None
    have: float | None = None
    want: float | None = None
    missing: float | None = None
    instead: tuple[str, ...] = ()


def want_of(fact: str, lacks: Sequence[Lack], facts: Facts, instead: Sequence[str] = ()) -> Want:
    """What several lines ask of a fact, by the most demanding of them. `facts` is what the host said of itself."""
    most = max(lacks, key=missing)
    have, told = _has(fact, most, facts)
    want = most.want if most.sign is not None else None
    lacking = None if want is None else abs(want - (have or 0.0))
    more = amount(fact, lacking) if lacking and adds_up(fact) and (most.sign or "").startswith(">") else None
    return Want(fact=fact, meaning=plain_meaning(fact), change=_change(fact, most, told), have=have, want=want,
                more=more, missing=lacking, instead=tuple(instead))  # fmt: skip


def missing(lack: Lack) -> float:
    """How far it is to what is asked; a thing without an amount is below every amount."""
    return -1.0 if lack.want is None else abs(lack.want - (lack.have or 0.0))


def adds_up(fact: str) -> bool:
    """Whether more of it is put beside what is there: memory and drives, but not another card in a card's place."""
    return fact_kind(fact).kind == "bytes" and fact.startswith(("memory.", "disk.")) and "maximum" not in fact


def plain_meaning(fact: str) -> str:
    """What a fact or a family of facts means, without the connector or address: "megapixels of the display"."""
    meaning = fact_kind(fact).meaning
    return _ENDING.sub("", meaning).strip() if "*" in fact else meaning


_ENDING = re.compile(r",? *(?:on|at|of|in)? *\*.*$")


def in_words(asked: str) -> str:
    """A bound as people say it: ">= 16 GiB" is "at least 16 GiB"."""
    sign, _, rest = asked.partition(" ")
    if sign == "within":
        return f"within the last {rest}"
    return f"{_BOUNDS[sign]}{rest}" if sign in _BOUNDS and rest else asked


_BOUNDS = {">=": "at least ", ">": "more than ", "<=": "at most ", "<": "less than ", "=": "", "==": ""}


def amount(fact: str, value: float) -> str:
    """An amount as it is sold: drives by powers of 1000, memory by powers of 1024."""
    kind = fact_kind(fact).kind
    if kind != "bytes" or not fact.startswith(("disk.", "drives.")):
        return shown(value, kind)
    unit, factor = next((one for one in _SOLD if value >= one[1]), _SOLD[-1])
    scaled = Decimal(str(value)) / factor
    rounded = f"{scaled:.{0 if scaled >= 100 else 1}f}"
    return f"{rounded.rstrip('0').rstrip('.') if '.' in rounded else rounded} {unit}"


_SOLD = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def _has(fact: str, lack: Lack, facts: Facts) -> tuple[float | None, str]:
    """What is there, as a number and in words. Memory is counted by its modules, since firmware keeps a share of what
    the system is shown; where the modules are as many as is asked, the share is the reason, and the system's count
    stands."""
    if lack.have is None:
        return None, lack.here
    installed = _modules(lack.have, facts) if fact == "memory.total" else None
    if installed is not None and lack.want is not None and installed < lack.want:
        return installed, amount(fact, installed)
    return lack.have, amount(fact, lack.have)


def _modules(total: float, facts: Facts) -> float | None:
    """All memory modules together; None where they are not known, or cannot be those of the same machine."""
    installed = _number(facts, "memory.installed")
    return installed if installed is not None and total <= installed <= total * _SHARE else None


_SHARE = 1.25  # firmware and a graphics unit on the board keep back less than that of any machine


def _change(fact: str, lack: Lack, here: str) -> str:
    """As `at least 16 GiB (has 8 GiB)`, `debian (is rhel)`."""
    if lack.want is None or lack.sign is None:
        return f"{in_words(lack.asked)} ({_is(lack.here)})"
    has = f"has {here}" if lack.have is not None else "has none"
    return f"{_BOUNDS[lack.sign]}{amount(fact, lack.want)} ({has})"


def _is(here: str) -> str:
    if here == "absent":
        return "is not there"
    return f"now: {here}" if ":" in here or "," in here else f"is {here}"


def memory_notes(want: Want, facts: Facts) -> tuple[str, ...]:
    """What the board leaves room for, where it said so: free slots, and the most that it takes."""
    if want.have is None or _modules(want.have, facts) is None:
        return ()
    slots, used, most = (_number(facts, f"memory.{name}") for name in ("slots", "slots_used", "maximum"))
    notes = []
    if slots and used is not None:
        inside = facts["memory.modules"].value if "memory.modules" in facts else None
        free = int(slots - used)
        room = f"{free} of {int(slots)} slots {'is' if free == 1 else 'are'} free" if free > 0 else \
            f"none of {int(slots)} slots is free, so modules must be exchanged"  # fmt: skip
        notes.append(f"now {inside}; {room}" if inside else room)
    if most and want.want is not None and most < want.want:
        notes.append(f"the board takes at most {amount(want.fact, most)}: another board or machine is needed")
    return tuple(notes)


def _number(facts: Facts, name: str) -> float | None:
    fact = facts.get(name)
    value = None if fact is None else fact.value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
