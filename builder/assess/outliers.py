"""Machines that should be alike: which one differs, in what, and from how many. Pure.

Alike are hosts of one class, product and model. A fact that is each machine's own by nature is left out; one that was
not read on a host is told as unknown there, never as different.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from builder.assess.reading import told
from builder.models.base import Model
from builder.models.catalogue import FactKind, fact_kind
from builder.models.fact import Fact
from builder.models.site import Host

_UNSTATED = "model not stated"


class Outlier(Model):
    """A host that differs: `usual` is what `sharing` of the `known` hosts that could tell have, more than half."""

    host: str
    fact: str
    meaning: str
    value: str
    usual: str
    sharing: int
    known: int


class Split(Model):
    """A fact in which hosts differ, and no value is that of more than half of them: hosts by value."""

    fact: str
    meaning: str
    values: dict[str, tuple[str, ...]]


class Unread(Model):
    """A fact that other hosts of the group state, and this one could not."""

    host: str
    fact: str
    meaning: str
    why: str


class Group(Model):
    """Hosts that should be alike, and what was found. `compared`: facts that at least two of them state. `silent`:
    those of the hosts of which nothing was read."""

    host_class: str
    product: str
    model: str
    hosts: tuple[str, ...]
    silent: tuple[str, ...] = ()
    compared: int
    outliers: tuple[Outlier, ...] = ()
    splits: tuple[Split, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def title(self) -> str:
        """As `workstation aeskulap, Dell OptiPlex 7090`."""
        return f"{self.host_class} {self.product}, {self.model}"

    @property
    def same(self) -> bool:
        """Whether nothing that could be read differs."""
        return not self.outliers and not self.splits


Facts = Mapping[str, Fact]


def compare(hosts: Iterable[tuple[Host, Facts]]) -> tuple[Group, ...]:
    """Hosts with their facts -> groups, by class, product and model; hosts and facts by name. A host without any fact
    belongs to the group that the site puts it in, and is compared in nothing."""
    groups: dict[tuple[str, str, str], dict[str, Facts]] = {}
    for host, facts in hosts:
        key = (host.host_class, host.product.id, model_of(host, facts))
        groups.setdefault(key, {})[host.name] = facts
    return tuple(_group(key, members) for key, members in sorted(groups.items()))


def model_of(host: Host, facts: Facts) -> str:
    """Maker and model as the site's equipment record says; without one as the firmware does."""
    if host.asset is not None:
        return f"{host.asset.maker} {host.asset.model}"
    read = [facts[name].value for name in ("asset.maker", "asset.model") if name in facts]
    words = [str(value) for value in read if value is not None]
    return " ".join(words) if len(words) == 2 else _UNSTATED


def _group(key: tuple[str, str, str], members: Mapping[str, Facts]) -> Group:
    host_class, product, model = key
    hosts = tuple(sorted(members))
    compared = 0
    outliers: list[Outlier] = []
    splits: list[Split] = []
    unread: list[Unread] = []
    for name in sorted({name for facts in members.values() for name in facts}):
        kind = _kind(name)
        asked = {host: members[host][name] for host in hosts if name in members[host]}
        known = {host: _value(fact, kind) for host, fact in asked.items() if fact.error is None}
        if kind.own or not known or len(asked) < 2:
            continue
        unread += [Unread(host=host, fact=name, meaning=kind.meaning, why=fact.error) for host, fact in asked.items()
                   if fact.error is not None]  # fmt: skip
        compared += len(known) > 1
        usual, sharing = _most(list(known.values()))
        if sharing == len(known):
            continue
        if sharing * 2 > len(known):
            outliers += [Outlier(host=host, fact=name, meaning=kind.meaning, value=value, usual=usual, sharing=sharing,
                                 known=len(known)) for host, value in known.items() if value != usual]  # fmt: skip
        else:
            splits.append(Split(fact=name, meaning=kind.meaning, values=_by_value(known)))
    return Group(
        host_class=host_class, product=product, model=model, hosts=hosts, compared=compared,
        silent=tuple(host for host in hosts if not members[host]),
        outliers=tuple(sorted(outliers, key=lambda one: (one.host, one.fact))), splits=tuple(splits),
        unread=tuple(sorted(unread, key=lambda one: (one.host, one.fact))),
    )  # fmt: skip


def _kind(name: str) -> FactKind:
    """A fact that an older pacsmith recorded, and this one knows no more, is compared as text."""
    try:
        return fact_kind(name)
    except ValueError:
        return FactKind(name, "text", name)


def value_of(fact: Fact) -> str:
    """A fact's value as it is compared with another one of the same name."""
    return _value(fact, _kind(fact.name))


def _value(fact: Fact, kind: FactKind) -> str:
    """As people read it, without the note: it says where a value comes from, not what it is. An amount that people
    would read as the same, and is not, is told in full where it is compared."""
    plain = fact.model_copy(update={"note": None, "uncertainty": None})
    text = told(plain, kind.kind)
    exact = fact.value
    return (
        f"{text} ({exact} {fact.unit})" if fact.unit and isinstance(exact, int | float) and text != f"{exact}" else text
    )


def _most(values: Sequence[str]) -> tuple[str, int]:
    return max(sorted(Counter(values).items()), key=lambda pair: pair[1])


def _by_value(known: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {value: tuple(host for host in known if known[host] == value) for value in sorted(set(known.values()))}


def facts_recorded(kept: Mapping[str, JsonValue]) -> dict[str, Fact]:
    """A host's facts as the ledger keeps them. Raises ValueError for one that is none."""
    return {name: Fact.model_validate(data) for name, data in kept.items()}
