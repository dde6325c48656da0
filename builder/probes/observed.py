"""What a role check observed, in words: its assertions carry these as their messages (pure)."""

import re
from collections.abc import Collection, Mapping
from typing import Any

_RESULT = re.compile(r"CommandResult\(.*?exit_status=(\d+),.*?_stdout=(b?)(.*?), _stderr=b?(.*)\)", re.DOTALL)


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """`jit is on, not off; fsync: nothing is said, not on`; what is found beyond `wanted` is named too."""
    said = [
        f"{name} is {told(found[name])}, not {told(value)}" if name in found else f"{name} is missing"
        for name, value in wanted.items()
        if name not in found or found[name] != value
    ]
    said += [f"{name} should not be there ({told(value)})" for name, value in found.items() if name not in wanted]
    return "; ".join(said) or "everything as it should be"


def more_and_less(found: Collection[object], wanted: Collection[object]) -> str:
    """`missing: a, b; there without need: c`."""
    less, more = (
        ", ".join(sorted(str(item) for item in one if item not in other))
        for one, other in ((wanted, found), (found, wanted))
    )
    said = [f"missing: {less}"] if less else []
    return "; ".join(said + ([f"there without need: {more}"] if more else [])) or "everything as it should be"


def told(value: object) -> str:
    """A value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(told, value)) or "nothing"
    if isinstance(value, (set, frozenset)):
        return ", ".join(sorted(map(told, value))) or "nothing"
    return str(value) or "nothing"


def sentence(fault: BaseException) -> str:
    """What a check raised, as one line for a person: the assertion's own message without the comparison that pytest
    adds, and no Python text of a command's result."""
    said = str(fault)
    if isinstance(fault, AssertionError):
        if said.startswith("assert "):
            return f"not as expected (the check gives no sentence: {_one_line(_plain(said.removeprefix('assert ')))})"
        said = said.partition("\nassert ")[0]
    if isinstance(fault, KeyError):
        said = f"the host does not tell of {said}"
    return _one_line(_plain(said)) or f"not as expected (the check says only {type(fault).__name__})"


def _plain(text: str) -> str:
    def words(result: re.Match[str]) -> str:
        last = re.split(r"\\r\\n|\\n", result[4].strip("'\"").removesuffix("\\n").removesuffix("\\r"))[-1]
        return f"a command on the host, or the SSH connection to it, ended with exit code {result[1]}" + (
            f": {last}" if last else ""
        )

    text = re.sub(r"^Unexpected exit code \d+ for (?=CommandResult\()", "", text)
    return _RESULT.sub(words, text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
