"""An upgrade as data: what one state of a host has and the next one shall have."""

from datetime import datetime
from typing import Literal

from builder.models.base import Line, Model, Name
from builder.models.plan import sha256_of

Part = Literal["release", "product", "database", "viewer", "driver", "security"]
"""What can be upgraded: Debian's release, the host's product, its database, the web viewer that it serves, its NVIDIA
driver, and the security updates within its release."""


class Change(Model):
    """One part of a host, by the name under which people know it (`debian`, `orthanc`, `postgresql`), and its versions.
    `field` is where the site file says so, from the host on; empty for security updates, of which no file speaks."""

    part: Part
    name: Name
    was: Line
    to: Line
    field: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """As people say it."""
        if self.part == "security":
            return "security updates"
        return f"{self.name} {self.was} to {self.to}"


class ChangeSet(Model):
    """The changes of one upgrade, for every host that it is made on alike. `inputs` maps what carries them out (roles,
    pacsmith itself) to its SHA-256: a rehearsal with other roles was another change."""

    changes: tuple[Change, ...]
    inputs: dict[str, str]

    @property
    def digest(self) -> str:
        """SHA-256, hex: under this a rehearsal is found again."""
        return sha256_of(self.model_dump(mode="json"))

    @property
    def told(self) -> str:
        """All changes as people say them."""
        return ", ".join(change.told for change in self.changes)


class Check(Model):
    """One thing that must be so before an upgrade may begin. `observed` is a sentence, `remedy` what to do about it."""

    name: Line
    verdict: Literal["met", "short", "unknown"]
    observed: str
    remedy: str = ""


Way = Literal["snapshot", "copy"]
"""By what a host goes back: a snapshot of its file system (btrfs), or a copy of every file of its system."""


class Timings(Model):
    """How long one upgrade's doors were closed, and of that its manifests and its database's way to the next version,
    in seconds; bytes are what the archive kept by then."""

    closed: float
    manifests: float = 0.0
    database: float = 0.0
    stored_bytes: int = 0
    database_bytes: int = 0


class Estimate(Model):
    """Seconds for which the doors will be closed, and what that rests on, as a clause."""

    seconds: float
    rests_on: str


class OutageSeen(Model):
    """For how many seconds on end a host was away, as `seen_by` saw it, and `how` that was seen."""

    seconds: float
    seen_by: str
    how: str


class Kept(Model):
    """What an archive kept at one moment, by its manifest: how many instances of how many studies, bytes of their
    files, and the SHA-256 (hex) over each one's SOP Instance UID, size, hash, study and patient."""

    instances: int
    studies: int
    size: int
    sha256: str


class Said(Model):
    """A run on which an upgrade rests: its rehearsal, or its approval."""

    run: str
    who: str
    at: datetime
    host: Name


class Leave(Model):
    """The runs on which an upgrade rests; None where none is asked for."""

    rehearsed: Said | None = None
    approved: Said | None = None


class NewErrors(Model):
    """What the logs of a host's services tell of once it serves again: `kinds` of error that they did not tell of
    before. With `unread`, why nobody knows."""

    kinds: tuple[str, ...] = ()
    unread: str = ""

    @property
    def told(self) -> str:
        """As a sentence, without a full stop."""
        if self.unread:
            return f"its error logs could not be read: {self.unread}"
        if not self.kinds:
            return "its logs tell of no error of a kind that they did not tell of before"
        many = f"{len(self.kinds)} kinds" if len(self.kinds) > 1 else "one kind"
        return f"its logs tell of {many} of error that they did not tell of before: see if that matters"


class Account(Model):
    """What the dossier tells of one upgrade of `host`. `acts` are its parts with their seconds, in order; `kept_before`
    and `kept_after` are of its last manifests, None of a host that is no archive; `settings` of its configuration
    were found to be what they were; `errors` is None of a host whose logs nobody reads, `way` where the host did not
    say."""

    host: Name
    changes: tuple[Change, ...]
    change_set: str
    outcome: Literal["upgraded", "back on what it was", "failed"]
    why: str = ""
    way: Way | None = None
    checks: tuple[Check, ...] = ()
    estimate: Estimate | None = None
    outage: OutageSeen | None = None
    kept_before: Kept | None = None
    kept_after: Kept | None = None
    settings: int | None = None
    errors: NewErrors | None = None
    acts: tuple[tuple[str, float], ...] = ()
    rehearsed: Said | None = None
    approved: Said | None = None
