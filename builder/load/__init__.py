"""YAML files -> models, every fault with its file, line and column."""

from builder.load.loaded import Loaded
from builder.load.problem import FieldPath, LoadErrors, Problem, path_text
from builder.load.site import load_site

__all__ = ["FieldPath", "LoadErrors", "Loaded", "Problem", "load_site", "path_text"]
