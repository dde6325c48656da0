"""One Jinja environment for every page: autoescape always on, undefined names are errors."""

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

GLYPHS = {"met": "✓", "short": "✗", "unknown": "?", "waived": "≈", "not applicable": "–"}  # noqa: RUF001 - a dash on purpose
"""Every verdict has a shape and a word of its own: it is read without colour, on paper and by ear."""


def environment() -> Environment:
    """The environment with the filters that all templates share."""
    made = Environment(
        loader=PackageLoader("builder.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(num=number, css_string=css_string, slug=slug)
    made.globals["glyphs"] = GLYPHS
    return made


def number(value: float) -> str:
    """A coordinate or a size with at most two places, and no exponent."""
    return f"{round(value, 2):g}" if abs(value) < 1e5 else f"{value:.0f}"


def css_string(text: str) -> Markup:
    """A quoted CSS string; everything but letters, digits and spaces is escaped, so it cannot end its style sheet."""
    return Markup(
        '"' + "".join(c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):x} " for c in text) + '"'
    )


def slug(text: str) -> str:
    """A fragment name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def zone(name: str) -> tuple[tzinfo, str]:
    """The time zone, and its name for the reader: UTC where the machine has no data for it."""
    try:
        return ZoneInfo(name), name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC, "UTC"


def moment(value: datetime, where: tzinfo) -> str:
    """A time as tables show it, to the second."""
    return f"{value.astimezone(where):%Y-%m-%d %H:%M:%S}"


def day_and_time(value: datetime, where: tzinfo) -> str:
    """A time as a sentence shows it."""
    local = value.astimezone(where)
    return f"{local.day} {local:%B %Y, %H:%M}"
