"""Whether what is being asked of a host changes nothing there, told by who asks to the connector that carries it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A command that changes nothing. Its answer is `kept` for whoever asks the same again, until something changes
    that it could depend on: anything at all, or, where `files` says so, only files at or below these paths."""

    kept: bool = True
    files: tuple[str, ...] | None = None


_now: ContextVar[Reading | None] = ContextVar("pacsmith_reading", default=None)


@contextmanager
def reading(how: Reading | None) -> Iterator[None]:
    """What is asked inside only reads (None: it may change anything)."""
    before = _now.set(how)
    try:
        yield
    finally:
        _now.reset(before)


def current() -> Reading | None:
    """How the command that comes now reads; None when it may change something."""
    return _now.get()
