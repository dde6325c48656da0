"""YAML text -> plain values and where each of them stands.

Built from the parser's events, not from `yaml.compose`: libyaml's composer recurses in C and dies of a signal on deep
nesting, and the events alone take half the time. A scalar has no type of its own here: it stays the text that was
written (so 22:00, 1.10, no and 2026-11-16 stay what they are), and the model decides what it is. Only a plain empty
value, `~` or `null` is None.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from builder.load.marks import Mark, Place, line_and_column, packed
from builder.load.problem import FieldPath, Problem, path_text
from builder.load.syntax import explain

_DEEPEST = 32
_TOO_DEEP = f"lists and mappings are nested deeper than {_DEEPEST} levels"
_QUOTE = "put text that begins with '!' into quotes"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Frame:
    """A collection that is being read. `key` is the key whose value comes next; a list counts its own."""

    __slots__ = ("key", "place", "value")

    def __init__(self, value: dict[str, Any] | list[Any], place: Place) -> None:
        self.value = value
        self.place = place
        self.key: str | int | None = None if isinstance(value, dict) else 0


class _NoSenseError(Exception):
    """Nothing after this place can be understood."""


class Tree:
    """What a YAML file says. `value` is None when the file has no mapping at its top; `blind` are the paths whose value
    is not known, so that what a model says of them is no news."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.value: dict[str, Any] | None = None
        self.place: Place | None = None
        self.problems: list[Problem] = []
        self.blind: set[FieldPath] = set()
        self._frames: list[_Frame] = []
        self._documents = 0
        self._quoted: Any = None  # the last quoted scalar: a quote that is not closed is noticed after it
        self._handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._list,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        self._read(text)

    def _read(self, text: str) -> None:
        handlers = self._handlers
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except _NoSenseError:
            self.value = None
        except yaml.YAMLError as fault:
            (line, column), what, remedy = explain(fault, text, self._quoted)
            self.problems.append(Problem(self.file, line, column, "", what, remedy))
            self.value = None
        else:
            if self.place is None:
                self._say(0, "the file is empty", "write its fields")

    def _path(self) -> FieldPath:
        return tuple(frame.key for frame in self._frames if frame.key is not None)

    def _say(self, mark: Mark, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, *line_and_column(mark), path_text(self._path()), what, remedy))

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._say(packed(event.start_mark), "a second document begins here", "keep one document in a file")
            raise _NoSenseError

    def _refuse_marks(self, event: Any) -> None:
        mark = packed(event.start_mark)
        if event.anchor is not None:
            self._say(mark, "anchors (&name) are not used here", "write the value out where it is needed")
        if event.tag is not None:
            self._say(mark, "YAML tags (!name) are not used here", _QUOTE)
            self.blind.add(self._path())

    def _scalar(self, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event)
        mark = packed(event.start_mark)
        plain = event.implicit[0]
        if not self._frames:
            self._refuse_top(mark, "nothing" if plain and event.value in _NULLS else "text")
        frame = self._frames[-1]
        if frame.key is None:
            self._key(frame, event.value, mark)
        elif plain:
            self._put(frame, None if event.value in _NULLS else event.value, mark)
        else:
            self._quoted = event
            if frame.place.quoted is None:
                frame.place.quoted = set()
            frame.place.quoted.add(frame.key)
            self._put(frame, event.value, mark)

    def _key(self, frame: _Frame, key: str, mark: Mark) -> None:
        frame.key = key
        if key in frame.place.keys:
            first, _ = line_and_column(frame.place.keys[key])
            self._say(mark, f"is written twice (first in line {first})", "keep one of the two")
        elif not key:
            self._say(mark, "a field has no name", "write 'name: value'")
        else:
            frame.place.keys[key] = mark

    def _put(self, frame: _Frame, value: Any, mark: Mark) -> None:
        key = frame.key
        if isinstance(frame.value, list):
            frame.place.values[len(frame.value)] = mark
            frame.value.append(value)
            frame.key = len(frame.value)
            return
        if isinstance(key, str) and key not in frame.value and key:
            frame.value[key] = value
            frame.place.values[key] = mark
        frame.key = None

    def _mapping(self, event: Any) -> None:
        self._open({}, event)

    def _list(self, event: Any) -> None:
        self._open([], event)

    def _open(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_marks(event)
        mark = packed(event.start_mark)
        place = Place(mark)
        if self._frames:
            self._place_child(self._frames[-1], place)
        elif isinstance(value, dict):
            self.value, self.place = value, place
        else:
            self._refuse_top(mark, "a list")
        if len(self._frames) == _DEEPEST:
            remedy = "check brackets and indentation"
            self.problems.append(Problem(self.file, *line_and_column(mark), "", _TOO_DEEP, remedy))
            raise _NoSenseError
        self._frames.append(_Frame(value, place))

    def _place_child(self, frame: _Frame, place: Place) -> None:
        if frame.key is None:
            self._say(place.mark, "a field's name must be plain text", "put the name into quotes")
            raise _NoSenseError
        if isinstance(frame.value, list) or frame.key not in frame.value:
            frame.place.children[frame.key] = place

    def _end(self, _event: Any) -> None:
        done = self._frames.pop()
        if self._frames:
            self._put(self._frames[-1], done.value, done.place.mark)

    def _alias(self, event: Any) -> None:
        self._say(packed(event.start_mark), "aliases (*name) are not used here", "write the value out")
        if not self._frames or self._frames[-1].key is None:
            raise _NoSenseError
        self.blind.add(self._path())
        self._put(self._frames[-1], None, packed(event.start_mark))

    def _refuse_top(self, mark: Mark, kind: str) -> None:
        if kind == "nothing":
            self._say(mark, "the file is empty", "write its fields")
        else:
            self._say(mark, f"the file holds {kind} where fields are expected", "write 'name: value' lines")
        raise _NoSenseError
