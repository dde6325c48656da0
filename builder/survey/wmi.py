"""Objects of Windows Management Instrumentation as text: `Name=value` lines, as `wmic ... get /value` and WMI dumps
write them (pure)."""

import html
import re
from collections.abc import Mapping

from builder.survey.question import Reply, UnreadableError

_COMPLAINT = re.compile(r"error|denied|no instance|not found|invalid|refus|failed", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class WmiObject:
    """One object: its properties by name."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._properties = properties

    def text(self, name: str) -> str:
        """A property in one line. Raises UnreadableError where it is missing or empty."""
        if name not in self._properties:
            raise UnreadableError(f"Windows was not asked for {name}, or its answer was cut off")
        said = " ".join(self._properties[name].split())
        if not said:
            raise UnreadableError(f"Windows leaves {name} empty")
        return said

    def number(self, name: str) -> int:
        """A whole number. Raises UnreadableError."""
        said = self.text(name)
        if not re.fullmatch(r"[0-9]{1,20}", said):
            raise UnreadableError(f'Windows says of {name} "{said[:80]}"')
        return int(said)

    def truth(self, name: str) -> bool:
        """TRUE or FALSE. Raises UnreadableError."""
        said = self.text(name).upper()
        if said not in ("TRUE", "FALSE"):
            raise UnreadableError(f'Windows says of {name} "{said[:80]}"')
        return said == "TRUE"

    def has(self, name: str) -> bool:
        """Whether Windows speaks of the property at all; older versions have fewer."""
        return name in self._properties


def objects(reply: Reply) -> tuple[WmiObject, ...]:
    """The objects of one class, in their order.

    Raises UnreadableError when there is none, or lines are missing between two of them.
    """
    text = reply.checked()
    blocks = [block for block in re.split(r"\n(?:[ \t]*\n)+", text) if block.strip()]
    if not blocks:
        raise UnreadableError("Windows printed nothing")
    found = [_object(block) for block in blocks]
    if not re.search(r"\n[ \t]*\n\s*\Z", text):
        raise UnreadableError("the answer of Windows was cut off: no empty line ends its last object")
    names = [frozenset(one) for one in found]
    if len(set(names)) > 1:
        raise UnreadableError("the answer of Windows was cut off, or lacks lines")
    return tuple(WmiObject(one) for one in found)


def _object(block: str) -> dict[str, str]:
    properties: dict[str, str] = {}
    for line in block.splitlines():
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals or not _WORD.fullmatch(name.strip()) or _COMPLAINT.fullmatch(name.strip()):
            complaint = next((one.strip() for one in block.splitlines() if _COMPLAINT.search(one)), line.strip())
            raise UnreadableError(f'Windows says "{complaint[:160]}"')
        if name.strip() in properties:
            raise UnreadableError("two objects of Windows run into each other, so lines are missing")
        properties[name.strip()] = html.unescape(value)
    return properties
