"""Take secret values out of any text that leaves the process, in every form in which they travel."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MARK = "[secret]"
MINIMUM_LENGTH = 4  # shorter values would blank out ordinary text; the store refuses to hand them out
_LINE_MINIMUM = 16  # a line of a key file; shorter lines of a longer value are words like "yes"
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


class Redactor:
    """Replaces values by `[secret]`. Values under four characters are left alone: see `MINIMUM_LENGTH`."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {
            form for value in values for part in _parts(value) if len(part) >= MINIMUM_LENGTH for form in _forms(part)
        }
        # Longest first, so that a whole form goes before a part of it.
        ordered = sorted((form for form in forms if len(form) >= MINIMUM_LENGTH), key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def clean(self, text: str) -> str:
        """The text without any of the values."""
        return text if self._pattern is None else self._pattern.sub(MARK, text)

    def hides(self, text: str) -> bool:
        """Whether one of the values stands in the text."""
        return self._pattern is not None and self._pattern.search(text) is not None
