"""What the YAML parser complains of, said for a person who does not know YAML's grammar. Nothing is quoted from the
file: the place says where, and what stands there may be a secret."""

from typing import Any

import yaml

Place = tuple[int, int]

_TAB = "a tab stands in the indentation", "indent with spaces"
_UNCLOSED_LIST = "this list is not closed", "separate its entries by commas and end it with ]"
_UNCLOSED_MAPPING = "this mapping is not closed", "separate its fields by commas and end it with }"
_INDENTATION = (
    "the indentation does not fit the lines above",
    "begin fields of one level in one column, and list entries with '- '",
)
_COLON = (
    "a colon is not expected here",
    "put text that contains ': ' into quotes, and check the indentation of this line and the one above",
)
_COLON_END = "a colon is not expected here", "write a space after the colon, or put the text into quotes"

# (words of the parser, sentence, whether the place is where the thing began instead of where the parser gave up)
_KNOWN: tuple[tuple[str, tuple[str, str], bool], ...] = (
    ("tab character", _TAB, False),
    ("character '\\t'", _TAB, False),
    ("cannot start any token", ("a value cannot begin with this character", "put the value into quotes"), False),
    ("mapping values are not allowed", _COLON, False),
    ("unexpected ':'", _COLON_END, False),
    ("',' or ']'", _UNCLOSED_LIST, True),
    ("',' or '}'", _UNCLOSED_MAPPING, True),
    ("unexpected end of stream", ("this quoted text is not closed", "end it with the same quote"), True),
    ("did not find expected '-' indicator", _INDENTATION, False),
    ("expected <block end>", _INDENTATION, False),
    ("did not find expected key", _INDENTATION, False),
    ("could not find expected ':'", ("a field has no colon", "write 'name: value'"), True),
    (
        "block sequence entries are not allowed",
        ("a list cannot begin here", "begin it on a line of its own, or write [a, b]"),
        False,
    ),
    ("escape character", ("an unknown escape stands here", "write \\\\ for a backslash, or use single quotes"), False),
    (
        "hexdecimal numbers",
        ("an unknown escape stands here", "write \\\\ for a backslash, or use single quotes"),
        False,
    ),
    ("tag", ("a YAML tag cannot be read here", "leave out words that begin with '!', or put them into quotes"), False),
    ("directive", ("a line that begins with '%' is not used here", "remove it"), False),
    ("incompatible YAML document", ("this YAML version is not known", "remove the line that begins with %YAML"), False),
    (
        "anchor or alias",
        ("a name must follow '&' or '*' here", "put text that begins with '&' or '*' into quotes"),
        False,
    ),
    (
        "node content",
        ("a value is expected here", "put text that begins with a bracket, comma or the like into quotes"),
        False,
    ),
    ("<document start>", ("the document has ended before this", "check brackets, quotes and '...' lines above"), False),
    (
        "block scalar",
        ("the header of a text block is wrong", "write | or > and begin the text on the next line"),
        False,
    ),
)
_OTHER = "this is not correct YAML", "compare the line with its neighbours"


def _of_mark(mark: yaml.Mark | None) -> Place | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)


def _character(text: str, place: Place) -> str:
    lines = text.split("\n", place[0])
    return lines[place[0] - 1][place[1] - 1 : place[1]] if len(lines) >= place[0] else ""


def _of_quotes(quoted: Any, end: Place, words: str) -> tuple[Place, str, str] | None:
    """A complaint in the line in which a quoted text ended mostly means the quotes."""
    if quoted is None or quoted.end_mark.line + 1 != end[0]:
        return None
    if quoted.start_mark.line != quoted.end_mark.line:
        start = quoted.start_mark.line + 1, quoted.start_mark.column + 1
        return start, f"this quoted text runs on to line {end[0]}", "end it with the same quote where it ends"
    if "expected key" in words or "<block end>" in words:
        return end, "text follows a quoted value", "quote all of it; a quote inside is written twice in single quotes"
    return None


def explain(fault: yaml.YAMLError, text: str, quoted: Any = None) -> tuple[Place, str, str]:
    """(line and column, what is wrong, what would be right) of a parser's complaint about `text`. `quoted` is the
    parser's last quoted scalar."""
    if not isinstance(fault, yaml.MarkedYAMLError):
        return (1, 1), *_OTHER
    words = " ".join((fault.context or "", fault.problem or ""))
    end = _of_mark(fault.problem_mark) or _of_mark(fault.context_mark) or (1, 1)
    start = _of_mark(fault.context_mark) or end
    if _character(text, end) == "\t":
        return end, *_TAB
    if _character(text, end) == ":" and "',' or" in words and end[0] == start[0]:
        return end, *_COLON
    of_quotes = _of_quotes(quoted, end, words)
    if of_quotes is not None:
        return of_quotes
    for sign, (what, remedy), at_start in _KNOWN:
        if sign in words:
            return start if at_start else end, what, remedy
    return end, *_OTHER
