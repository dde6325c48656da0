"""YAML files -> models, every fault with its file, line and column."""

from typing import TYPE_CHECKING

from builder.doors import door

if TYPE_CHECKING:
    from builder.load.loaded import Loaded
    from builder.load.problem import FieldPath, LoadErrors, Problem, path_text
    from builder.load.site import load_site

__all__ = ["FieldPath", "LoadErrors", "Loaded", "Problem", "load_site", "path_text"]

if not TYPE_CHECKING:
    __getattr__ = door(
        __name__,
        {
            "FieldPath": "problem",
            "LoadErrors": "problem",
            "Loaded": "loaded",
            "Problem": "problem",
            "load_site": "site",
            "path_text": "problem",
        },
    )
