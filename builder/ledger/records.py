"""What the ledger hands out beside runs, events and evidence."""

from datetime import datetime

from pydantic import Field, JsonValue

from builder.errors import Locked
from builder.inventory.windows import told_in
from builder.ledger.process import ProcessIdentity
from builder.models.base import Model

UTC_ZONE = "Etc/UTC"
"""The time zone of a ledger that no site has opened, by its name in the time zone database."""


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
    """Which run's process is at work on `scope` (a site's name, or `<site>/<host>`), who began it, why, since when."""

    scope: str
    who: str
    why: str
    run: str
    since: datetime
    process: ProcessIdentity

    @property
    def holder(self) -> str:
        """Who holds it, in full: account and machine, as "maeve@jump1"."""
        return f"{self.who}@{self.process.hostname}"


class Reservation(Model):
    """A lock that a person takes on `scope` for a time, whether a run is at work there or not: others change nothing
    there until it is given back or over."""

    scope: str
    who: str
    hostname: str
    why: str
    since: datetime
    until: datetime
    run: str

    @property
    def holder(self) -> str:
        """As of a Lock."""
        return f"{self.who}@{self.hostname}"


class Held(Locked):
    """A lock that somebody else holds (exit 4). `holder` is that lock; `doing` is what its run did last, in words;
    times are told in `zone`."""

    def __init__(self, holder: Lock | Reservation, doing: str | None = None, zone: str = UTC_ZONE) -> None:
        self.holder = holder
        since = f"{holder.scope} is locked by {holder.holder} since {told_in(zone, holder.since)}"
        way_out = f"pacsmith unlock {unlocking(holder.scope)} --held-by {holder.holder} --why '…'"
        if isinstance(holder, Reservation):
            super().__init__(
                f"{since} until {told_in(zone, holder.until)}: {holder.why}; wait for that, ask {holder.who}, or, "
                f"once you have agreed on it, free it with: {way_out}"
            )
        else:
            now = f", at last: {doing}" if doing else ""
            super().__init__(
                f"{since} to {holder.why} (run {holder.run}, {holder.process}{now}); wait for it, or, once you know "
                f"that nothing is at work there, free it with: {way_out}"
            )


def unlocking(scope: str) -> str:
    """What `pacsmith unlock` is given for a scope: the host, or that it is the whole site."""
    return scope.partition("/")[2] or "--whole-site"
