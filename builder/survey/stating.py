"""From what a parser said to facts of the catalogue: each promised one is stated, with its command (pure)."""

from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS
from builder.survey.question import (
    NOT_RECORDED,
    Absent,
    BeneathError,
    NotAskedError,
    Noted,
    Question,
    Reply,
    Said,
    UnreadableError,
)

_CUT_OFF = UnreadableError("the answer of the host was cut off")


def parsed(question: Question, reply: Reply | None) -> dict[str, Said]:
    """What a reply says of all that its question promises, and of more where it says more. Never raises."""
    if reply is None:
        return dict.fromkeys(question.promises, _CUT_OFF)
    if (reply.code, reply.errors) == (NOT_RECORDED.code, NOT_RECORDED.errors):
        return dict.fromkeys(question.promises, NotAskedError(NOT_RECORDED.errors))
    try:
        said = question.parse(reply)
    except UnreadableError as why:
        return dict.fromkeys(question.promises, why)
    except (ValueError, LookupError, RecursionError):
        return dict.fromkeys(question.promises, UnreadableError("what the command printed is not understood"))
    return {**dict.fromkeys(question.promises, UnreadableError("the command does not say")), **said}


def fact_of(name: str, said: Said, command: str, note: str | None, digest: str) -> Fact:
    """What was said of a fact of the catalogue, with the command that said it and its output's SHA-256."""
    if isinstance(said, Absent):
        return Fact(name=name, command=command, absent=True, raw_sha256=digest)
    if isinstance(said, UnreadableError):
        beneath = True if isinstance(said, BeneathError) else None
        return Fact(name=name, command=command, error=str(said), raw_sha256=digest, beneath=beneath)
    value, own = (said.value, said.note) if isinstance(said, Noted) else (said, None)
    at_least = True if isinstance(said, Noted) and said.at_least else None
    note = "; ".join(dict.fromkeys(text for text in (own, note) if text)) or None
    unit = BASE_UNITS.get(fact_kind(name).kind)
    return Fact(name=name, value=value, unit=unit, command=command, note=note, at_least=at_least, raw_sha256=digest)
