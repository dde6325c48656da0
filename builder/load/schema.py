"""JSON Schema of the files that a person writes, for their editor."""

import json
from collections.abc import Mapping

from builder.models.base import Model
from builder.models.depot import DepotManifest
from builder.models.sheet import Sheet
from builder.models.site import Site

KINDS: Mapping[str, type[Model]] = {"site": Site, "sheet": Sheet, "depot": DepotManifest}


def schema_text(kind: str) -> str:
    """The JSON Schema of a `site`, `sheet` or `depot` file, as text. Raises KeyError for another kind."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **KINDS[kind].model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
