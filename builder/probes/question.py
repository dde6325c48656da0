"""What verification asks, and what it got for an answer."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from builder.models.evidence import Evidence, Verdict

Phase = Literal["write", "read", "refuse", "rate", "restore"]
Kind = Literal["route", "check"]


@dataclass(frozen=True)
class Question:
    """One question about one way from `origin` to `target` (names of the site).

    `ask` names the probe (builder/probes/asks.py). `detail` is what the probe needs beside the two ends: an
    operation, a user's name, a port. `attest` says who must answer where no probe can. `about` is the machine that the
    evidence is filed under, `target` when empty.
    """

    subject: str
    ask: str
    origin: str
    target: str
    expected: str
    source: str
    phase: Phase = "refuse"
    kind: Kind = "route"
    detail: str = ""
    attest: str | None = None
    about: str = ""


@dataclass(frozen=True)
class Answer:
    """What a probe heard.

    `proves` names services that this answer shows to be alive; `needs` names those without which this answer proves
    nothing: a connection that fails is a refusal only where the service is known to live. `unasked` is true when no
    probe got as far as an answer: only then may a person answer instead.
    """

    verdict: Verdict
    observed: str
    probe: str
    raw: bytes = b""
    seconds: float | None = None
    proves: frozenset[str] = field(default_factory=frozenset)
    needs: frozenset[str] = field(default_factory=frozenset)
    unreachable: bool = False
    unasked: bool = False


def dicom_service(host: str) -> str:
    """The name of a host's DICOM listener in `proves` and `needs`."""
    return f"a living DICOM service of {host}"


def web_service(host: str) -> str:
    """The name of a host's web door in `proves` and `needs`."""
    return f"a living web service of {host}"


def same_process(host: str) -> str:
    """The name of the fact that one and the same Orthanc process served during the whole verification."""
    return f"one Orthanc process on {host} from beginning to end"


def path(origin: str, host: str) -> str:
    """The name of the network path from a machine to a host, proven by anything that came back over it."""
    return f"a path from {origin} to {host}"


def listener(host: str, port: int) -> str:
    """The name of a socket that a host itself reports as listening."""
    return f"a listener on port {port} of {host}"


def settle(answer: Answer, alive: frozenset[str]) -> Answer:
    """Turn a refusal by a service that nothing has shown to be alive into what it is: unknown."""
    missing = sorted(answer.needs - alive)
    if answer.verdict != "met" or not missing:
        return answer
    return Answer(
        verdict="unknown",
        observed=f"{answer.observed}; but nothing shows {' and '.join(missing)}, so this proves no refusal",
        probe=answer.probe,
        raw=answer.raw,
        seconds=answer.seconds,
        proves=answer.proves,
        unreachable=answer.unreachable,
        unasked=True,
    )


def evidence_of(question: Question, answer: Answer, run: str, at: datetime | None = None) -> Evidence:
    """Question and answer as the record that is kept."""
    return Evidence(
        kind=question.kind,
        subject=question.subject,
        source=question.source,
        expected=question.expected,
        observed=answer.observed,
        verdict=answer.verdict,
        at=at or datetime.now(UTC),
        probe=answer.probe,
        host=question.about or question.target,
        run=run,
        raw_sha256=hashlib.sha256(answer.raw).hexdigest() if answer.raw else None,
        seconds=None if answer.seconds is None else round(answer.seconds, 3),
        attest=question.attest if answer.verdict == "unknown" and answer.unasked else None,
    )
