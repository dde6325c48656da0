"""A finding: what one requirement and the facts of one machine come to."""

from pydantic import Field

from builder.models.base import Model
from builder.models.evidence import Verdict
from builder.models.level import Grade


class Lack(Model):
    """What is missing of one fact. `have` and `want` are amounts in the base unit of the fact's kind, None where it is
    no amount; `here` and `asked` are the same for people. `sign` is the comparison that fails, as ">=".

    `either`: it belongs to one of several ways, of which one is enough, and `way` says to which: lacks of one way are
    missing together, and what stands before a slash tells one choice of the line from another. `wish`: it is
    recommended, and missing it is not short. `of`: the display that lacks it, as the site names it, and `on` the
    connector on which it hangs.
    """

    fact: str
    here: str
    asked: str
    sign: str | None = None
    have: float | None = None
    want: float | None = None
    either: bool = False
    way: str = ""
    wish: bool = False
    of: str | None = None
    on: str | None = None


class Finding(Model):
    """`level` is the level reached, in the vendor's word where the sheet has its own, and `grade` what that amounts to:
    a requirement whose minimum is met and whose recommendation is not is `met` at level minimum, and the sentence says
    so; None when nothing is reached or nobody can tell.

    What no probe can answer (attested lines, advice, "or equivalent") is `unknown`, never met and never passed over:
    `attest` names who must answer, and so it does for a fact that could not be read.
    """

    product: str = Field(description="product id of the sheet, as orthanc")
    requirement: str = Field(description="requirement id")
    verdict: Verdict
    level: str | None = None
    grade: Grade | None = None
    qualified: str | None = Field(None, description="met, and what is recommended is not reached: which level is met")
    expected: str
    observed: str
    sentence: str
    source: str = Field(description="title @ revision, place")
    attest: str | None = None
    commands: tuple[str, ...] = Field((), description="the commands that its facts came from")
    lacks: tuple[Lack, ...] = Field((), description="what is missing, fact by fact, of what is asked or recommended")
    waived_by: str | None = Field(None, description="owner of the waiver, of a waived finding")
    waived_until: str | None = Field(None, description="last day of the waiver, YYYY-MM-DD")
    waived_because: str | None = Field(None, description="reason of the waiver, also of one that has expired")
    waiver_expired: str | None = Field(None, description="owner and last day of a waiver that holds no more")
    raw_sha256: str | None = Field(None, description="SHA-256 of the survey's whole output, hex")
