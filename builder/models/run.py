"""One execution of a verb."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from builder.models.base import Model

Outcome = Literal["running", "accepted", "done", "failed", "interrupted", "refused"]


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
