"""A sheet: one vendor's published requirements for one product and version range, each line with its source."""

from datetime import date
from typing import Annotated, Any, Literal, get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from builder.models.base import Line, Model, Name, PlacedError
from builder.models.catalogue import fact_kind
from builder.models.comparison import comparison, share, split
from builder.models.finding import Level
from builder.models.quantity import Kind, version
from builder.models.site import HostClass


def _specifier(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as wrong:
        raise ValueError(f'"{text}" is no version range; write it as ">=1.10,<1.13"') from wrong
    return text


def _day(value: Any) -> Any:
    return value.isoformat() if type(value) is date else value


def _real_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as wrong:
        raise ValueError(f'"{text}" is no day; write YYYY-MM-DD') from wrong


def _comparison_text(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError(f'write the comparison as text, as ">= {text}"')  # noqa: TRY004 (Pydantic wants ValueError)
    split(text)
    return text


def _scalar(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as wrong:
        raise ValueError("write text, a number, true or false") from wrong


def _share_text(text: str) -> str:
    share(text)
    return text


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Specifier = Annotated[str, AfterValidator(_specifier), Field(description='PEP 440 version range, as ">=1.10,<1.13"')]
Day = Annotated[str, BeforeValidator(_day, json_schema_input_type=str), AfterValidator(_real_day),
                Field(description="YYYY-MM-DD")]  # fmt: skip
ComparisonText = Annotated[str, BeforeValidator(_comparison_text, json_schema_input_type=str)]
Tolerance = Annotated[str, AfterValidator(_share_text), Field(description="share in the machine's favour, as 3 %")]
Scalar = Annotated[bool | int | float | str, WrapValidator(_scalar)]
Words = Annotated[tuple[Line, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Period = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2} (day|week|month|year)s?$")]


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

    title: Line
    address: Line = Field(description="repository or page; 'repository: file' when one file holds every line")
    revision: Line | None = Field(None, description="commit, edition or revision that was read")
    published: Day | None = Field(None, description="the source's own date")
    read: Day = Field(description="when it was read")
    trust: Literal["A", "B", "C"]

    @property
    def cited(self) -> str:
        """The source in one line, as "Orthanc Book @ 8a3961645a57"."""
        return f"{self.title} @ {self.revision}" if self.revision else f"{self.title}, read {self.read}"


class When(Model):
    """Where a requirement applies: every field that is given must hold, by any one of its words."""

    use: Words = ()
    storage: Words = ()
    os: Words = ()

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The words as they stand in a host's use: "volume-rendering", "storage:database", "os:debian-12"."""
        prefixed = (self.use, tuple(f"storage:{w}" for w in self.storage), tuple(f"os:{w}" for w in self.os))
        return tuple(words for words in prefixed if words)


Machine = Literal[HostClass, "display"]
"""What a sheet speaks of: a host of a class, or a display, whoever drives it."""

_FORMS = ("fact", "judged", "any_of", "all_of")
_CRITERIA = ("minimum", "recommended", "maximum", "is_", "one_of")


class Part(Model):
    """Exactly one of: a fact with its comparisons, `judged` (only a person can tell), `any_of`, `all_of`."""

    fact: Line | None = None
    judged: Line | None = None
    any_of: tuple["Part", ...] = ()
    all_of: tuple["Part", ...] = ()
    minimum: ComparisonText | None = Field(None, description='lower bound that must be reached, as "> 4 GiB"')
    recommended: ComparisonText | None = Field(None, description='bound that should be reached, as ">= 8 GiB"')
    maximum: ComparisonText | None = Field(None, description='upper bound, as "<= 4 ms"')
    is_: Scalar | None = Field(None, alias="is", description="the one value that is right")
    one_of: tuple[Scalar, ...] = Field((), description="the values that are right")
    tolerance: Tolerance | None = None

    @property
    def kind(self) -> Kind:
        """The kind of the fact; "text" for a part without one."""
        return fact_kind(self.fact).kind if self.fact is not None else "text"

    @model_validator(mode="after")
    def _shape(self) -> "Part":
        forms = [form for form in self._forms() if getattr(self, form)]
        if len(forms) != 1:
            raise ValueError(f"write exactly one of {', '.join(self._forms())}" +
                             (f"; here are {' and '.join(forms)}" if forms else ""))  # fmt: skip
        criteria = [name.rstrip("_") for name in _CRITERIA if getattr(self, name) not in (None, ())]
        if self.fact is None and (criteria or self.tolerance):
            raise ValueError(f"{(criteria or ['tolerance'])[0]} compares a fact: write which, as fact: memory.total")
        if self.fact is not None:
            fact_kind(self.fact)
            if not criteria:
                raise ValueError("a fact wants a comparison: minimum, recommended, maximum, is or one_of")
            self._check_criteria()
        return self

    def _forms(self) -> tuple[str, ...]:
        return _FORMS

    def _check_criteria(self) -> None:
        for name, signs in (("minimum", (">", ">=")), ("maximum", ("<", "<=")), ("recommended", ())):
            text = getattr(self, name)
            if text is None:
                continue
            sign = comparison(text, self.kind).operator
            if signs and sign not in signs:
                raise ValueError(f'{name} is written with {" or ".join(signs)}, not with "{sign}"')
        for value in (*self.one_of, *(() if self.is_ is None else (self.is_,))):
            _check_value(value, self.kind)
        if self.tolerance and self.kind in ("version", "text", "truth"):
            raise ValueError(f"a tolerance means nothing for {self.fact}, which is no amount")


def _check_value(value: bool | int | float | str, kind: Kind) -> None:
    """Raise ValueError with a sentence when a fact of `kind` can never be `value`."""
    if kind == "truth" and not isinstance(value, bool):
        raise ValueError("the fact is true or false; write is: true or is: false")
    if kind == "text" and not isinstance(value, str):
        raise ValueError(f'the fact is text; write it in quotes, as is: "{str(value).lower()}"')
    if kind == "version" and (not isinstance(value, str) or version(value) is None):
        raise ValueError('the fact is a version; write it in quotes, as is: "1.12.7"')
    if kind not in ("truth", "text", "version", "setting"):
        if not isinstance(value, str):
            raise ValueError(f"the fact is an amount; write it as text with its unit, not as {value}")
        comparison(f"= {value}", kind)


class Requirement(Part):
    """One line of a sheet: a Part, or `attested` (nobody can measure it: a person signs), or `advice` (the source
    advises or limits intended use: a person takes note). `level` recommended: missing it is said but is not short."""

    id: Name
    attested: Line | None = None
    advice: Line | None = None
    by: Line = Field("PACS administrator", description="who attests, judges or takes note")
    valid_for: Period | None = Field(None, description="how long an attestation holds, as 1 year")
    level: Level = "minimum"
    when: When | None = None
    place: Line = Field(description="where in the source the line stands: file or section")
    quote: Line | None = Field(None, description="a few words of the source")
    note: Line | None = None

    def _forms(self) -> tuple[str, ...]:
        return (*_FORMS, "attested", "advice")


class Sheet(Model):
    """One product's requirements (`specs/*.yml`)."""

    product: SheetProduct
    machine: Machine
    source: Source
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

    def covers(self, text: str) -> bool:
        """Whether the sheet speaks of this version of its product ("1.12.7", "1.12.7+dfsg-4")."""
        read = version(text)
        return read is not None and SpecifierSet(self.product.versions).contains(read, prereleases=True)


HOST_CLASSES: tuple[str, ...] = get_args(HostClass)


def class_product(host_class: Machine) -> str:
    """The product id of a host class's own sheet: `class-archive`, `class-thin-client`."""
    return f"class-{host_class}".replace("_", "-")
