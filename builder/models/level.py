"""Levels of requirement: pacsmith's two, and the vendor's own words with what each of them amounts to."""

from typing import Literal, get_args

from pydantic import Field

from builder.models.base import Line, Model

Grade = Literal["refused", "untested", "degraded", "minimum", "recommended", "optimal"]
"""What a level amounts to, from worst to best: not supported (short); not tested, at the user's own risk (unknown: a
person decides); works, in a degraded way; what is asked; what is recommended; better than that."""

GRADES: tuple[str, ...] = get_args(Grade)
MINIMUM = "minimum"
RECOMMENDED = "recommended"


class VendorLevel(Model):
    """A level by the vendor's own word, as "in a pinch" or "desirable"."""

    name: Line = Field(description='the vendor\'s word, as "desirable"')
    grade: Grade = Field(description="what it amounts to")
