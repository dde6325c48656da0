"""Every secret that a site names, with the place where it names it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from builder.models.secret import SecretReference
from builder.models.site import Site


@dataclass(frozen=True, slots=True)
class PlacedReference:
    """`path` leads to the reference in the site file, as ("hosts", 0, "archive", "database_password")."""

    path: tuple[str | int, ...]
    reference: SecretReference


def references_within(value: object, path: tuple[str | int, ...] = ()) -> Iterator[PlacedReference]:
    """Every reference below a model or tuple; `path` is where `value` itself stands."""
    if isinstance(value, SecretReference):
        yield PlacedReference(path, value)
    elif isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name, inner in value.__dict__.items():
            if isinstance(inner, BaseModel | tuple):
                yield from references_within(inner, (*path, fields[name].alias or name))
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            if isinstance(inner, BaseModel | tuple):
                yield from references_within(inner, (*path, place))


def secret_references(site: Site) -> tuple[PlacedReference, ...]:
    """All references of the site in the file's order of fields, doubles included."""
    return tuple(references_within(site, ()))
