"""What one archive of ours may do to another: its own Orthanc is asked for it over REST, the other end is read back."""

import json
import time
from typing import Any

from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from builder.models.evidence import Verdict
from builder.probes.between_outcome import orthanc_outcome
from builder.probes.commitment import Report, report_faults
from builder.probes.compare import by_instance, compare
from builder.probes.dcmtk import Outcome
from builder.probes.dicom import NOBODY, study_attributes
from builder.probes.orthanc import Orthanc
from builder.probes.question import Answer, Question
from builder.probes.samples import Sample, letters_of, make_samples, patient_id
from builder.probes.sending import modality_name
from builder.probes.stage import Stage, granted_answer, signs_of_life

_REPORT_SECONDS = 20.0

Heard = tuple[Outcome, bytes, float]
"""An outcome, the raw answer, and how long it took in seconds."""


def told(stage: Stage, question: Question, what: str, body: Any) -> Heard:
    """Let the origin's Orthanc do `what` to the target's AE. Raises Unreachable, SilentArchiveError."""
    origin, target = stage.archive(question.origin), stage.archive(question.target)
    name = modality_name(origin, target.entity.title)
    began = time.monotonic()
    status, content = origin.ask("POST", f"/modalities/{name}/{what}", json.dumps(body).encode(), timeout=90)
    return orthanc_outcome(status, content), content, time.monotonic() - began


def fresh_samples(stage: Stage, holder: Orthanc, sender: str) -> tuple[Sample, ...]:
    """A new set of test images that `holder` alone holds. Raises SilentArchiveError when it does not take them."""
    samples = make_samples(stage.run, sender, letters_of(stage.site))
    holder.put_all([sample.content for sample in samples])
    return samples


def _answer(question: Question, heard: Heard, faults: list[str], good: str) -> Answer:
    """The answer of a granted operation: what Orthanc said decides, unless it said success; then the reading does."""
    outcome, raw, seconds = heard
    if outcome.kind != "success":
        return granted_answer(question, outcome, raw, "", seconds, probe=_probe(question))
    verdict: Verdict = "short" if faults else "met"
    return Answer(
        verdict, "; ".join(faults) or good, _probe(question), raw, seconds, proves=signs_of_life(question, outcome)
    )


def _probe(question: Question) -> str:
    return f"Orthanc on {question.origin}, read back on {question.target}"


def echo(stage: Stage, question: Question) -> Answer:
    """The archive's C-ECHO to the other one."""
    return _answer(question, told(stage, question, "echo", {}), [], "answered with success")


def store(stage: Stage, question: Question) -> Answer:
    """C-STORE of images that the origin alone holds, each transfer syntax by itself (in one association Orthanc decodes
    what does not have the first image's); the target is asked what it then has."""
    origin = stage.archive(question.origin)
    samples = fresh_samples(stage, origin, f"{question.origin} to {question.target}")
    found = origin.identifiers(samples, patient_id(stage.run))
    outcome, raw, seconds = Outcome("broken", "nothing was sent"), b"", 0.0
    for syntax in sorted({sample.syntax for sample in samples}):
        resources = [found[sample.instance] for sample in samples if sample.syntax == syntax]
        outcome, said, more = told(stage, question, "store", {"Resources": resources, "Synchronous": True})
        raw, seconds = raw + said, seconds + more
        if outcome.kind != "success":
            break
    return _arrived(stage, question, question.target, samples, (outcome, raw, seconds))


def move(stage: Stage, question: Question) -> Answer:
    """C-MOVE to the origin's own AE of images that the target alone holds; the origin is asked what it then has."""
    samples = fresh_samples(stage, stage.archive(question.target), f"{question.origin} moves")
    body = retrieval(samples) | {"TargetAet": stage.archive(question.origin).entity.title}
    return _arrived(stage, question, question.origin, samples, told(stage, question, "move", body))


def get(stage: Stage, question: Question) -> Answer:
    """C-GET of images that the target alone holds; the origin is asked what it then has.

    Orthanc's C-GET agrees on Explicit VR Little Endian for whatever comes: only that can stay as it was.
    """
    samples = fresh_samples(stage, stage.archive(question.target), f"{question.origin} gets")
    plain = tuple(sample for sample in samples if sample.syntax == ExplicitVRLittleEndian)
    return _arrived(stage, question, question.origin, plain, told(stage, question, "get", retrieval(plain)))


def retrieval(samples: tuple[Sample, ...]) -> dict[str, Any]:
    """The body of Orthanc's /modalities/{id}/move and /get for the studies of `samples`."""
    return {
        "Level": "Study",
        "Resources": [{"StudyInstanceUID": sample.study} for sample in samples],
        "Synchronous": True,
    }


def _arrived(stage: Stage, question: Question, where: str, samples: tuple[Sample, ...], heard: Heard) -> Answer:
    held = by_instance(stage.archive(where).files(samples, patient_id(stage.run)))
    equal, faults = compare(samples, held)
    good = f"{equal} of {len(samples)} images read back on {where} equal byte for byte, pixel data and every attribute"
    return _answer(question, heard, faults, good)


def find(stage: Stage, question: Question) -> Answer:
    """A study search at the other archive, then one for a patient who does not exist."""
    sample, patient = stage.plain(question.target), patient_id(stage.run)
    wanted = study_attributes(sample, patient)
    outcome, raw, seconds = _searched(stage, question, wanted, patient)
    if outcome.kind != "success":
        return _answer(question, (outcome, raw, seconds), [], "")
    found: list[dict[str, str]] = json.loads(raw)
    faults = [] if len(found) == 1 else [f"{len(found)} answers to a search for one study"]
    for study in found[:1]:
        faults += [f"{keyword} is {study.get(keyword, 'absent')!r}, not {value!r}"
                   for keyword, value in wanted.items() if study.get(keyword) != value]  # fmt: skip
    outcome, missed, more = _searched(stage, question, wanted, NOBODY)
    if outcome.kind != "success" or json.loads(missed):
        faults.append(f"for a patient who does not exist: {outcome}, {len(missed)} bytes of answers")
    good = "exactly the test study with its attributes; none for another patient"
    return _answer(question, (Outcome("success", "success"), raw + missed, seconds + more), faults, good)


def _searched(stage: Stage, question: Question, wanted: dict[str, str], patient: str) -> Heard:
    """The answers as JSON where the search succeeded; Orthanc forgets them afterwards."""
    exact = {"PatientID": patient, "StudyInstanceUID": wanted["StudyInstanceUID"]}
    body = {"Level": "Study", "Query": dict.fromkeys(wanted, "") | exact}
    outcome, raw, seconds = told(stage, question, "query", body)
    if outcome.kind != "success":
        return outcome, raw, seconds
    origin, kept = stage.archive(question.origin), f"/queries/{json.loads(raw)['ID']}"
    try:
        status, answers = origin.ask("GET", f"{kept}/answers?expand&simplify")
    finally:
        origin.ask("DELETE", kept)
    return orthanc_outcome(status, answers), answers, seconds


def commit(stage: Stage, question: Question) -> Answer:
    """Storage commitment asked by the origin's Orthanc: the report must come back to it and tell held from unknown."""
    sample, missing = stage.plain(question.target), generate_uid()
    pairs = [[sample.sop_class, sample.instance], [sample.sop_class, missing]]
    outcome, raw, seconds = told(stage, question, "storage-commitment", {"DicomInstances": pairs})
    if outcome.kind != "success":
        return _answer(question, (outcome, raw, seconds), [], "")
    said = _reported(stage.archive(question.origin), json.loads(raw)["Path"])
    report = Report(
        outcome,
        safe=frozenset(item["SOPInstanceUID"] for item in said["Success"]),
        failed={item["SOPInstanceUID"]: int(item["FailureReason"]) for item in said["Failures"]},
        transaction_equal=True,  # Orthanc finds its own request by it
        reported_by=said["RemoteAET"] if said["Status"] != "Pending" else None,
    )
    good = "the held image reported as safe, the other as failed (0112H, no such instance)"
    return _answer(
        question, (outcome, json.dumps(said).encode(), seconds), report_faults(report, sample.instance), good
    )


def _reported(origin: Orthanc, path: str) -> dict[str, Any]:
    """What Orthanc knows of the commitment as soon as the report is there, or when it is no longer to be hoped for."""
    end = time.monotonic() + _REPORT_SECONDS
    while True:
        said: dict[str, Any] = origin.json("GET", path)
        if said["Status"] != "Pending" or time.monotonic() > end:
            return said
        time.sleep(0.2)
