"""What our own archive may do to a peer, and whether it knows the peers as the site does: asked of it by REST."""

import json
from collections.abc import Mapping
from typing import Any

from builder.models.evidence import Verdict
from builder.models.site import Host, Peer
from builder.probes.between_outcome import details, orthanc_outcome
from builder.probes.compare import by_instance, compare
from builder.probes.matrix import joined_titles, registry_entry
from builder.probes.orthanc import Orthanc
from builder.probes.question import Answer, Question
from builder.probes.samples import Sample
from builder.probes.stage import Stage, StageError


def modality_name(archive: Orthanc, title: str) -> str:
    """Under which name Orthanc knows the AE `title`. Raises StageError when it does not."""
    for name, settings in _modalities(archive).items():
        if settings["AET"] == title:
            return name
    raise StageError(f"{archive.host.name}: its registry has no AE {title}")


def _modalities(archive: Orthanc) -> dict[str, Any]:
    found: dict[str, Any] = archive.json("GET", "/modalities?expand")
    return found


def send_echo(stage: Stage, question: Question) -> Answer:
    """The archive's C-ECHO to the stand-in's storescp."""
    archive, player = stage.archive(question.origin), stage.player(question.target)
    name = modality_name(archive, player.title)
    with player.listening(f"echoed-{question.origin}"):
        status, content = archive.ask("POST", f"/modalities/{name}/echo", b"{}")
    return Answer(
        verdict="met" if status == 200 else "short",
        observed="answered" if status == 200 else f"Orthanc says {_reason(status, content)}",
        probe=f"Orthanc on {question.origin}, storescp on {player.name}",
        raw=content,
    )


def send_store(stage: Stage, question: Question) -> Answer:
    """The archive's C-STORE of one test study to the stand-in's storescp."""
    sample, status, content, files = _told_to_store(stage, question, f"sent-{question.origin}")
    equal, faults = compare([sample], by_instance(files.values()))
    return Answer(
        verdict="met" if status == 200 and equal == 1 else "short",
        observed="the image came equal byte for byte"
        if equal
        else f"Orthanc says {_reason(status, content)}; {faults[0]}",
        probe=f"Orthanc on {question.origin}, storescp on {question.target}",
        raw=content,
    )


def send_refused(stage: Stage, question: Question) -> Answer:
    """C-STORE to a stand-in to which no route leads: the archive must not know where it listens, so nothing comes."""
    _, status, content, files = _told_to_store(stage, question, f"refused-{question.origin}")
    came = len(files)
    outcome = orthanc_outcome(status, content)
    verdict: Verdict = "short" if came or outcome.answered else "met" if outcome.kind == "closed" else "unknown"
    return Answer(
        verdict=verdict,
        observed=f"{outcome}; {came} images came",
        probe=f"Orthanc on {question.origin}, storescp on {question.target}",
        raw=content,
    )


def _told_to_store(stage: Stage, question: Question, folder: str) -> tuple[Sample, int, bytes, Mapping[str, bytes]]:
    """Tell the archive to send one test image to the stand-in: the image, Orthanc's answer, and what came."""
    archive, player = stage.archive(question.origin), stage.player(question.target)
    name, sample = modality_name(archive, player.title), stage.plain(question.origin)
    found = archive.lookup(sample.instance)
    with player.listening(folder) as listener:
        status, content = archive.ask("POST", f"/modalities/{name}/store", json.dumps(found).encode())
        return sample, status, content, listener.received()


def _reason(status: int, content: bytes) -> str:
    return f"{status} {details(content)}".strip()


def registry(stage: Stage, question: Question) -> Answer:
    """The archive's own entry for a peer: title, address, port, TLS, each as the site has it."""
    archive = stage.archive(question.origin)
    content = archive.json("GET", "/modalities?expand")
    verdict, observed = entry_verdict(content, stage.site.end(question.target), reached=question.detail == "reached")
    return Answer(
        verdict=verdict,
        observed=observed,
        probe=f"Orthanc on {question.origin}, /modalities",
        raw=json.dumps(content, sort_keys=True).encode(),
    )


def entry_verdict(modalities: dict[str, Any], end: Host | Peer, *, reached: bool) -> tuple[Verdict, str]:
    """Compare Orthanc's expanded /modalities with an end of the site, the port only where the archive may send."""
    assert end.ae is not None
    entries = [entry for entry in modalities.values() if entry["AET"] == end.ae.title]
    if not entries:
        return "short", f"no entry for {end.ae.title}"
    told = [f"{entry['AET']} at {entry['Host']}" + (_way_in(entry) if reached or entry["Port"] == end.ae.port else "")
            for entry in entries]  # fmt: skip
    return ("met" if told == [registry_entry(end, reached)] else "short"), "; ".join(told)


def _way_in(entry: dict[str, Any]) -> str:
    return f":{entry['Port']}" + (" with TLS" if entry.get("UseDicomTls") else "")


def strangers(stage: Stage, question: Question) -> Answer:
    """Whether the archive knows any AE that no route of the site names."""
    archive = stage.archive(question.origin)
    content = archive.json("GET", "/modalities?expand")
    known = joined_titles(stage.site, question.origin)
    extra = sorted(entry["AET"] for entry in content.values() if entry["AET"] not in known)
    return Answer(
        verdict="short" if extra else "met",
        observed=f"unknown to the site: {', '.join(extra)}" if extra else f"{len(content)} entries, all from the site",
        probe=f"Orthanc on {question.origin}, /modalities",
        raw=json.dumps(content, sort_keys=True).encode(),
    )
