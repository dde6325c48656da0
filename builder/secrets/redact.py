"""Take secret values out of any text that leaves the process, in every form in which they travel."""

import base64
import html
import json
import shlex
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

MARK = "[secret]"
MINIMUM_LENGTH = 4  # shorter values would blank out ordinary text; the store refuses to hand them out
_LINE_MINIMUM = 16  # a line of a key file; shorter lines of a longer value are words like "yes"
_START = 8  # characters by which a form is looked up; shorter forms by `MINIMUM_LENGTH`
_REMEMBERED = 2**16  # values and lines whose forms are kept: 1,000 private keys have 39,000
_BASE64_MINIMUM = 6  # characters that must be left of an inner base64 run to mean anything


def _base64_runs(raw: bytes) -> Iterator[str]:
    """The base64 of `raw`, whole and as it looks inside a longer text (as in `user:password` of HTTP Basic):
    the three alignments, without the characters at the ends that mix with the neighbours' bits."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
        for offset in (0, 1, 2):
            text = encode(b"\0" * offset + raw).decode().rstrip("=")
            start = -(-offset * 8 // 6)
            end = (offset + len(raw)) * 8 // 6
            if end - start >= _BASE64_MINIMUM:
                yield text[start:end]


def _forms(value: str) -> Iterator[str]:
    yield value
    yield value.strip()
    for escaped in (json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value), shlex.quote(value)):
        yield escaped
        yield escaped[1:-1] if escaped[:1] in "\"'" else escaped
    yield json.dumps(value)[1:-1].replace("\\", "\\\\").replace('"', '\\"')  # JSON in JSON: an event that quotes a file
    yield html.escape(value)
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield value.replace("'", "''")  # SQL
    yield from _base64_runs(value.encode())


def _parts(value: str) -> Iterator[str]:
    """The value, and the lines of a value of many lines: a diff or a log shows them one by one."""
    yield value
    if "\n" in value.strip():
        for line in value.splitlines():
            if len(line.strip()) >= _LINE_MINIMUM and not line.startswith("-----"):
                yield line.strip()


@lru_cache(maxsize=_REMEMBERED)
def _forms_of(part: str) -> tuple[str, ...]:
    """Every form of a value, or of a line of it, that is long enough to be taken out. Remembered: the secrets of a
    fleet are asked for by its store and by each engine's order."""
    return tuple({form for form in _forms(part) if len(form) >= MINIMUM_LENGTH})


class Redactor:
    """Replaces values by `[secret]`. Values under four characters are left alone: see `MINIMUM_LENGTH`.

    Forms are found by how they begin, not by one pattern of all: a fleet of 1,000 hosts has 1,000 private keys of 40
    lines. The pattern of 40 such keys took 3.3 s to make, these starts of 1,000 keys take 2.6 s (2026-11-22, 2 cores).
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._starts: dict[str, list[str]] = {}
        parts = {part for value in values for part in _parts(value) if len(part) >= MINIMUM_LENGTH}
        for form in {form for part in parts for form in _forms_of(part)}:
            start = form[: _START if len(form) >= _START else MINIMUM_LENGTH]
            self._starts.setdefault(start, []).append(form)
        for forms in self._starts.values():
            forms.sort(key=len, reverse=True)  # a whole form goes before a part of it
        # Longer starts first, for the same reason.
        self._sizes = sorted({len(start) for start in self._starts}, reverse=True)

    def clean(self, text: str) -> str:
        """The text without any of the values."""
        kept, end = [], 0
        while (found := self._next(text, end)) is not None:
            kept += [text[end : found[0]], MARK]
            end = found[1]
        return "".join([*kept, text[end:]]) if kept else text

    def hides(self, text: str) -> bool:
        """Whether one of the values stands in the text."""
        return self._next(text, 0) is not None

    def _next(self, text: str, begin: int) -> tuple[int, int] | None:
        """Where the first form from `begin` on stands: of those that begin there, the longest."""
        starts, sizes = self._starts, self._sizes
        if not sizes:
            return None
        for place in range(begin, len(text) - MINIMUM_LENGTH + 1):
            for size in sizes:
                for form in starts.get(text[place : place + size], ()):
                    if text.startswith(form, place):
                        return place, place + len(form)
        return None
