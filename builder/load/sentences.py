"""Pydantic's errors, said for a person who knows the hospital but not Python."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

_LONGEST = 60
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One fault of a value. `shown` is the value as it may be shown: empty when it may be a secret."""

    kind: str
    value: Any
    context: Mapping[str, Any]
    description: str
    secret: bool
    fields: Sequence[str]

    @property
    def shown(self) -> str:
        """The value in quotes, shortened; "this" for one that must not be shown."""
        if self.secret or not isinstance(self.value, str | int | float):
            return "this"
        text = str(self.value)
        return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")

    def wanted(self, otherwise: str) -> str:
        """The remedy from the model's own description."""
        return f"right would be: {self.description}" if self.description else otherwise


Sentence = tuple[str, str]
_REFERENCE = "give it by reference: {vault: NAME}, {env: NAME} or {command: [PROGRAM, ...]}"
_PASSWORD_SOURCE = "say where it comes from: {file: PATH}, {env: NAME} or {prompt: true}"


def reference(fields: Sequence[str]) -> str:
    """How a secret is given at a place that has these fields."""
    return _PASSWORD_SOURCE if "prompt" in fields else _REFERENCE


def near(word: str, known: Sequence[str]) -> str | None:
    """The known word that was probably meant."""
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def _only_another_number(word: str, known: str) -> bool:
    """Whether two words differ in nothing but their digits."""
    return word != known and re.sub("[0-9]+", "0", word) == re.sub("[0-9]+", "0", known)


def _choice(one: Complaint) -> Sentence:
    expected = str(one.context.get("expected", ""))
    allowed = _LITERAL.findall(expected) or re.findall(r"[0-9]+", expected)
    listed = ", ".join(allowed)
    if one.secret or not isinstance(one.value, str):
        return f"{one.shown} is not possible here", f"possible: {listed}"
    meant = near(one.value, allowed)
    if meant is not None and _only_another_number(one.value, meant):
        meant = None  # debian-11 is no slip of debian-12's
    about = f" ({one.description})" if one.description else ""
    return f"{one.shown} is not possible here", (
        f"did you mean {meant}? " if meant else ""
    ) + f"possible: {listed}{about}"


def _fields(one: Complaint) -> Sentence:
    is_list = isinstance(one.value, list)
    if one.secret:
        return "a secret is not written into the file", reference(one.fields)
    listed = f" ({', '.join(one.fields)})" if one.fields else ""
    return f"is {'a list' if is_list else 'plain text'} where fields are expected", f"write its fields below it{listed}"


def _list(one: Complaint) -> Sentence:
    kind = "a mapping" if isinstance(one.value, dict) else "a single value"
    return f"is {kind} where a list is expected", "write [a, b] or one '- ' line for each entry"


def _text(one: Complaint) -> Sentence:
    kind = "a mapping" if isinstance(one.value, dict) else "a list"
    return f"is {kind} where one text is expected", one.wanted(
        "write one text, in quotes if it holds a colon or a bracket"
    )


def _whole(one: Complaint) -> Sentence:
    return f"{one.shown} is not a whole number", one.wanted("write a whole number, as 4")


def _number(one: Complaint) -> Sentence:
    return f"{one.shown} is not a number", one.wanted("write a number, as 2.5")


def _truth(one: Complaint) -> Sentence:
    return f"{one.shown} is neither true nor false", "write true or false"


def _address(one: Complaint) -> Sentence:
    return f"{one.shown} is not an IPv4 address", "write four numbers from 0 to 255, as 10.20.0.7"


def _network(one: Complaint) -> Sentence:
    try:
        right = ipaddress.IPv4Network(str(one.value), strict=False)
    except ValueError:
        return f"{one.shown} is not an IPv4 network", "write address and prefix length, as 10.20.0.0/24"
    return f"{one.shown} is an address inside a network, not a network", f"write {right}"


def _own(one: Complaint) -> Sentence:
    """A model's own sentence, taken apart into what is wrong and what would be right."""
    sentence = str(one.context.get("error", "is not right"))
    what, _, remedy = sentence.partition("; ")
    if sentence.startswith("write "):
        return "is not right", sentence
    if not remedy:
        what, found, rest = sentence.partition(": write ")
        remedy = f"write {rest}" if found else ""
    return what, remedy or (reference(one.fields) if one.secret else one.wanted("correct it"))


def _pattern(one: Complaint) -> Sentence:
    if isinstance(one.value, str) and not one.value:
        return "is empty", one.wanted("write a value")
    return f"{one.shown} does not fit here", one.wanted("write it without line breaks, tabs and special characters")


def _long(one: Complaint) -> Sentence:
    return f"is {len(str(one.value))} characters long", f"write at most {one.context.get('max_length')}"


def _short(one: Complaint) -> Sentence:
    return "is empty" if one.value == "" else "is too short", one.wanted("write a value")


def _few(one: Complaint) -> Sentence:
    least, there = one.context.get("min_length"), one.context.get("actual_length")
    return "is an empty list" if there == 0 else f"has {there} entries", f"give at least {least}"


def _many(one: Complaint) -> Sentence:
    return "has too many entries", f"give at most {one.context.get('max_length')}"


def _bound(key: str, words: str) -> Callable[[Complaint], Sentence]:
    def sentence(one: Complaint) -> Sentence:
        return f"{one.shown} is out of range", f"write {words} {one.context.get(key)}" + (
            f" ({one.description})" if one.description else ""
        )

    return sentence


def _date(one: Complaint) -> Sentence:
    return f"{one.shown} is not a day of the calendar", "write YYYY-MM-DD"


def _tag(one: Complaint) -> Sentence:
    kinds = _LITERAL.findall(str(one.context.get("expected_tags", "")))
    return "does not say which kind it is", f"use one of: {', '.join(kinds)}"


def _unforeseen(one: Complaint) -> Sentence:
    return f"{one.shown} is not right here", one.wanted("correct it")


_SENTENCES: Mapping[str, Callable[[Complaint], Sentence]] = {
    "literal_error": _choice,
    "enum": _choice,
    "model_type": _fields,
    "model_attributes_type": _fields,
    "dict_type": _fields,
    "mapping_type": _fields,
    "tuple_type": _list,
    "list_type": _list,
    "set_type": _list,
    "frozen_set_type": _list,
    "string_type": _text,
    "int_parsing": _whole,
    "int_type": _whole,
    "int_from_float": _whole,
    "int_parsing_size": _whole,
    "float_parsing": _number,
    "float_type": _number,
    "finite_number": _number,
    "bool_parsing": _truth,
    "bool_type": _truth,
    "ip_v4_address": _address,
    "ip_v4_network": _network,
    "value_error": _own,
    "assertion_error": _own,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _long,
    "string_too_short": _short,
    "too_short": _few,
    "too_long": _many,
    "greater_than": _bound("gt", "more than"),
    "greater_than_equal": _bound("ge", "at least"),
    "less_than": _bound("lt", "less than"),
    "less_than_equal": _bound("le", "at most"),
    "date_parsing": _date,
    "date_from_datetime_parsing": _date,
    "date_from_datetime_inexact": _date,
    "date_type": _date,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _tag,
}


def sentence_of(one: Complaint) -> Sentence:
    """(what is wrong, what would be right)."""
    if one.value is None:
        return "is empty", reference(one.fields) if one.secret else one.wanted("write a value, or leave the field out")
    if one.secret and one.kind not in ("value_error", "too_short", "literal_error") and not isinstance(one.value, dict):
        return "a secret is not written into the file", reference(one.fields)
    return _SENTENCES.get(one.kind, _unforeseen)(one)


def unknown_field(name: str, value: Any, known: Sequence[str], *, secret: bool) -> Sentence:
    """The sentence about a field that the model does not have; what may be a secret is not repeated."""
    meant = near(name, known)
    if secret and meant is None:
        return "has a field that is not known (it is not shown: this is the place of a secret)", reference(known)
    if meant is None and value is None and " " in name:
        return "is not a known field", "put the text before it into quotes if the comma belongs to that text"
    remedy = f"did you mean {meant}?" if meant else (f"known here: {', '.join(known)}" if known else "remove it")
    return "is not a known field", remedy
