"""What becomes of an upgrade."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.models.run import Outcome
from builder.models.upgrade import NewErrors, OutageSeen, Timings
from builder.probes.stream import Stream
from builder.wayback.manifest import Manifest
from builder.workflows.preflight import Ahead
from builder.workflows.verify import Verified


@dataclass
class Upgraded:
    """What became of it: `outcome` accepted means upgraded, done that nothing was left to do; `kept` is the run by
    whose name its way back is kept; `rolled_back` that the host is what it was, and proven to be. `seconds` is how long
    each act took, `settings` how many settings of its configuration are what they were, `errors` what its logs tell of
    (None of a host without such), `outage` what a modality saw, `stream` what a stand-in of the lab wrote down of it,
    `dossier` its files by format."""

    outcome: Outcome = "failed"
    kept: str = ""
    rolled_back: bool = False
    why: str = ""
    ahead: Ahead | None = None
    timings: Timings | None = None
    settings: int | None = None
    errors: NewErrors | None = None
    outage: OutageSeen | None = None
    stream: Stream | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    before: Manifest | None = None
    after: Manifest | None = None
    proven: Verified = field(default_factory=lambda: Verified((), unreachable=False))
    dossier: Mapping[str, Path] = field(default_factory=dict)
