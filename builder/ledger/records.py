"""What the ledger hands out beside runs, events and evidence."""

from datetime import datetime

from pydantic import Field, JsonValue

from builder.errors import Locked
from builder.ledger.process import ProcessIdentity
from builder.models.base import Model


class HostState(Model):
    """What is known of one host. `variables_digest` is the SHA-256 of the role variables that were last converged;
    `facts` are the last survey's, as read at `updated`. `accepted` is what was kept of it when it was accepted, and
    `drift` its last reading for drift since then (builder/models/drift.py)."""

    site: str
    name: str
    accepted_run: str | None = None
    variables_digest: str | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    updated: datetime
    accepted: dict[str, JsonValue] | None = None
    drift: dict[str, JsonValue] | None = None


class Lock(Model):
    """Who holds `scope` (a site's name, or `<site>/<host>`), why and since when."""

    scope: str
    who: str
    why: str
    run: str
    since: datetime
    process: ProcessIdentity


class Held(Locked):
    """A lock that somebody else holds (exit 4). `holder` is that lock."""

    def __init__(self, holder: Lock) -> None:
        self.holder = holder
        super().__init__(
            f"{holder.scope} is locked by {holder.who} since {holder.since:%Y-%m-%d %H:%M} UTC to {holder.why} "
            f"(run {holder.run}, {holder.process}); wait for it, or, once you know that nothing is at work there, "
            f"free it with: pacsmith locks --break {holder.scope} --reason '…'"
        )
