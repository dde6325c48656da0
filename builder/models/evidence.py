"""Evidence: what was expected, what was observed, who asked and what the answer's hash is."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from builder.models.base import Model

Verdict = Literal["met", "short", "unknown", "not applicable", "waived"]


class GreyStep(Model):
    """One grey of a test pattern: what a screen of 256 greys must show and what it showed, 0 to 255; `observed` is None
    when it could not be read."""

    percent: float
    expected: float
    observed: float | None


class ScreenPicture(Model):
    """A screenshot as evidence: `sha256` (hex) of its PNG file, width and height in pixels, and the grey steps read
    from it, each of which may be off by `tolerance` greys of 255."""

    sha256: str
    width: int
    height: int
    tolerance: float
    steps: tuple[GreyStep, ...] = ()


class Evidence(Model):
    """One answered question. `unknown` is never met; `attest` says who must answer when no probe can."""

    kind: Literal["requirement", "route", "check"]
    subject: str = Field(description="requirement id, 'ct01 -> archive01: store', or a check's name")
    source: str = Field("", description="the sheet's line, the site's route, or the role that asks")
    expected: str
    observed: str
    verdict: Verdict
    at: datetime
    probe: str = Field(description="what asked, as 'dcmtk findscu on ct01'")
    host: str
    run: str
    raw_sha256: str | None = Field(None, description="SHA-256 of the raw output, hex")
    seconds: float | None = None
    attest: str | None = None
    qualified: str | None = Field(None, description="what a met verdict leaves open, as a recommendation not reached")
    screen: ScreenPicture | None = Field(None, description="what a station's screen showed")

    @property
    def verdict_in_full(self) -> str:
        """The verdict, and which level is met when that is not the recommended one."""
        return f"{self.verdict} ({self.qualified})" if self.qualified and self.verdict == "met" else self.verdict
