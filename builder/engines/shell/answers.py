"""What a host has answered, for how long that holds, and what will be asked next (pure; the clock is given)."""

import posixpath
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

KEPT_SECONDS = 30.0  # others work on a host, too: an answer that is older is asked for again
# These change rights or make empty things; what a file says stays, so answers that rest on other files stay true.
_GIVING = frozenset({"chmod", "chown", "chgrp"})  # their first word is a mode or an owner
_TOUCHING = _GIVING | {"mkdir", "touch"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_ '")

T = TypeVar("T")


class Question(NamedTuple):
    """A read as the host gets it. Two that are equal have one answer."""

    text: str
    environment: tuple[tuple[str, str], ...] = ()
    hidden: bool = False


class _Kept(NamedTuple, Generic[T]):
    answer: T
    at: float
    files: tuple[str, ...] | None


class Answers(Generic[T]):
    """Answers by question."""

    def __init__(self, clock: Callable[[], float], seconds: float = KEPT_SECONDS) -> None:
        self._clock, self._seconds = clock, seconds
        self._kept: dict[Question, _Kept[T]] = {}

    def get(self, question: Question) -> T | None:
        """The answer, unless there is none that still holds."""
        kept = self._kept.get(question)
        if kept is None or self._clock() - kept.at > self._seconds:
            return None
        return kept.answer

    def keep(self, question: Question, answer: T, files: tuple[str, ...] | None = None) -> None:
        """Keep an answer; `files` are the paths that it rests on, None when it could rest on anything."""
        self._kept[question] = _Kept(answer, self._clock(), files)

    def depends(self, question: Question, files: tuple[str, ...] | None) -> None:
        """Say what an answer that was fetched ahead rests on."""
        if question in self._kept:
            self._kept[question] = self._kept[question]._replace(files=files)

    def drop(self, touched: Iterable[str] | None = None) -> None:
        """Something has changed: these paths alone, or (None) nobody knows what."""
        if touched is None:
            self._kept.clear()
            return
        paths = list(touched)
        self._kept = {
            question: kept
            for question, kept in self._kept.items()
            if kept.files is not None and not any(_related(path, file) for path in paths for file in kept.files)
        }


def _related(path: str, other: str) -> bool:
    one, two = (posixpath.normpath(name).rstrip("/") + "/" for name in (path, other))
    return one.startswith(two) or two.startswith(one)


def touched_by(text: str) -> tuple[str, ...] | None:
    """The paths whose rights or existence a plain command changes; None when it could change anything else, too."""
    if not text or not set(text) <= _PLAIN:
        return None
    try:
        program, *words = shlex.split(text)
    except ValueError:
        return None
    named = [word for word in words if not word.startswith("-")]
    paths = tuple(named[1:] if program in _GIVING else named)
    if program not in _TOUCHING or not paths or any("=/" in word for word in words):
        return None
    return paths if all(path.startswith("/") for path in paths) else None


class Order:
    """In which order a host was asked before, so that the next questions can be asked ahead."""

    def __init__(self, before: Iterable[Question] = ()) -> None:
        self._before = list(dict.fromkeys(before))
        self._place = {question: place for place, question in enumerate(self._before)}
        self.asked: dict[Question, None] = {}

    def note(self, question: Question) -> None:
        """Somebody asks this."""
        self.asked[question] = None
        if question not in self._place:
            self._place[question] = len(self._before)
            self._before.append(question)

    def first(self, limit: int) -> list[Question]:
        """What was asked at the beginning."""
        return self._before[:limit]

    def after(self, question: Question, limit: int) -> Iterator[Question]:
        """What was asked after this one."""
        begin = self._place.get(question, len(self._before)) + 1
        yield from self._before[begin : begin + limit]
