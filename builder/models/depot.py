"""The depot's manifest: what comes from outside, pinned by checksum, and how it is got."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from builder.models.base import Line, Model, Name, PlacedError

Sha256 = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="SHA-256 of the file, 64 lower-case hexadecimal digits (sha256sum FILE prints it)"),
]
FileName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,126}$"),
    Field(description="name of the file, without a folder"),
]
Version = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+~-]{0,62}$"),
    Field(description="its maker's version, as 3.12.10"),
]
NpmPackage = Annotated[
    str,
    # npm's own rule for names: lower case, an optional scope.
    StringConstraints(pattern=r"^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$", max_length=214),
    Field(description='npm package in quotes, as "@ohif/app"'),
]


class Needed(Model):
    """What a role needs from the depot for a host."""

    name: Name
    version: Version

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Artefact(Model):
    """One file from outside. Exactly one of `npm` and `handed_in` says how it is got."""

    name: Name
    version: Version
    title: Line = Field(description="what it is, for people")
    file: FileName
    sha256: Sha256
    licence: Line | None = Field(None, description="its maker's terms, as MIT")
    npm: NpmPackage | None = Field(None, description="fetched from npm under this package name")
    handed_in: Line | None = Field(None, description="who hands it to the administrator, and how it is asked for")

    @model_validator(mode="after")
    def _got_one_way(self) -> "Artefact":
        if self.npm is None and self.handed_in is None:
            raise ValueError("it does not say how it is got; write npm (it is fetched) or handed_in (someone gives it)")
        if self.npm is not None and self.handed_in is not None:
            raise ValueError("it is fetched with npm and handed in, too; keep one of npm and handed_in")
        return self

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Delivered(Model):
    """An artefact's file on this machine, its checksum just verified. `path` is absolute, `size` in bytes."""

    name: Name
    version: Version
    file: FileName
    path: Line
    sha256: Sha256
    size: int = Field(ge=0)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class DepotManifest(Model):
    """Every artefact that may lie in the depot (`specs/depot.yml`)."""

    artefacts: tuple[Artefact, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> "DepotManifest":
        seen: set[str] = set()
        sums: dict[str, str] = {}
        for number, one in enumerate(self.artefacts):
            if str(one) in seen:
                sentence = f"{one} stands twice; give each artefact its own name or version"
                raise PlacedError(sentence, "artefacts", number, "version")
            if one.sha256 in sums:
                sentence = f"{sums[one.sha256]} has this checksum already; correct one of the two"
                raise PlacedError(sentence, "artefacts", number, "sha256")
            seen.add(str(one))
            sums[one.sha256] = str(one)
        return self


def merged(manifests: Iterable[DepotManifest]) -> tuple[Artefact, ...]:
    """The artefacts of all manifests; of two with one name and version the first wins."""
    chosen: dict[str, Artefact] = {}
    for manifest in manifests:
        for one in manifest.artefacts:
            chosen.setdefault(str(one), one)
    return tuple(chosen.values())
