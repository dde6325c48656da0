"""What a comparison is written with: bounds, values, version ranges and tolerances, each checked as it is read."""

from functools import lru_cache
from typing import Annotated, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from builder.models.base import Line
from builder.models.catalogue import asked_fact
from builder.models.comparison import comparison, share, split
from builder.models.formula import Formula, bound, is_formula
from builder.models.quantity import Kind, version
from builder.models.resolution import resolution

Value = bool | int | float | str


def _specifier(text: str) -> str:
    if not text.strip(" ,"):
        raise ValueError('the version range is empty and would let every version in; write it as ">=1.10,<1.13"')
    try:
        SpecifierSet(text)
    except InvalidSpecifier as wrong:
        raise ValueError(f'"{text}" is no version range; write it as ">=1.10,<1.13"') from wrong
    return text


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


def listed(value: Any) -> Any:
    """One word as the list of it, which a file may leave out."""
    return (value,) if isinstance(value, str) else value


Specifier = Annotated[str, AfterValidator(_specifier), Field(description='PEP 440 version range, as ">=1.10,<1.13"')]
ComparisonText = Annotated[str, BeforeValidator(_comparison_text, json_schema_input_type=str)]
Tolerance = Annotated[str, AfterValidator(_share_text), Field(description="share in the machine's favour, as 3 %")]
Scalar = Annotated[bool | int | float | str, WrapValidator(_scalar)]
Words = Annotated[tuple[Line, ...], BeforeValidator(listed, json_schema_input_type=str | list[str])]


@lru_cache(maxsize=1024)
def _specifiers(text: str) -> SpecifierSet:
    return SpecifierSet(text)


def in_range(specifier: str, release: Version) -> bool:
    """Whether a version lies in a PEP 440 range; one before its release ("2.0rc1") counts by its number."""
    return _specifiers(specifier).contains(release, prereleases=True)


@lru_cache(maxsize=4096)
def computed(text: str, kind: Kind, fact: str) -> Formula | str | None:
    """What a comparison's bound is computed from: a formula, or the name of another version fact; None when the bound
    is written out. Raises ValueError with a sentence."""
    rest = split(text)[1].strip()
    if not is_formula(rest):
        return None
    if kind != "version":
        return bound(rest, kind, fact)
    other = asked_fact(rest)
    if other.kind != "version":
        raise ValueError(f'{rest} is no version, and {fact} is one; compare it with a version, as ">= 1.12.7"')
    return rest


def check_bound(name: str, text: str, kind: Kind, fact: str) -> None:
    """Raise ValueError with a sentence when `text` is no right bound of this name for a fact of `kind`."""
    signs = {"minimum": (">", ">="), "maximum": ("<", "<=")}.get(name, ())
    if computed(text, kind, fact) is None:
        comparison(text, kind)
    sign = split(text)[0]
    if signs and sign not in signs:
        raise ValueError(f'{name} is written with {" or ".join(signs)}, not with "{sign}"')


def check_value(value: Value, kind: Kind) -> None:
    """Raise ValueError with a sentence when a fact of `kind` can never be `value`."""
    if kind == "truth" and not isinstance(value, bool):
        raise ValueError("the fact is true or false; write is: true or is: false")
    if kind == "text" and not isinstance(value, str):
        raise ValueError(f'the fact is text; write it in quotes, as is: "{str(value).lower()}"')
    if kind == "version" and (not isinstance(value, str) or version(value) is None):
        raise ValueError('the fact is a version; write it in quotes, as is: "1.12.7"')
    if kind == "resolution":
        if not isinstance(value, str) or resolution(value) is None:
            raise ValueError(f'"{value}" is no resolution; write the pixels of both sides, as 1600x1200')
        return
    if kind == "day":
        raise ValueError("the fact is a day; write how long ago it may be, as within: 5 years")
    if kind in ("count", "ratio") and isinstance(value, int | float) and not isinstance(value, bool):
        return
    if kind not in ("truth", "text", "version", "setting"):
        if not isinstance(value, str):
            raise ValueError(f"the fact is an amount; write it as text with its unit, not as {value}")
        comparison(f"= {value}", kind)
