"""The dossier: everything that a person signs for at hand-over, as one record that each format writes out."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from builder.models.base import Model
from builder.models.calibration import Calibration
from builder.models.event import StepStatus
from builder.models.evidence import Evidence, Verdict
from builder.models.fact import Fact
from builder.models.run import Run
from builder.models.site import Operation
from builder.models.upgrade import Account

VERDICTS: tuple[Verdict, ...] = ("short", "unknown", "waived", "met", "not applicable")
"""Worst first: the order in which a reader is told."""


class Signature(Model):
    """A line to sign on; `name` is empty where the site names nobody."""

    duty: str
    name: str = ""


class Equipment(Model):
    """One machine of the site. `kind` reads as `archive` or `CT modality`; `ours` is False for what others built."""

    name: str
    kind: str
    ours: bool
    stand_in: bool = False
    dns: str
    address: str
    network: str
    location: str
    os: str = ""
    product: str = ""
    stage: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    installed: str = ""
    warranty_until: str = ""
    ae_title: str = ""
    ae_port: int | None = None
    ae_tls: bool = False
    web_port: int | None = None


class Passage(Model):
    """What `source` may do to `target`: all routes between the two together."""

    source: str
    target: str
    may: tuple[Operation, ...]


class Network(Model):
    """What the drawing shows."""

    title: str
    machines: tuple[Equipment, ...]
    passages: tuple[Passage, ...]


class HostReading(Model):
    """What a host said of itself when it was last read."""

    host: str
    read: datetime
    facts: tuple[Fact, ...]


class Proof(Model):
    """One question put and answered. `number` is its place in the dossier: E1, E2, ..."""

    number: int
    evidence: Evidence


class Cell(Model):
    """One operation on one way. Granted or not, `proof` is the number of the evidence that tried it."""

    operation: Operation
    granted: bool
    verdict: Verdict | None = None
    proof: int | None = None


class MatrixRow(Model):
    """One way and every operation that the matrix has a column for."""

    source: str
    target: str
    cells: tuple[Cell, ...]


class Step(Model):
    """What one operation came to. `duration` is in seconds; `diff` is abridged."""

    name: str
    status: StepStatus
    previewable: bool = True
    duration: float | None = None
    diff: str | None = None
    error: str | None = None


class RoleWork(Model):
    """The steps of one role on one host, in the order in which they were done. `seconds` is their sum."""

    role: str
    steps: tuple[Step, ...]
    changed: int
    ok: int
    failed: int
    seconds: float


class HostWork(Model):
    """What was carried out on one host. `coverage` is the share, 0 to 1, of steps that a plan could preview."""

    host: str
    roles: tuple[RoleWork, ...]
    coverage: float | None = None
    notes: tuple[str, ...] = ()


class WaivedRequirement(Model):
    """A requirement that the site's owner lives without: why, who says so and until when."""

    host: str
    requirement: str
    reason: str
    owner: str
    until: str


class CertificateRecord(Model):
    """A certificate in use; `subject` says so when its file cannot be read.

    `fingerprint` is the SHA-256 of its DER form, hex.
    """

    file: str
    subject: str
    issuer: str = ""
    not_after: datetime | None = None
    fingerprint: str = ""


class DisplayFigure(Model):
    """A figure of a display or of its calibration report: what it is, its value or why nobody can tell, and how it was
    come by."""

    meaning: str
    value: str
    origin: str


class DisplayLine(Model):
    """What the display's standard asks and what was found; `proof` is the number of the evidence, where it is some."""

    verdict: Verdict
    expected: str
    found: str
    attest: str | None = None
    proof: int | None = None


class DisplayRecord(Model):
    """A display that is held to a standard. `calibration` is the report that counted, of the file `file` with the
    SHA-256 `sha256`; without one `missing` says why. `limit`: the greatest deviation of a grey step from the GSDF, in
    per cent, that the standard allows. `due`: when to measure again, empty where the standard says nothing of it."""

    name: str
    title: str
    standard: str
    source: str
    trust: str
    limit: float | None = None
    calibration: Calibration | None = None
    file: str = ""
    sha256: str | None = None
    missing: str = ""
    due: str = ""
    figures: tuple[DisplayFigure, ...] = ()
    lines: tuple[DisplayLine, ...] = ()


class Dossier(Model):
    """`generated` and `time_zone` are given, never read from the clock: the same inputs give the same dossier."""

    format: Literal["pacsmith-dossier-1"] = "pacsmith-dossier-1"
    site: str
    title: str
    domain: str
    time_zone: str
    generated: datetime
    tool_version: str
    run: Run
    accepted: bool
    outcome: str = Field(description="the sentence on the cover")
    counts: dict[Verdict, int]
    signatures: tuple[Signature, ...]
    network: Network
    facts: tuple[HostReading, ...] = ()
    proofs: tuple[Proof, ...] = ()
    matrix: tuple[MatrixRow, ...] = ()
    displays: tuple[DisplayRecord, ...] = ()
    work: tuple[HostWork, ...] = ()
    notes: tuple[str, ...] = ()
    waivers: tuple[WaivedRequirement, ...] = ()
    certificates: tuple[CertificateRecord, ...] = ()
    history: tuple[Run, ...] = ()
    upgrade: Account | None = None
