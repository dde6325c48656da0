"""What a model expects at a path: its fields, their descriptions, and whether a secret belongs there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from builder.load.problem import FieldPath
from builder.models.secret import SecretReference

_SECRET_NAME = re.compile(r"passw|secret|passphrase|token|credential|private", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expected:
    """One of the things that may stand at a place."""

    annotation: Any
    description: str = ""

    @property
    def model(self) -> type[BaseModel] | None:
        """The model, where one is expected."""
        return self.annotation if isinstance(self.annotation, type) and issubclass(self.annotation, BaseModel) else None


def _spread(annotation: Any, description: str = "") -> list[Expected]:
    """An annotation without its wrappings: one entry for each member of a union, None left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *notes = get_args(annotation)
        said = [note.description for note in notes if isinstance(note, FieldInfo) and note.description]
        return _spread(inner, said[-1] if said else description)
    if origin in (Union, UnionType):
        return [one for member in get_args(annotation) for one in _spread(member, description)]
    return [] if annotation is NoneType else [Expected(annotation, description)]


def fields_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The model's fields by the name that a file uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _step(expected: Expected, step: str | int) -> list[Expected]:
    if expected.model is not None:
        field = fields_of(expected.model).get(str(step))
        return [] if field is None else _spread(field.annotation, field.description or "")
    arguments = get_args(expected.annotation)
    if not arguments:
        return []
    return _spread(arguments[0] if isinstance(step, int) else arguments[-1])


def below(found: list[Expected], step: str | int) -> list[Expected]:
    """What may stand one step below a place where any of `found` may stand."""
    return [one for parent in found for one in _step(parent, step)]


def members_of(expected: Expected) -> list[list[Expected]]:
    """What may stand directly below `expected`: one list for each field of a model, one for a list's entries."""
    if expected.model is not None:
        return [_step(expected, name) for name in fields_of(expected.model)]
    arguments = get_args(expected.annotation)
    return [_spread(arguments[-1]), _spread(arguments[0])] if arguments else []


def expected_at(model: type[BaseModel], path: FieldPath) -> list[Expected]:
    """What may stand at `path` of a file that holds a `model`; empty for an unknown place."""
    found = [Expected(model)]
    for step in path:
        found = below(found, step)
    return found


def known_fields(model: type[BaseModel], path: FieldPath) -> list[str]:
    """Names of the fields that a mapping at `path` may have, in the model's order."""
    names = [name for one in expected_at(model, path) if one.model is not None for name in fields_of(one.model)]
    return list(dict.fromkeys(names))


def description_at(model: type[BaseModel], path: FieldPath) -> str:
    """What the model says of the value at `path`, or an empty text."""
    return next((one.description for one in expected_at(model, path) if one.description), "")


def is_secret(model: type[BaseModel], path: FieldPath) -> bool:
    """Whether a value at `path` may be a secret that was written out: it is then never shown."""
    if any(isinstance(step, str) and _SECRET_NAME.search(step) for step in path):
        return True
    found = [Expected(model)]
    for step in path:
        found = below(found, step)
        if any(one.annotation is SecretReference for one in found):
            return True
    return False
