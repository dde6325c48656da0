"""Every text on its way into the ledger: without secrets, and without what a database cannot keep."""

from collections.abc import Callable, Mapping
from typing import Any

Clean = Callable[[str], str]

# Names and words of a fixed choice: they join the tables, and a password that happens to read "short" or "archive01"
# must not tear them apart.
_NAMES = frozenset(
    {"id", "run", "verb", "site", "host", "hosts", "role", "status", "outcome", "kind", "verdict", "tool_version",
     "inputs", "raw_sha256", "name", "unit"}
)  # fmt: skip


def storable(value: Any, clean: Clean, field: str = "") -> Any:
    """`value` of the column or JSON key `field`, with `clean` passed over every free text in it."""
    if isinstance(value, str):
        # PostgreSQL keeps no NUL, and neither database keeps half a surrogate pair; raw output may hold both.
        kept = value.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")
        return kept if field in _NAMES else clean(kept)
    if isinstance(value, Mapping):
        return {key: storable(item, clean, field if field in _NAMES else key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item, clean, field) for item in value]
    return value
