"""Read the depot's manifest: the user's own file first, then the shipped one."""

from pathlib import Path

from builder.load.loaded import Loaded, load
from builder.load.problem import LoadErrors, Problem
from builder.load.shipped import specs_folders
from builder.models.depot import Artefact, DepotManifest, merged

MANIFEST = "depot.yml"  # among the sheets, and none


def load_manifest(path: Path) -> Loaded[DepotManifest]:
    """The manifest of `path`. Raises LoadErrors with everything that is wrong with the file."""
    return load(path, DepotManifest)


def manifest_files() -> tuple[Path, ...]:
    """Every manifest, the user's own first."""
    return tuple(file for folder in specs_folders() if (file := folder / MANIFEST).is_file())


def load_artefacts() -> tuple[Artefact, ...]:
    """Every artefact; of two with one name and version the user's own wins.

    Raises LoadErrors with the faults of all files.
    """
    manifests, problems = [], list[Problem]()
    for file in manifest_files():
        try:
            manifests.append(load_manifest(file).value)
        except LoadErrors as fault:
            problems += fault.problems
    if problems:
        raise LoadErrors(problems)
    return merged(manifests)
