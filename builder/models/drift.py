"""Drift: what of a machine is no longer as it was accepted, since when, and whether it or the site has moved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from builder.models.base import Model
from builder.models.plan import Tool

Concern = Literal[
    "AE table and routes", "certificates", "driver", "display order", "grey calibration", "services", "packages",
    "files", "machine",
]  # fmt: skip
CONCERNS: tuple[Concern, ...] = (
    "AE table and routes", "certificates", "driver", "display order", "grey calibration", "services", "packages",
    "files", "machine",
)  # fmt: skip
"""In the order in which they matter to patients: who may send and fetch first, the machine's own record last."""

Cause = Literal["corrective", "intended", "both", "undecided", "due"]
"""corrective: the machine was changed; a build corrects what a role sets. intended: the site was changed; a build would
carry that out, or has done so and was not accepted. both. undecided: one of the two, and nobody can tell which. due:
time has passed."""

Kind = Literal["step", "fact", "requirement", "certificate"]


class Difference(Model):
    """One thing that differs. `accepted` and `now` are short texts for people, `diff` unified-diff text of a step that
    would change something. It was not there at `after` and was there at `seen`, when it was first read (UTC)."""

    host: str
    kind: Kind
    subject: str = Field(description="a fact's name, `role: step`, a requirement or a certificate")
    concern: Concern
    cause: Cause
    accepted: str
    now: str
    diff: str | None = None
    after: datetime | None = None
    seen: datetime | None = None

    @property
    def key(self) -> str:
        """What it is known by from one reading to the next."""
        return f"{self.kind}: {self.subject}"


class Unseen(Model):
    """Something that was known when the host was accepted, and cannot be told now."""

    host: str
    subject: str
    why: str


class HostDrift(Model):
    """One host. `steps` are those of its roles and `seen` those that a reading could judge; `blind` are the others,
    which no reading ever can. `facts` were compared. `ends` is when its certificate ends."""

    host: str
    accepted_run: str | None = None
    accepted_at: datetime | None = None
    read: bool = True
    steps: int = 0
    seen: int = 0
    facts: int = 0
    differences: tuple[Difference, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    blind: tuple[str, ...] = ()
    ends: datetime | None = None

    @property
    def state(self) -> Literal["unreachable", "drift", "unknown", "as accepted"]:
        """The worst that can be said; what could not be seen is never `as accepted`."""
        if not self.read:
            return "unreachable"
        if self.differences:
            return "drift"
        return "unknown" if self.unseen or self.accepted_run is None else "as accepted"


class SiteDrift(Model):
    """One reading of a site's hosts: the run `run`, begun at `at` (UTC)."""

    site: str
    run: str
    at: datetime
    hosts: tuple[HostDrift, ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of all hosts: what matters most to patients first, then by host and subject."""
        found = (one for host in self.hosts for one in host.differences)
        return tuple(sorted(found, key=lambda one: (CONCERNS.index(one.concern), one.host, one.kind, one.subject)))


class Trace(Model):
    """What is kept of a difference from one reading to the next: after which moment and at which it was first seen."""

    after: datetime | None
    seen: datetime
    cause: Cause


class LastReading(Model):
    """A host's last reading since its acceptance, as the ledger keeps it: when, and its differences by their keys.
    `untold` are kinds and subjects that it could not tell, and when they were told last."""

    at: datetime
    traces: Mapping[str, Trace] = Field(default_factory=dict)
    untold: Mapping[str, datetime | None] = Field(default_factory=dict)


class Accepted(Model):
    """What was kept of a host when it was accepted: each role's variables (references to secrets, never values), its
    facts by name, and its requirements that were met or waived, `source: requirement`. `tool` is the pacsmith that
    accepted it; None where an older one kept nothing of itself."""

    variables: Mapping[str, Mapping[str, JsonValue]]
    facts: Mapping[str, JsonValue]
    requirements: tuple[str, ...] = ()
    tool: Tool | None = None
