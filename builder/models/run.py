"""One execution of a verb."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from builder.models.base import Model

Outcome = Literal["running", "accepted", "done", "failed", "interrupted", "refused"]


class Terms(Model):
    """How a build was asked for, beside its hosts. `at_once` is the greatest size of a wave, `wave` the one that was
    asked for alone; `now` is the reason for changing hosts outside their hours, set where there were such hosts;
    `resumes` is the run that this one goes on with."""

    canary: bool = False
    at_once: int | None = None
    wave: int | None = None
    now: str | None = None
    resumes: str | None = None


class Run(Model):
    """`inputs` maps each input file (site, sheets, roles) to its SHA-256; `who` is the person's account name."""

    id: str
    verb: str
    site: str
    hosts: tuple[str, ...]
    who: str
    started: datetime
    finished: datetime | None = None
    outcome: Outcome = "running"
    tool_version: str
    inputs: dict[str, str] = Field(default_factory=dict)
    note: str | None = None
    terms: Terms | None = None
