"""A sheet: one vendor's published requirements for one product and version range, each line with its source."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from packaging.specifiers import SpecifierSet
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from builder.models.base import Line, Model, Name, PlacedError
from builder.models.criterion import Specifier, Words, listed
from builder.models.days import Day, Period
from builder.models.level import GRADES, MINIMUM, RECOMMENDED, Grade, VendorLevel
from builder.models.part import FORMS, Part, refuse_wishes
from builder.models.quantity import version
from builder.models.sense import named
from builder.models.site import HostClass, OperatingSystem
from builder.models.workload import Modality


def _cited(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError(f'"{text}" names nothing that can be looked up; write file, page or section')
    return text


Cited = Annotated[Line, AfterValidator(_cited)]
_CURRENT = "display.calibration.current"
_LISTED = BeforeValidator(listed, json_schema_input_type=str | list[str])


class SheetProduct(Model):
    """What the sheet speaks of. A class sheet (id `class-archive`) speaks of a host class; its versions are the
    operating system's."""

    id: Name
    name: Line
    versions: Specifier
    edition: Line | None = None


class Source(Model):
    """Where the sheet was read. Trust: A the maker's own document, read in full; B the maker's or a regulator's own
    page, its opening read; C a third party that quotes it. Anything less is not encoded."""

    title: Cited
    document: Line | None = Field(None, description="document number")
    edition: Line | None = Field(None, description="edition as printed, as 2 or 2020-02")
    status: Literal["preliminary", "final", "withdrawn"] | None = Field(
        None, description="as the source says of itself"
    )
    address: Cited = Field(description="repository or page; 'repository: file' when one file holds every line")
    revision: Line | None = Field(None, description="commit, edition or revision that was read")
    published: Day | None = Field(None, description="the source's own date")
    read: Day = Field(description="when it was read")
    trust: Literal["A", "B", "C"]

    @model_validator(mode="after")
    def _read_once_published(self) -> "Source":
        if self.published is not None and self.published > self.read:
            what = f"the source is of {self.published} and was read on {self.read}, before it was published"
            raise PlacedError(f"{what}; correct one of the two", "published")
        return self

    @property
    def cited(self) -> str:
        """The source in one line, as "Orthanc Book @ 8a3961645a57"; one that is not final, or not the maker's own word,
        says so."""
        named = ", ".join(part for part in (
            self.title, self.document, self.edition and f"edition {self.edition}",
            self.status if self.status != "final" else None,
            "as a third party quotes it" if self.trust == "C" else None,
        ) if part)  # fmt: skip
        return f"{named} @ {self.revision}" if self.revision else f"{named}, read {self.read}"


class When(Model):
    """Where a requirement applies: every field that is given must hold, by any one of its words. `use` is what the site
    says is done there; a modality that the site does not declare, and a fact that was not read, leave it unknown."""

    use: Words = ()
    storage: Annotated[tuple[Literal["filesystem", "database"], ...], _LISTED] = ()
    os: Annotated[tuple[OperatingSystem, ...], _LISTED] = Field(
        (), description="what the site file calls the host's system; of others ask the fact os.id"
    )
    modality: Annotated[tuple[Modality, ...], _LISTED] = Field(
        (), description="DICOM modalities that are read there, as MG"
    )
    all_of: tuple[Part, ...] = Field((), description='parts that must all hold, as {fact: gpu.count, minimum: ">= 2"}')
    any_of: tuple[Part, ...] = Field((), description="parts of which one must hold")

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words as they stand in a host's use: "volume-rendering", "storage:database", "os:debian-12"."""
        prefixed = (self.use, tuple(f"storage:{w}" for w in self.storage), tuple(f"os:{w}" for w in self.os))
        return tuple(words for words in prefixed if words)

    @property
    def asks_facts(self) -> bool:
        """Whether only facts can tell if it holds."""
        return bool(self.modality or self.all_of or self.any_of)

    @model_validator(mode="after")
    def _certain(self) -> "When":
        if not self.terms and not self.asks_facts:
            raise ValueError("a condition that says nothing; write use, storage, os, modality, all_of or any_of, or "
                             "leave it out")  # fmt: skip
        for field in ("all_of", "any_of"):
            for number, part in enumerate(getattr(self, field)):
                refuse_wishes(part, field, number)
        return self


def _of_another(fact: str, *, display: bool) -> str:
    """What is wrong with a fact in a sheet of displays, or of hosts; empty when nothing is."""
    if display and not fact.startswith(("display.", "displays.")):
        return f"{fact} is said of a host, and this sheet is of displays; ask it in a sheet of machine workstation"
    if not display and fact.startswith("display."):
        own = fact.replace("display.", "displays.*.", 1)
        return f"{fact} is said of one display, and this sheet is of hosts; write {own}"
    return ""


Machine = Literal[HostClass, "display"]
"""What a sheet speaks of: a host of a class, or a display, whoever drives it."""


class Rung(Part):
    """A part whose holding means that a level is reached."""

    level: Line = Field(description="minimum, recommended, or a level of the sheet's own")


class Contradiction(Model):
    """What another source, or another place of the same one, says of the same thing. Neither is thrown away."""

    says: Line
    source: Cited = Field(description="who says it: title, revision or day of reading")
    place: Cited


class Requirement(Part):
    """One line of a sheet: a Part; `levels` (parts from the best level to the worst; the first that holds is reached);
    `attested` (nobody can measure it: a person signs); or `advice` (the source advises or limits intended use: a person
    takes note). `level` recommended, or one of the sheet's own of that grade: missing it is said but is not short."""

    id: Name
    attested: Line | None = None
    advice: Line | None = None
    levels: tuple[Rung, ...] = Field((), description="parts with the level that each of them reaches, best first")
    by: Line = Field("PACS administrator", description="who attests, judges or takes note")
    valid_for: Period | None = Field(None, description="how long an attestation holds, as 1 year")
    level: Line = Field(MINIMUM, description="minimum, recommended, or a level of the sheet's own")
    when: When | None = None
    place: Cited = Field(description="where in the source the line stands: file or section")
    quote: Line | None = Field(None, description="a few words of the source")
    note: Line | None = None
    also_says: tuple[Contradiction, ...] = Field((), description="what contradicts the line, side by side with it")

    def inner(self) -> Iterator[Part]:
        """The parts that stand directly in the line."""
        yield from super().inner()
        yield from self.levels

    @model_validator(mode="after")
    def _beside(self) -> "Requirement":
        if self.levels and self.level != MINIMUM:
            raise PlacedError("levels says itself which level each part reaches; leave level out", "level")
        if self.advice and self.level != MINIMUM:
            raise PlacedError("advice is of no level: a person takes note of it; leave level out", "level")
        if self.valid_for and not (self.attested or self.fact == _CURRENT or _judged(self)):
            sentence = "valid_for is how long a person's word holds, and here none is asked for; leave it out"
            raise PlacedError(sentence, "valid_for")
        return self

    def _forms(self) -> tuple[str, ...]:
        return (*FORMS, "levels", "attested", "advice")


def _judged(part: Part) -> bool:
    """Whether a person judges something in the part."""
    return part.judged is not None or part.or_equivalent or any(_judged(inner) for inner in part.inner())


class Sheet(Model):
    """One product's requirements (`specs/*.yml`)."""

    product: SheetProduct
    machine: Machine
    source: Source
    levels: tuple[VendorLevel, ...] = Field((), description="the vendor's own levels, from the worst to the best")
    requirements: tuple[Requirement, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _one_file_is_every_place(cls, data: Any) -> Any:
        """A source whose address names one file ("repository: file") is the place of lines that name none."""
        try:
            place = data["source"]["address"].partition(": ")[2].strip()
            lines = data["requirements"]
        except (KeyError, TypeError, AttributeError):
            return data
        if not place or not isinstance(lines, list | tuple):
            return data
        placed = [{"place": place, **line} if isinstance(line, dict) else line for line in lines]
        return {**data, "requirements": placed}

    @model_validator(mode="after")
    def _ids_once(self) -> "Sheet":
        seen: set[str] = set()
        for number, line in enumerate(self.requirements):
            if line.id in seen:
                sentence = f'requirement "{line.id}" stands twice; give each line its own id'
                raise PlacedError(sentence, "requirements", number, "id")
            seen.add(line.id)
        return self

    @model_validator(mode="after")
    def _facts_of_its_machine(self) -> "Sheet":
        """A fact that no machine of this kind ever states would stay unknown for ever."""
        for number, line in enumerate(self.requirements):
            parts = (line, *((*line.when.all_of, *line.when.any_of) if line.when else ()))
            for name in (name for part in parts for name in named(part)):
                wrong = _of_another(name, display=self.machine == "display")
                if wrong:
                    raise PlacedError(wrong, "requirements", number)
        return self

    @model_validator(mode="after")
    def _levels_in_order(self) -> "Sheet":
        names = [MINIMUM, RECOMMENDED]
        for number, level in enumerate(self.levels):
            if level.name in names:
                raise PlacedError(f'level "{level.name}" is there already; give each its own name', "levels", number)
            if number and GRADES.index(level.grade) < GRADES.index(self.levels[number - 1].grade):
                raise PlacedError(f'level "{level.name}" is of a lower grade than the one before it; write them from '
                                  "the worst to the best", "levels", number, "grade")  # fmt: skip
            names.append(level.name)
        for number, line in enumerate(self.requirements):
            self._check_levels(line, "requirements", number)
        return self

    def _check_levels(self, line: Requirement, *path: str | int) -> None:
        grade = self.grade(self._known(line.level, *path, "level"))
        if grade in ("refused", "untested"):
            raise PlacedError(f'"{line.level}" is no level that can be asked for; write it in levels:', *path, "level")
        before: tuple[int, int] | None = None
        for number, rung in enumerate(line.levels):
            here = (*path, "levels", number)
            refuse_wishes(rung, *here)
            rank = self._rank(self._known(rung.level, *here, "level"))
            if before is not None and rank >= before:
                sentence = f'level "{rung.level}" is no worse than the one before it; write the best level first'
                raise PlacedError(sentence, *here, "level")
            before = rank

    def _known(self, level: str, *path: str | int) -> str:
        names = (MINIMUM, RECOMMENDED, *(own.name for own in self.levels))
        if level in names:
            return level
        near = get_close_matches(level, names, n=1)
        raise PlacedError(f"'{level}' is not possible here; " + (f"did you mean {near[0]}? " if near else "") +
                          f"possible: {', '.join(names)}", *path)  # fmt: skip

    def grade(self, level: str) -> Grade:
        """What a level amounts to. Raises KeyError for one that the sheet does not know."""
        grades: dict[str, Grade] = {"minimum": "minimum", "recommended": "recommended"}
        return {**grades, **{own.name: own.grade for own in self.levels}}[level]

    def _rank(self, level: str) -> tuple[int, int]:
        names = [own.name for own in self.levels]
        return GRADES.index(self.grade(level)), names.index(level) if level in names else -1

    def covers(self, text: str) -> bool:
        """Whether the sheet speaks of this version of its product ("1.12.7", "1.12.7+dfsg-4")."""
        read = version(text)
        return read is not None and SpecifierSet(self.product.versions).contains(read, prereleases=True)


HOST_CLASSES: tuple[str, ...] = get_args(HostClass)


def class_product(host_class: Machine) -> str:
    """The product id of a host class's own sheet: `class-archive`, `class-thin-client`."""
    return f"class-{host_class}".replace("_", "-")
