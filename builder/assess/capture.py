"""A sheet from a machine: what it has becomes what others are asked for (pure).

Amounts become lower bounds (a pixel pitch an upper one), names become themselves or an equivalent that a person judges,
and each line says which machine, which day and which command. What differs between equal machines by nature, as a
serial number, is no standard and is left out.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase
from typing import Any, Literal

import yaml

from builder.assess.reading import UnclearError, reading
from builder.errors import BadInput
from builder.models.catalogue import fact_kind
from builder.models.comparison import comparison
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS, Kind, amount, shown
from builder.models.site import Host

_How = Literal["at least", "at most", "the same", "the same or as good"]
_RULES: tuple[tuple[str, _How], ...] = (
    ("cpu.model", "the same or as good"), ("cpu.cores", "at least"), ("cpu.clock", "at least"),
    ("memory.total", "at least"), ("memory.installed", "at least"), ("memory.ecc", "the same or as good"),
    ("disk.*.size", "at least"), ("disk.*.medium", "the same"), ("disk.*.encrypted", "the same"),
    ("gpu.model", "the same or as good"), ("gpu.count", "at least"), ("gpu.memory", "at least"),
    ("gpu.driver", "at least"), ("gpu.opengl", "at least"),
    ("displays.count", "at least"), ("displays.*.maker", "the same or as good"),
    ("displays.*.product", "the same or as good"),
    ("displays.*.megapixels", "at least"), ("displays.*.pitch", "at most"), ("displays.*.depth", "at least"),
    ("network.speed", "at least"), ("os.id", "the same"), ("os.version", "the same"),
    ("clock.synchronised", "the same"),
)  # fmt: skip
# Firmware and drivers take their share, more or less of it; drives of a size differ so much.
_TOLERANCE = {"memory.total": "3 %", "disk.*.size": "3 %", "gpu.memory": "3 %"}
_INSTEAD = {"memory.installed": "memory.total"}  # asked only where the other was not read
_NO_DEMAND = {"memory.ecc": "none"}  # what is better than that meets it, too
_EACH = "displays."  # whichever connector it hangs on
_NAME, _ID = 31, re.compile(r"[^a-z0-9]+")
_LINE, _COMMAND = 300, 60
_SCREENS = "what its displays say of themselves (EDID)"


def sheet_text(host: Host, facts: Mapping[str, Fact], today: date) -> str:
    """The sheet as YAML, valid by our own loader; its product is `as-HOST`. Raises BadInput when nothing was read."""
    lines: list[dict[str, Any]] = []
    unread: list[str] = []
    for pattern, how in (*_RULES, (f"package.{host.product.id}", "at least")):
        for name, its in _families(pattern, facts):
            known = [fact for fact in its if fact.value is not None and fact.value != _NO_DEMAND.get(fact.name)]
            unread += [f"{fact.name}: {fact.error}" for fact in its if fact.error is not None]
            wanted = _criteria(name, known, how) if len(known) == len(its) and not _is_said(name, facts) else []
            named = [{"id": _id(name, number), "fact": name, **one} for number, one in enumerate(wanted)]
            lines += [_line(host, one, known[0], today) for one in named]
    if not lines:
        raise BadInput(f"{host.name}: nothing was read that could be a standard for others; survey it with sudo")
    return _yaml(host, lines, unread, next(iter(facts.values())).raw_sha256, today)


def _families(pattern: str, facts: Mapping[str, Fact]) -> list[tuple[str, list[Fact]]]:
    """The facts that a rule speaks of: those of all displays together, under the pattern; others one by one."""
    names = sorted(name for name in facts if fnmatchcase(name, pattern) and name.count(".") == pattern.count("."))
    if pattern.startswith(_EACH) and "*" in pattern:
        return [(pattern, [facts[name] for name in names])] if names else []
    return [(name, [facts[name]]) for name in names]


def _is_said(name: str, facts: Mapping[str, Fact]) -> bool:
    """Whether another fact says it nearer to what sheets ask."""
    nearer = facts.get(_INSTEAD.get(name, ""))
    return nearer is not None and nearer.value is not None


def _criteria(name: str, facts: Iterable[Fact], how: _How) -> list[dict[str, Any]]:
    """What is asked of the fact, in the words of a sheet; nothing where a value does not lend itself to it. Where
    displays differ, each of them is as good as the worst, and so many as good as a better one."""
    kind = fact_kind(name).kind
    try:
        values: list[Any] = [reading(fact, kind) for fact in facts]
    except UnclearError:
        return []
    if not values:
        return []
    if how in ("at least", "at most"):
        sign, field = (">=", "minimum") if how == "at least" else ("<=", "maximum")
        ranked = sorted(values, reverse=how == "at most")
        return [
            {field: f"{sign} {_bound(value, kind, sign)}", **({"at_least": len(ranked) - number} if number else {})}
            for number, value in enumerate(ranked)
            if not number or value != ranked[number - 1]
        ]
    names = list(dict.fromkeys(value if isinstance(value, bool) else str(value) for value in values))
    right = {"is": names[0]} if len(names) == 1 else {"one_of": names}
    return [{**right, **({"or_equivalent": True} if how == "the same or as good" else {})}]


def _bound(value: Any, kind: Kind, sign: str) -> str:
    """As people write it: rounded so that the machine itself satisfies it, where that can be, else exactly."""
    if not isinstance(value, Decimal):
        return str(value)
    number, _, unit = shown(value, kind).partition(" ")
    read = Decimal(number)
    finer = min(int(read.as_tuple().exponent) - 1, -2)
    exact = value / amount(f"1 {unit}".rstrip(), kind)
    nearest = exact.quantize(Decimal(1).scaleb(finer), ROUND_FLOOR if sign == ">=" else ROUND_CEILING)
    for rounded in (read, nearest):
        text = f"{rounded:f} {unit}".rstrip()
        if rounded > 0 and comparison(f"{sign} {text}", kind).holds(value):
            return text
    return f"{value:f} {BASE_UNITS.get(kind, '')}".rstrip()


def _from(fact: Fact) -> str:
    """What the fact was read from, for people: of a script its first words."""
    command = " ".join(fact.command.split())
    if len(command) <= _COMMAND:
        return command
    return _SCREENS if fact.name.startswith(_EACH) else f"{command[: _COMMAND - 1].rstrip()}\u2026"


def _id(name: str, number: int) -> str:
    """The id of a line; `number` is how many of the same fact stand before it."""
    suffix = f"-{number + 1}" if number else ""
    return _ID.sub("-", name.lower()).strip("-")[: _NAME - len(suffix)].rstrip("-") + suffix


def _line(host: Host, wanted: Mapping[str, Any], fact: Fact, today: date) -> dict[str, Any]:
    tolerance = next((text for pattern, text in _TOLERANCE.items() if fnmatchcase(fact.name, pattern)), None)
    place = f"{host.name}, {today}: {_from(fact)}"
    return {
        **wanted,
        **({"tolerance": tolerance} if tolerance else {}),
        **({"note": f"On {host.name} {fact.note}."} if fact.note else {}),
        "place": place if len(place) <= _LINE else place[: _LINE - 1] + "\u2026",
    }


def _yaml(host: Host, lines: list[dict[str, Any]], unread: list[str], digest: str | None, today: date) -> str:
    product = f"as-{host.name}"[:_NAME].rstrip("-")
    head = {
        "product": {"id": product, "name": f"Like {host.name}", "versions": ">=0"},
        "machine": host.host_class,
        "source": {
            "title": f"{host.name} as surveyed", "address": f"pacsmith survey --host {host.name} --as-sheet",
            **({"revision": digest[:12]} if digest else {}), "read": today.isoformat(), "trust": "A",
        },
        "requirements": lines,
    }  # fmt: skip
    comment = [
        "# yaml-language-server: $schema=../schema/sheet.json",
        "#",
        f"# What {host.name} is. Keep it as specs/{product}.yml, and hold others against it:",
        f"# pacsmith assess --plan-for {product}",
        *(f"# Not read there, so not asked of others: {' '.join(one.split())}" for one in unread),
    ]
    return "\n".join(comment) + "\n" + yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=110)
