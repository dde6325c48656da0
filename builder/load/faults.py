"""A model's refusal of a tree -> problems with their places, sorted and without echoes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from builder.load.marks import Place
from builder.load.problem import FieldPath, Problem, path_text
from builder.load.sentences import Complaint, near, sentence_of, unknown_field
from builder.load.shape import description_at, is_secret, known_fields
from builder.models.base import PlacedError


class Understood(Protocol):
    """What was understood of a file, as YAML's Tree and a table's Sections hold it. What a model says of a `blind` path
    is no news: its value is not known."""

    file: Path
    value: dict[str, Any] | None
    blind: set[FieldPath]


_MISFITS = frozenset(("model_type", "model_attributes_type", "dict_type", "string_type", "tuple_type", "list_type"))


@dataclass(frozen=True, slots=True)
class _Fault:
    """One of Pydantic's errors at its place in the file. `branch` is the member of a union that it speaks of."""

    path: FieldPath
    branch: tuple[FieldPath, str] | None
    detail: ErrorDetails

    @property
    def kind(self) -> str:
        return self.detail["type"]


def _located(detail: ErrorDetails, data: Any) -> _Fault:
    """Pydantic's location without the names of union members, which no file contains."""
    path: list[str | int] = []
    branch: tuple[FieldPath, str] | None = None
    here = data
    steps = detail["loc"]
    for number, step in enumerate(steps):
        inside = step in here if isinstance(here, dict) else isinstance(here, list) and isinstance(step, int)
        last = number == len(steps) - 1
        if inside:
            here = here[step]
            path.append(step)
        elif last and detail["type"] == "missing":
            path.append(step)
        elif branch is None:
            branch = (tuple(path), str(step))
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, PlacedError):
        path += error.path
    return _Fault(tuple(path), branch, detail)


def _is_misfit(member: Sequence[_Fault], place: FieldPath) -> bool:
    return all(fault.path == place and fault.kind in _MISFITS for fault in member)


def _chosen(faults: Sequence[_Fault]) -> list[_Fault]:
    """Of each union, only the member that the writer most likely meant: the one that fits the value's shape and has
    the fewest faults."""
    kept = [fault for fault in faults if fault.branch is None]
    unions: defaultdict[FieldPath, defaultdict[str, list[_Fault]]] = defaultdict(lambda: defaultdict(list))
    for fault in faults:
        if fault.branch is not None:
            unions[fault.branch[0]][fault.branch[1]].append(fault)
    for place, members in unions.items():
        fitting = [member for member in members.values() if not _is_misfit(member, place)]
        likeliest: list[_Fault] = min(fitting or list(members.values()), key=len)
        kept += likeliest
    return kept


class _Writer:
    """Turns faults into problems of one file."""

    def __init__(self, tree: Understood, place: Place, model: type[BaseModel]) -> None:
        self._tree = tree
        self._place = place
        self._model = model

    def _problem(self, path: FieldPath, shown: FieldPath, what: str, remedy: str, *, key: bool = False) -> Problem:
        line, column = self._place.position(path, key=key)
        return Problem(self._tree.file, line, column, path_text(shown), what, remedy)

    def unknown(self, fault: _Fault) -> Problem:
        parent, name = fault.path[:-1], str(fault.path[-1])
        known = known_fields(self._model, parent)
        secret = is_secret(self._model, parent)
        what, remedy = unknown_field(name, fault.detail["input"], known, secret=secret)
        hidden = secret and near(name, known) is None
        return self._problem(fault.path, parent if hidden else fault.path, what, remedy, key=True)

    def missing(self, fault: _Fault) -> Problem:
        said = description_at(self._model, fault.path)
        remedy = f"add the field {fault.path[-1]}" + (f" ({said})" if said else "")
        return self._problem(fault.path, fault.path, "is missing", remedy)

    def other(self, fault: _Fault) -> Problem:
        complaint = Complaint(
            kind=fault.kind,
            value=fault.detail["input"],
            context=fault.detail.get("ctx", {}),
            description=description_at(self._model, fault.path),
            secret=is_secret(self._model, fault.path),
            fields=known_fields(self._model, fault.path),
        )
        return self._problem(fault.path, fault.path, *sentence_of(complaint))

    def problem(self, fault: _Fault) -> Problem:
        if fault.kind == "extra_forbidden":
            return self.unknown(fault)
        return self.missing(fault) if fault.kind == "missing" else self.other(fault)


def _only_counts_the_good(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its faulty entries (which have problems of their own) are not
    counted."""
    least = detail.get("ctx", {}).get("min_length", 0)
    return detail["type"] == "too_short" and isinstance(detail["input"], list) and len(detail["input"]) >= least


def _meant_elsewhere(faults: Sequence[_Fault], model: type[BaseModel]) -> set[FieldPath]:
    """Missing fields that a misspelt field beside them explains."""
    missing: Mapping[FieldPath, set[str | int]] = defaultdict(set)
    for fault in faults:
        if fault.kind == "missing":
            missing[fault.path[:-1]].add(fault.path[-1])
    explained: set[FieldPath] = set()
    for fault in faults:
        if fault.kind == "extra_forbidden":
            parent = fault.path[:-1]
            meant = near(str(fault.path[-1]), known_fields(model, parent))
            if meant in missing.get(parent, ()):
                explained.add((*parent, str(meant)))
    return explained


def _blind(path: FieldPath, blind: set[FieldPath]) -> bool:
    return any(path[:length] in blind for length in range(len(path) + 1))


def problems_of(refusal: ValidationError, tree: Understood, place: Place, model: type[BaseModel]) -> list[Problem]:
    """Every fault that `model` found in `tree`, as problems."""
    details = [detail for detail in refusal.errors(include_url=False) if not _only_counts_the_good(detail)]
    faults = _chosen([_located(detail, tree.value) for detail in details])
    explained = _meant_elsewhere(faults, model)
    writer = _Writer(tree, place, model)
    return [
        writer.problem(fault) for fault in faults if fault.path not in explained and not _blind(fault.path, tree.blind)
    ]
