"""Values as YAML flow text on one line: JSON and what it lacks to be YAML; far faster than a YAML dumper."""

import json
import re
from collections.abc import Callable

# Characters that JSON leaves raw and YAML 1.1 does not print, or takes for a line break.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_TEMPLATE = re.compile(r"\{[{%#]")


def flow(value: object) -> str:
    """JSON-like values (text, numbers, booleans, None, lists, dicts with text keys) as YAML."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def untemplated(value: object) -> str:
    """As `flow`, with `!unsafe` before every text that Ansible would otherwise take for a Jinja template."""
    text = flow(value)
    return _tagged(value) if _TEMPLATE.search(text) else text


def _tagged(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {_tagged(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_tagged, value)) + "]"
    if isinstance(value, str) and _TEMPLATE.search(value):
        return f"!unsafe {flow(value)}"
    return flow(value)


def block(fields: dict[str, object], indent: str, write: Callable[[object], str] = flow) -> str:
    """One `name: value` line a field."""
    return "".join(f"{indent}{name}: {write(value)}\n" for name, value in fields.items())
