"""A package's names, each imported from its module when it is first asked for.

An engine's process needs a few modules of each room; with every `__init__` importing its whole room it loaded 160 of
ours, half a second of a run that has nothing to do.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def door(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """`__getattr__` for a package: `homes` says in which of its modules each of its names is at home."""

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return find
