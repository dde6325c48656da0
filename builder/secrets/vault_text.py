"""The vault's plain text: a YAML mapping of names to texts (pure; the text never touches a disk)."""

import json
import re
from collections.abc import Mapping

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

HEAD = "# Secrets of the site by name. Edit with `ansible-vault edit`, or add one with `pacsmith secrets set NAME`.\n"


class NotAMappingError(Exception):
    """The vault's text is not `name: value` lines. The text says where, never what."""


def _root(text: str) -> MappingNode | None:
    try:
        root: Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise NotAMappingError(f"line {line} of the decrypted text is not YAML") from None
    except yaml.YAMLError:
        raise NotAMappingError("the decrypted text is not YAML") from None
    if root is None:
        return None
    if not isinstance(root, MappingNode):
        raise NotAMappingError("the decrypted text is not a mapping of names to values")
    for key, value in root.value:
        if not (isinstance(key, ScalarNode) and isinstance(value, ScalarNode)):
            raise NotAMappingError(f"line {key.start_mark.line + 1} of the decrypted text is not `name: value`")
    return root


def parse(text: str) -> dict[str, str]:
    """Names and values, every value exactly as written (`0123` and `yes` stay text). Raises NotAMappingError."""
    root = _root(text)
    return {} if root is None else {key.value: value.value for key, value in root.value}


_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def _entry(name: str, value: str) -> str:
    style = "|" if "\n" in value and not value.endswith("\n\n") else '"'  # `|+` would end the document
    dumped: str = yaml.safe_dump({"name": value}, allow_unicode=True, width=10**6, default_style=style)
    key = name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    return key + dumped.removeprefix('"name"')


def with_values(text: str, changes: Mapping[str, str]) -> str:
    """The text with `changes` put in; every other line, comments too, stays as it was where YAML allows."""
    root = _root(text)
    wanted = (parse(text) if root else {}) | dict(changes)
    edited = text if root else HEAD + text
    if root is not None:
        for key, value in reversed(root.value):
            if key.value in changes:
                edited = edited[: key.start_mark.index] + _entry(key.value, changes[key.value]) + edited[
                    value.end_mark.index :
                ].lstrip(" \n")  # fmt: skip
    present = {key.value for key, _ in root.value} if root else set()
    if not edited.endswith("\n"):
        edited += "\n"
    edited += "".join(_entry(name, value) for name, value in changes.items() if name not in present)
    try:
        if parse(edited) == wanted:
            return edited
    except NotAMappingError:
        pass
    # A text in flow style ({a: b}) or with anchors cannot be edited by lines: write it anew, without its comments.
    return HEAD + "".join(_entry(name, value) for name, value in wanted.items())
