"""What parsers do with their answers: try for one, make one of several, make a word of a name (pure)."""

import re
from collections.abc import Callable, Sequence

from builder.survey.question import Noted, Said, UnreadableError


def tried(read: Callable[[], Said]) -> Said:
    """What `read` returns, or the UnreadableError that it raises."""
    try:
        return read()
    except UnreadableError as why:
        return why


def alike(values: Sequence[Said], what: str) -> Said:
    """The one value of all; several things that differ are unread, since nobody knows which one a sheet means."""
    first = values[0]
    if isinstance(first, UnreadableError) or all(type(one) is type(first) and one == first for one in values):
        return first
    return UnreadableError(f"the {len(values)} {what} differ in it, and nobody says which one counts")


def bare(said: Said) -> Said:
    """What was said, without a note beside it."""
    return said.value if isinstance(said, Noted) else said


def word(name: str) -> str:
    """A name as one part of a fact's name: no dots and spaces."""
    return re.sub(r"[.\s]+", "-", name.strip())
