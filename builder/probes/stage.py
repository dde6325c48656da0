"""Where the questions are asked: archives and stand-ins, opened, with the test images that belong to this run."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import SecretStr

from builder.errors import PacsmithError
from builder.inventory import fqdn_of
from builder.models.depot import Needed
from builder.models.evidence import Verdict
from builder.models.secret import SecretReference
from builder.models.site import Site
from builder.probes.dcmtk import Outcome, Way
from builder.probes.orthanc import Orthanc
from builder.probes.playing import Player
from builder.probes.question import Answer, Question, dicom_service, path, same_process
from builder.probes.samples import Sample

Result = TypeVar("Result")


class StageError(PacsmithError):
    """A machine that a question needs could not be opened; the text says why."""


def _no_depot(needed: Needed) -> Path:
    raise StageError(f"{needed}: this verification was given no depot to compare with")


@dataclass
class Stage:
    """`samples`: what each stand-in stores; `stow`: what it sends by STOW-RS; `stored`: what each archive is known to
    hold of this run. `at_work`: the runs, this one among them, that are at work now. `artefact`: the depot's file,
    hashed just now; raises PacsmithError when it is not there."""

    site: Site
    run: str
    secret: Callable[[SecretReference], SecretStr]
    ca_pem: str = ""
    artefact: Callable[[Needed], Path] = _no_depot
    at_work: Callable[[], frozenset[str]] = frozenset
    archives: dict[str, Orthanc] = field(default_factory=dict)
    players: dict[str, Player] = field(default_factory=dict)
    samples: dict[str, tuple[Sample, ...]] = field(default_factory=dict)
    stow: dict[str, Sample] = field(default_factory=dict)
    stored: dict[str, tuple[Sample, ...]] = field(default_factory=dict)
    absent: dict[str, PacsmithError] = field(default_factory=dict)
    _done: dict[str, Future[Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, key: str, work: Callable[[], Result]) -> Result:
        """The result of `work`, done once a run however many questions need it; raises again what it raised."""
        with self._lock:
            mine = key not in self._done
            future: Future[Any] = self._done.setdefault(key, Future())
        if mine:
            try:
                future.set_result(work())
            except BaseException as fault:
                future.set_exception(fault)
        return cast("Result", future.result())

    def player(self, name: str) -> Player:
        """The stand-in `name`. Raises what kept it from being opened, or StageError."""
        if name in self.players:
            return self.players[name]
        raise self.absent.get(name) or StageError(f"{name}: no stand-in plays it; set stand_in: true in the site file")

    def archive(self, name: str) -> Orthanc:
        """The archive `name`. Raises what kept it from being opened, or StageError."""
        if name in self.archives:
            return self.archives[name]
        raise self.absent.get(name) or StageError(f"{name}: not an archive that this run verifies")

    def kept(self, archive: str) -> tuple[Sample, ...]:
        """Test images that the archive holds. Raises StageError when there is none to ask for."""
        found = self.stored.get(archive, ())
        if not found:
            raise StageError(f"{archive}: it holds no test image to ask for, since none could be stored")
        return found

    def plain(self, archive: str) -> Sample:
        """One uncompressed test image that the archive holds. Raises StageError when there is none."""
        for sample in self.kept(archive):
            if sample.propose == "-xe":
                return sample
        raise StageError(f"{archive}: it holds no uncompressed test image to ask for")

    def fqdn(self, name: str) -> str:
        """The full DNS name of a machine of the site."""
        return fqdn_of(self.site, self.site.end(name))

    def way(self, question: Question, *, calling: str | None = None, called: str | None = None) -> Way:
        """From the stand-in that the question starts from to the archive's AE; either title may be another one."""
        player, archive = self.player(question.origin), self.archive(question.target)
        entity = archive.entity
        return Way(
            calling=calling or player.title,
            called=called or entity.title,
            address=str(archive.host.address),
            port=entity.port,
            tls=player.tls if entity.tls else None,
        )


def granted_answer(
    question: Question, outcome: Outcome, raw: bytes, tool: str, seconds: float, *, probe: str = ""
) -> Answer:
    """The answer to a granted operation: met by success alone; a tool that did not work shows nothing either way.

    `tool` is dcmtk's, unless `probe` says who asked.
    """
    verdict: Verdict = {"success": "met", "broken": "unknown"}.get(outcome.kind, "short")  # type: ignore[assignment]
    return Answer(
        verdict=verdict,
        observed=str(outcome),
        probe=probe or f"dcmtk {tool} on {question.origin}",
        raw=raw,
        seconds=seconds,
        proves=signs_of_life(question, outcome),
    )


def signs_of_life(question: Question, outcome: Outcome) -> frozenset[str]:
    """What an outcome shows to be alive."""
    if not outcome.answered:
        return frozenset()
    return frozenset({dicom_service(question.target), path(question.origin, question.target)})


def refused_answer(
    question: Question, outcome: Outcome, raw: bytes, probe: str, seconds: float, *, reason: str = ""
) -> Answer:
    """The answer to an operation that no route grants: a refusal counts only when the DICOM peer itself spoke it.

    With `reason`, only a rejected association that names this reason is the right refusal.
    """
    verdict: Verdict = "unknown"
    observed = str(outcome)
    if outcome.kind == "success":
        verdict, observed = "short", "it was carried out"
    elif reason:
        verdict = "met" if outcome.kind == "rejected" and reason.lower() in outcome.detail.lower() else "unknown"
        if outcome.answered and outcome.kind != "rejected":
            verdict, observed = "short", f"the association was accepted ({outcome})"
    elif outcome.kind in ("aborted", "no context") or (outcome.kind == "status" and _names_right(outcome.detail)):
        verdict = "met"
    elif outcome.kind == "rejected":
        observed = f"{outcome}: the AE gets no association at all, although routes grant it other operations"
    return Answer(
        verdict=verdict,
        observed=observed if verdict != "unknown" else f"{observed}; this is not the refusal that was expected",
        probe=probe,
        raw=raw,
        seconds=seconds,
        proves=signs_of_life(question, outcome),
        needs=frozenset({same_process(question.target)}) if outcome.kind == "aborted" else frozenset(),
    )


def _names_right(detail: str) -> bool:
    """A status that speaks of rights (PS3.7, C.5.17 and C.5.25), not one for a request that could not be carried out:
    out of resources and an unknown move destination are "refused", too, by an archive that would have obeyed."""
    return any(word in detail.lower() for word in ("notauthorized", "not authorized", "sopclassnotsupported"))


Ask = Callable[[Stage, Question], Answer]
Asks = Mapping[str, Ask]
