"""What no route grants one archive of ours at another: its own Orthanc tries, and the other one must refuse."""

from typing import Any

from builder.models.site import DicomOperation
from builder.probes.between import fresh_samples, retrieval, told
from builder.probes.compare import by_instance
from builder.probes.dcmtk import Outcome
from builder.probes.question import Answer, Question
from builder.probes.samples import patient_id
from builder.probes.stage import Ask, Stage, refused_answer

REST: dict[DicomOperation, str] = {
    "echo": "echo",
    "store": "store",
    "find": "query",
    "move": "move",
    "worklist": "find-worklist",
    "commit": "storage-commitment",
}


def refuse(operation: DicomOperation) -> Ask:
    """A probe that lets the origin's Orthanc try `operation` at the target and wants it refused."""

    def ask(stage: Stage, question: Question) -> Answer:
        outcome, raw, seconds = told(stage, question, REST[operation], _body(stage, question, operation))
        return refused_answer(question, outcome, raw, f"Orthanc on {question.origin}", seconds)

    return ask


def _body(stage: Stage, question: Question, operation: DicomOperation) -> Any:
    """A request that would succeed if it were allowed."""
    origin, title = stage.archive(question.origin), stage.archive(question.origin).entity.title
    if operation == "store":
        return origin.lookup(stage.plain(question.origin).instance)
    if operation == "worklist":
        return {"Query": {"ScheduledProcedureStepSequence": [{"ScheduledStationAETitle": title}]}}
    sample = stage.plain(question.target)
    return {
        "echo": {},
        "find": {"Level": "Study", "Query": {"StudyInstanceUID": sample.study}},
        "move": retrieval((sample,)) | {"TargetAet": title},
        "commit": {"DicomInstances": [[sample.sop_class, sample.instance]]},
    }[operation]


def refuse_get(stage: Stage, question: Question) -> Answer:
    """C-GET. Orthanc calls it a success when the other end aborts, so two things tell: what came, and the refusal that
    the other archive writes into its log."""
    origin, target = stage.archive(question.origin), stage.archive(question.target)
    samples = fresh_samples(stage, target, f"{question.origin} wants")
    log = target.log_size()
    outcome, raw, seconds = told(stage, question, "get", retrieval(samples[:1]))
    if outcome.kind == "success" and not by_instance(origin.files(samples[:1], patient_id(stage.run))):
        refusal = f'Rejected Get request from remote DICOM modality with AET "{origin.entity.title}"'
        outcome = Outcome("broken", "nothing came, but the other archive's log speaks of no refusal")
        if refusal in target.log_since(log):
            outcome = Outcome("aborted", "nothing came, and the other archive's log says that it rejected the request")
    probe = f"Orthanc on {question.origin}, log of {question.target}"
    return refused_answer(question, outcome, raw, probe, seconds)
