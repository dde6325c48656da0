"""JSON that tools print, read strictly: a missing line between two objects makes one wrong object of them (pure)."""

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

from builder.survey.question import Reply, Said, UnreadableError

Read = Callable[[Reply], dict[str, Said]]


def documents(tool: str, text: str) -> Iterator[Any]:
    """The documents in a text, one after the other. Raises UnreadableError with what the tool says instead, when one is
    cut off, or states a name twice."""
    decoder, rest = json.JSONDecoder(object_pairs_hook=_once), text.strip()
    if not rest:
        raise UnreadableError(f"{tool} printed nothing")
    while rest:
        try:
            one, end = decoder.raw_decode(rest)
        except ValueError as fault:
            raise UnreadableError(_instead(tool, rest)) from fault
        yield one
        rest = rest[end:].lstrip()


def document(tool: str, text: str) -> Any:
    """The only document in a text. Raises UnreadableError as `documents` does."""
    found = list(documents(tool, text))
    if len(found) != 1:
        raise UnreadableError(f"{tool} did not print one document")
    return found[0]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _instead(tool: str, text: str) -> str:
    first = text.splitlines()[0].strip()
    return f"{tool} did not print a whole document" if first[:1] in "{[" else f'{tool} says "{first[:120]}"'


def shaped(tool: str) -> Callable[[Read], Read]:
    """A parser that takes the document to be in the tool's own shape: one in another shape is unread, and no fault."""

    def around(read: Read) -> Read:
        @functools.wraps(read)
        def parse(reply: Reply) -> dict[str, Said]:
            try:
                return read(reply)
            except (AttributeError, LookupError, TypeError) as fault:
                raise UnreadableError(f"{tool} did not print its own document") from fault

        return parse

    return around
