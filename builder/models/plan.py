"""A plan as data: what a build would do, on what it rests, and what it would cost those who work with the machines.

The file is JSON: `pacsmith plan --out` writes it, `pacsmith build --plan` carries it out. It holds no secret's value.
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from builder.models.base import Model
from builder.models.event import Event
from builder.models.interruption import Service

FORMAT: Literal[1] = 1
"""Raised when a file of an older form can no longer be read."""
HOLDS = timedelta(days=7)
"""For how long a plan may be carried out: maintenance windows come by the week, and so do those who approve plans."""
REPAIR = "Finish an interrupted package installation"
"""The step that comes before all others where an installation of packages was cut off."""


class PlannedStep(Model):
    """What one step would do. `changes` is None where nobody can say before it runs; `why` then says the reason that
    the engine gave, if any. `diff` is unified-diff text without secrets. Not `exact`: packages are installed before,
    and bring files and units of their own, so that the difference may be against something else."""

    role: str
    step: str
    changes: bool | None
    diff: str | None = None
    why: str | None = None
    exact: bool = True

    @classmethod
    def of(cls, event: Event) -> "PlannedStep":
        """The step of an event with status `planned`."""
        seen = event.previewable
        return cls(role=event.role, step=event.step, changes=bool(event.changed) if seen else None,
                   diff=event.diff if seen else None, why=event.error)  # fmt: skip


class PlannedHost(Model):
    """One host. `world` is the SHA-256 (hex) of all that was seen there: every step in its order, with what it would
    change. `address` and `port` are where it was reached."""

    host: str
    address: str
    port: int
    world: str
    steps: tuple[PlannedStep, ...]


class Loss(Model):
    """Who loses what: AE titles, or names of machines without one; `what` as `retrieval`."""

    ends: tuple[str, ...]
    what: str


class Outage(Model):
    """A service that stops answering while steps run. `seconds` is an estimate and `source` says from what."""

    host: str
    stops: tuple[Service, ...]
    steps: tuple[str, ...]
    seconds: float
    source: str
    losses: tuple[Loss, ...] = ()
    sentence: str


class Reboot(Model):
    """A host that a build may boot anew, in an open window that says `reboot: true`; or, not `allowed` by any, one that
    somebody has to. `why`: reasons that it gives already; without one, packages that the plan installs may ask for it.
    `seconds`: as long as it took in earlier builds, None where nobody measured it."""

    host: str
    allowed: bool
    why: tuple[str, ...] = ()
    seconds: float | None = None
    losses: tuple[Loss, ...] = ()
    sentence: str


class Tool(Model):
    """Which pacsmith: its version and the SHA-256 (hex) of its own code, which tells two checkouts apart."""

    version: str
    code: str


class WrittenPlan(Model):
    """The whole file. `inputs` maps each input file (site, sheets, calibration, roles) to its SHA-256; `digest` is that
    of all the rest, so that a file which was cut or edited is found out. `coverage` is the share of steps that could be
    previewed, 0 to 1. `reasons` are the engines' sentences. `made` is when the reading began."""

    format: Literal[1] = FORMAT
    site: str
    site_file: str
    run: str
    who: str
    made: datetime
    tool: Tool
    inputs: dict[str, str] = Field(min_length=1)
    inputs_digest: str
    world_digest: str
    hosts: tuple[PlannedHost, ...] = Field(min_length=1)
    steps: int
    changes: int
    unseen: int
    coverage: float
    reasons: tuple[str, ...] = ()
    outages: tuple[Outage, ...] = ()
    reboots: tuple[Reboot, ...] = ()
    new: tuple[str, ...] = Field((), description="hosts never accepted: what they serve now, nobody knows")
    digest: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its hosts' names."""
        return tuple(one.host for one in self.hosts)

    def sealed(self) -> "WrittenPlan":
        """The same with its digest."""
        return self.model_copy(update={"digest": self.seal})

    @property
    def seal(self) -> str:
        """What `digest` must be."""
        return sha256_of(self.model_dump(mode="json", exclude={"digest"}))

    @property
    def text(self) -> str:
        """The file's text."""
        return self.model_dump_json(indent=1) + "\n"


def sha256_of(data: Any) -> str:
    """SHA-256, hex, of plain data as JSON in one fixed form."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def world_of(steps: tuple[PlannedStep, ...]) -> str:
    """SHA-256, hex, of what was seen of a host: its steps with what they would change."""
    return sha256_of([step.model_dump(mode="json", exclude={"why"}) for step in steps])
