"""A bound against a fact's value, written out or computed, and how people are told of it."""

from decimal import Decimal

from packaging.version import Version

from builder.assess.inputs import World, amounts
from builder.assess.reading import UnclearError, yes_no
from builder.models.catalogue import fact_kind
from builder.models.comparison import Comparison, comparison, share, split
from builder.models.criterion import Value, computed
from builder.models.formula import ComputingError, Formula
from builder.models.part import Part
from builder.models.quantity import shown
from builder.models.resolution import Resolution


def holds(part: Part, text: str, world: World) -> bool:
    """Whether the part's own fact satisfies the comparison. Raises UnclearError when it cannot be told."""
    value = world[part.fact or ""]
    if not isinstance(value, Decimal | Version | Resolution):
        raise UnclearError(f'"{value}" is no number')
    wanted = _resolved(part, text, world)
    return (comparison(text, part.kind) if wanted is None else wanted).holds(value, tolerance(part))


def tolerance(part: Part) -> Decimal:
    """The share in the machine's favour."""
    return share(part.tolerance) if part.tolerance else Decimal(0)


def _resolved(part: Part, text: str, world: World) -> Comparison | None:
    """The comparison with its bound computed; None for a bound that is written out."""
    source = computed(text, part.kind, part.fact or "")
    if source is None:
        return None
    sign = split(text)[0]
    if isinstance(source, Formula):
        try:
            return Comparison(sign, source.in_kind(amounts({name: world[name] for name in source.facts}), part.kind))
        except ComputingError as why:
            raise UnclearError(str(why)) from why
    other = world[source]
    if not isinstance(other, Version):
        raise UnclearError(f"{fact_kind(source).meaning} is no version that can be compared")
    return Comparison(sign, other)


def bound_of(part: Part, text: str, world: World | None) -> Comparison | None:
    """The comparison with its bound as a number or version; None where it is computed and there is no `world`."""
    if computed(text, part.kind, part.fact or "") is None:
        return comparison(text, part.kind)
    return None if world is None else _resolved(part, text, world)


def bound_text(part: Part, text: str, world: World | None = None) -> str:
    """The comparison as people read it: ">= 10 x largest data set"; in a `world`, with what that comes to there."""
    source = computed(text, part.kind, part.fact or "")
    if source is None:
        return text
    told = source.told if isinstance(source, Formula) else fact_kind(source).meaning
    if world is None:
        return f"{split(text)[0]} {told}"
    wanted = _resolved(part, text, world)
    if wanted is None or not isinstance(wanted.bound, Decimal):
        return f"{split(text)[0]} {wanted.bound if wanted else ''} ({told})"
    facts = source.facts if isinstance(source, Formula) else ()
    inputs = ", ".join(f"{fact_kind(name).meaning}: {_input(name, world)}" for name in facts if name != part.fact)
    return f"{wanted.operator} {shown(wanted.bound, part.kind)} ({told}{'; ' + inputs if inputs else ''})"


def _input(name: str, world: World) -> str:
    value = world[name]
    return shown(value, fact_kind(name).kind) if isinstance(value, Decimal) else str(value)


def base_text(part: Part, world: World | None = None) -> str:
    """Minimum, maximum and allowed or excluded values of a part, as a reader is told; empty for one without a fact."""
    texts = [bound_text(part, text, world) for text in (part.minimum, part.maximum) if text is not None]
    if part.right:
        texts.append(" or ".join(_told(one, part) for one in part.right))
    texts += [f"not {_told(one, part)}" for one in part.not_one_of]
    if part.versions:
        texts += map(_range, part.versions.split(","))
    if part.within:
        texts.append(f"within {part.within}")
    return " and ".join(texts)


def _told(value: Value, part: Part) -> str:
    return yes_no(value, part.kind) if isinstance(value, bool) else str(value)


def _range(clause: str) -> str:
    """One clause of a version range for people: "==535.*" is 535.*, "!=7.3" is not 7.3."""
    release = clause.strip().lstrip("<>=!~")
    sign = clause.strip().removesuffix(release)
    release = release.strip()
    return {"==": release, "===": release, "!=": f"not {release}"}.get(sign, f"{sign} {release}")


def wanted_text(part: Part, asked: str) -> str:
    """Everything that a part asks of its fact, in words."""
    base = base_text(part)
    texts = [base if asked == "asked" else f"{asked} {base}"] if base else []
    if part.recommended is not None:
        texts.append(f"recommended {bound_text(part, part.recommended)}")
    if part.or_equivalent:
        texts.append("or an equivalent")
    if part.since:
        texts.append(f"supported from {part.since}")
    if part.until:
        texts.append(f"supported until {part.until}")
    return ", ".join(texts) + (f" (tolerance {part.tolerance})" if part.tolerance else "")
