"""One fact that several tools state: whose word counts, and a contradiction is told (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from builder.models.catalogue import fact_kind
from builder.models.quantity import BASE_UNITS
from builder.survey.answers import bare
from builder.survey.question import Absent, NotAskedError, Noted, Said, UnreadableError

BELIEVED = ("systemd-detect-virt", "lscpu", "nvidia-smi", "smartctl")
"""Tools whose word counts against that of any other, the first of them before the next: they ask the kernel, the driver
or the drive itself, while firmware and Windows repeat what somebody wrote down once."""


class Told(NamedTuple):
    """What one tool said, and the command that made it say so."""

    tool: str
    command: str
    said: Mapping[str, Said]


class Merged(NamedTuple):
    """What is to be stated of a fact, and the command or commands that it comes from."""

    said: Said
    command: str


def merged(sources: Sequence[Told]) -> dict[str, Merged]:
    """Every fact that a source states. A value stands before a gap, and before another value where its tool is
    BELIEVED; then the other is told as a note. Values that differ are unread where nobody says which is right."""
    names = dict.fromkeys(name for source in sources for name in source.said)
    return {name: _one(name, [source for source in sources if name in source.said]) for name in names}


def _one(name: str, sources: list[Told]) -> Merged:
    answers = [one for one in sources if not isinstance(one.said[name], UnreadableError)]
    if not answers:
        return _taken(name, min(sources, key=lambda one: isinstance(one.said[name], NotAskedError)))
    best = min(answers, key=lambda one: _rank(one.tool))
    others = [one for one in answers if not _same(one.said[name], best.said[name])]
    if not others:
        return _taken(name, best)
    told = {one.tool: f"{one.tool} says {_words(name, one.said[name])}" for one in (best, *others)}
    if best.tool in BELIEVED:
        return Merged(_noted(best.said[name], [told[one.tool] for one in others]), best.command)
    why = f"{' and '.join(told.values())}, and nobody says which is right"
    return Merged(UnreadableError(why), "; ".join(dict.fromkeys(one.command for one in (best, *others))))


def _taken(name: str, source: Told) -> Merged:
    return Merged(source.said[name], source.command)


def _rank(tool: str) -> int:
    return BELIEVED.index(tool) if tool in BELIEVED else len(BELIEVED)


def _same(one: Said, other: Said) -> bool:
    """Texts are alike whatever their capitals and spaces; nvidia-smi leaves its maker's name out."""
    first, second = bare(one), bare(other)
    if isinstance(first, str) and isinstance(second, str):
        return _plain(first) == _plain(second)
    return isinstance(first, bool) == isinstance(second, bool) and first == second


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold().removeprefix("nvidia ")


def _words(name: str, said: Said) -> str:
    value = bare(said)
    if isinstance(value, Absent):
        return "that there is none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = BASE_UNITS.get(fact_kind(name).kind)
    return f"{value} {unit}" if unit and not isinstance(value, str) else f"{value}"


def _noted(said: Said, notes: Iterable[str]) -> Said:
    value, own = (said.value, said.note) if isinstance(said, Noted) else (said, None)
    if isinstance(value, Absent | UnreadableError):
        return value
    at_least = isinstance(said, Noted) and said.at_least
    return Noted(value, "; ".join(text for text in (own, *notes) if text), at_least)
