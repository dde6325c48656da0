"""The modality worklist: an item laid into the archive's folder is found by its station, and not by another."""

from io import BytesIO

import pydicom
from pydicom import Dataset, FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from builder.models.archive import WORKLISTS
from builder.models.site import Host, Peer
from builder.probes.dcmtk import keys, read_outcome, scu
from builder.probes.orthanc import WORKLIST_PREFIX
from builder.probes.playing import Carried
from builder.probes.question import Answer, Question
from builder.probes.samples import PATIENT_NAME, patient_id
from builder.probes.stage import Stage, granted_answer, signs_of_life

OTHER_STATION = "PACSMITH_OTHER"


def worklist_item(run: str, station: str, modality: str) -> bytes:
    """A scheduled procedure step for `station`, as a DICOM file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = UID("1.2.276.0.7230010.3.1.0.1")  # dcmtk's own class for worklist files
    meta.MediaStorageSOPInstanceUID = generate_uid()
    item = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    item.PatientName, item.PatientID = f"{PATIENT_NAME}^WORKLIST", patient_id(run)
    item.PatientBirthDate, item.PatientSex, item.AccessionNumber = "", "O", "PACSMITH"
    item.StudyInstanceUID = generate_uid()
    item.RequestedProcedureID, item.RequestedProcedureDescription = "PACSMITH", "pacsmith acceptance test"
    step = Dataset()
    step.ScheduledStationAETitle, step.Modality = station, modality
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20000101", "120000"
    step.ScheduledProcedureStepID, step.ScheduledProcedureStepDescription = "PACSMITH", "pacsmith acceptance test"
    item.ScheduledProcedureStepSequence = [step]
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, item, enforce_file_format=True)
    return buffer.getvalue()


def worklist(stage: Stage, question: Question) -> Answer:
    """C-FIND in the modality worklist by the station's own AE title, and by a title that has nothing scheduled."""
    player, archive = stage.player(question.origin), stage.archive(question.target)
    file = f"{WORKLISTS}/{WORKLIST_PREFIX}{stage.run}-{player.name}.wl"
    archive.remote.put(worklist_item(stage.run, player.title, _modality(player.end)), file, "644", sudo=True)
    try:
        answers: list[Carried] = []
        for station in (player.title, OTHER_STATION):
            pairs = ["PatientName", f"PatientID={patient_id(stage.run)}",
                     f"ScheduledProcedureStepSequence[0].ScheduledStationAETitle={station}",
                     "ScheduledProcedureStepSequence[0].Modality"]  # fmt: skip
            folder = f"worklist-{question.target}-{len(answers)}"
            answers.append(player.run_into(folder, [scu("findscu", stage.way(question), ["-W", "-X", *keys(pairs)])]))
    finally:
        archive.remote.run(["rm", "-f", file], sudo=True)
    hit, miss = answers
    outcome = read_outcome(hit.code, hit.text)
    if outcome.kind != "success":
        return granted_answer(question, outcome, hit.log, "findscu -W", hit.seconds)
    right = len(hit.files) == 1 and _is_ours(hit.files[0], stage.run, player.title)
    other = read_outcome(miss.code, miss.text)
    met = right and not miss.files and other.kind == "success"
    return Answer(
        verdict="met" if met else "short",
        observed=f"{len(hit.files)} item for {player.title}{'' if right else ', not the one expected'}, "
        f"{len(miss.files)} for {OTHER_STATION}" + ("" if other.kind == "success" else f" ({other})"),
        probe=f"dcmtk findscu -W on {player.name}",
        raw=hit.log + miss.log,
        seconds=hit.seconds + miss.seconds,
        proves=signs_of_life(question, outcome),
    )


def _modality(end: Host | Peer) -> str:
    return (end.modality if isinstance(end, Peer) else None) or "OT"


def _is_ours(answer: bytes, run: str, station: str) -> bool:
    found = pydicom.dcmread(BytesIO(answer), force=True)
    steps = found.get("ScheduledProcedureStepSequence") or []
    return found.get("PatientID") == patient_id(run) and [step.get("ScheduledStationAETitle") for step in steps] == [
        station
    ]
