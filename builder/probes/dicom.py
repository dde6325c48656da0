"""Granted DICOM operations, each carried out by dcmtk on the stand-in that the route names."""

import time
from io import BytesIO

import pydicom
from packaging.version import Version

from builder.probes.association import move_studies
from builder.probes.compare import by_instance, compare
from builder.probes.dcmtk import Outcome, keys, read_outcome, scu, stored
from builder.probes.question import Answer, Question
from builder.probes.samples import RECIPES, Sample, patient_id
from builder.probes.stage import Stage, granted_answer, signs_of_life

NOBODY = "PACSMITH_NOBODY"
# What getscu can be told to prefer: one transfer syntax a call. Orthanc 1.10.1 decodes for C-GET even when the getter
# takes the stored syntax, 1.12.7 does not (both measured).
GET_UNCOMPRESSED = {"-xe": "+xe", "-xi": "+xi"}
GET_COMPRESSED = {"-xs": "+xs", "-xr": "+xr"}
_KEEPS_COMPRESSION = Version("1.12")


def echo(stage: Stage, question: Question) -> Answer:
    """C-ECHO."""
    answer = stage.player(question.origin).run(scu("echoscu", stage.way(question)))
    outcome = read_outcome(answer.code, answer.text)
    return granted_answer(question, outcome, answer.stdout + answer.stderr, "echoscu", answer.seconds)


def store(stage: Stage, question: Question) -> Answer:
    """C-STORE of every test image, an association for each transfer syntax; the archive is asked what it holds."""
    player, samples = stage.player(question.origin), stage.samples[question.origin]
    options = dict.fromkeys(recipe.propose for recipe in RECIPES)
    groups = [[sample for sample in samples if sample.propose == option] for option in options]
    way = stage.way(question)
    carried = player.run_into(
        f"store-{question.target}",
        [scu("storescu", way, [group[0].propose], [f"../{sample.file_name}" for sample in group]) for group in groups],
    )
    outcome = read_outcome(carried.code, carried.text)
    if not stored(carried.text):
        return granted_answer(question, outcome, carried.log, "storescu", carried.seconds)
    held = held_by(stage, question.target, samples)
    stage.stored[question.target] = (*stage.stored.get(question.target, ()), *held)
    equal, faults = compare(held, files_of(stage, question.target, held))
    met = stored(carried.text) == len(held) == len(samples) == equal
    return Answer(
        verdict="met" if met else "short",
        observed=f"{stored(carried.text)} of {len(samples)} images in {len(groups)} transfer syntaxes answered with "
        f"success, {equal} kept by the archive equal byte for byte"
        + ("" if met else "; ".join(["", *faults, str(outcome)])),
        probe=f"dcmtk storescu on {player.name}",
        raw=carried.log,
        seconds=carried.seconds,
        proves=signs_of_life(question, outcome),
    )


def files_of(stage: Stage, archive: str, samples: tuple[Sample, ...]) -> dict[str, bytes]:
    """What the archive keeps of these samples, by SOP instance UID; what it does not give is left out."""
    read = {sample.instance: stage.archive(archive).read_back(sample.instance) for sample in samples}
    return {instance: content for instance, (status, content) in read.items() if status == 200}


def held_by(stage: Stage, archive: str, samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Which of `samples` the archive itself says that it holds."""
    query = {"Level": "Instance", "Query": {"PatientID": patient_id(stage.run)}, "Expand": True}
    found = stage.archive(archive).json("POST", "/tools/find", query)
    held = {instance["MainDicomTags"].get("SOPInstanceUID") for instance in found}
    return tuple(sample for sample in samples if sample.instance in held)


def find(stage: Stage, question: Question) -> Answer:
    """C-FIND of one study, then of the same study for a patient who does not exist."""
    player, sample = stage.player(question.origin), stage.plain(question.target)

    def search(patient: str) -> list[str]:
        pairs = ["QueryRetrieveLevel=STUDY", f"PatientID={patient}", f"StudyInstanceUID={sample.study}", "PatientName",
                 "StudyDate", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"]  # fmt: skip
        return scu("findscu", stage.way(question), ["-S", "-X", *keys(pairs)])

    hit = player.run_into(f"find-{question.target}", [search(patient_id(stage.run))])
    outcome = read_outcome(hit.code, hit.text)
    if outcome.kind != "success":
        return granted_answer(question, outcome, hit.log, "findscu", hit.seconds)
    miss = player.run_into(f"find-nobody-{question.target}", [search(NOBODY)])
    faults = study_faults(sample, patient_id(stage.run), hit.files)
    if miss.files or read_outcome(miss.code, miss.text).kind != "success":
        faults.append(
            f"for a patient who does not exist: {len(miss.files)} answers, {read_outcome(miss.code, miss.text)}"
        )
    return Answer(
        verdict="short" if faults else "met",
        observed="; ".join(faults) or "exactly the test study with its attributes; none for another patient",
        probe=f"dcmtk findscu on {player.name}",
        raw=hit.log + miss.log,
        seconds=hit.seconds + miss.seconds,
        proves=signs_of_life(question, outcome),
    )


def study_faults(sample: Sample, patient: str, answers: list[bytes]) -> list[str]:
    """What is wrong with the answers to a search for the study of `sample`: one is wanted, with these attributes."""
    if len(answers) != 1:
        return [f"{len(answers)} answers to a search for one study"]
    found = pydicom.dcmread(BytesIO(answers[0]), force=True)
    return [
        f"{keyword} is {str(found.get(keyword, 'absent'))!r}, not {value!r}"
        for keyword, value in study_attributes(sample, patient).items()
        if str(found.get(keyword, "")) != value
    ]


def study_attributes(sample: Sample, patient: str) -> dict[str, str]:
    """What a search for the study of `sample` must answer, by keyword."""
    image = pydicom.dcmread(BytesIO(sample.content), stop_before_pixels=True)
    return {
        "PatientID": patient,
        "PatientName": str(image.PatientName),
        "StudyInstanceUID": sample.study,
        "StudyDate": str(image.StudyDate),
        "StudyDescription": str(image.StudyDescription),
        "ModalitiesInStudy": sample.modality,
        "NumberOfStudyRelatedInstances": "1",
    }


def move(stage: Stage, question: Question) -> Answer:
    """C-MOVE of every test study to the mover's own AE, where a storescp keeps what comes, bit for bit."""
    player, samples = stage.player(question.origin), stage.kept(question.target)
    tool = "pynetdicom C-MOVE from" if stage.way(question).tls else "dcmtk movescu on"
    began = time.monotonic()
    with player.listening(f"moved-{question.target}") as listener:
        outcome, log = _moved(stage, question, [sample.study for sample in samples])
        received = by_instance(listener.received().values())
    seconds = time.monotonic() - began
    if outcome.kind != "success" and not received:
        return granted_answer(question, outcome, log, "movescu", seconds)
    equal, faults = compare(samples, received)
    return Answer(
        verdict="short" if faults else "met",
        observed=f"{equal} of {len(samples)} images came back equal byte for byte"
        + (f"; {'; '.join(faults)}" if faults else ", pixel data and every attribute"),
        probe=f"{tool} {player.name}, storescp there",
        raw=log,
        seconds=seconds,
        proves=signs_of_life(question, outcome),
    )


def _moved(stage: Stage, question: Question, studies: list[str]) -> tuple[Outcome, bytes]:
    player, way = stage.player(question.origin), stage.way(question)
    if way.tls:  # dcmtk's movescu speaks no TLS
        outcome = move_studies(stage, question, studies)
        return outcome, repr(outcome).encode()
    options = [["-S", "-aem", player.title, *keys(["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}"])]
               for study in studies]  # fmt: skip
    carried = player.run_into(f"move-{question.target}", [scu("movescu", way, option) for option in options])
    return read_outcome(carried.code, carried.text), carried.log


def get(stage: Stage, question: Question) -> Answer:
    """C-GET of one test study for each transfer syntax that getscu can prefer."""
    player = stage.player(question.origin)
    version = Version(stage.archive(question.target).host.product.version)
    syntaxes = GET_UNCOMPRESSED | (GET_COMPRESSED if version >= _KEEPS_COMPRESSION else {})
    wanted = {sample.propose: sample for sample in stage.kept(question.target) if sample.propose in syntaxes}
    way = stage.way(question)
    commands = [
        scu("getscu", way, ["-S", "+B", syntaxes[sample.propose], *keys(
            ["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={sample.study}"])])
        for sample in wanted.values()
    ]  # fmt: skip
    carried = player.run_into(f"get-{question.target}", commands)
    outcome = read_outcome(carried.code, carried.text)
    received = by_instance(carried.files)
    if outcome.kind != "success" and not received:
        return granted_answer(question, outcome, carried.log, "getscu", carried.seconds)
    equal, faults = compare(wanted.values(), received)
    return Answer(
        verdict="short" if faults else "met",
        observed=f"{equal} of {len(wanted)} images, each in its own transfer syntax, came equal byte for byte"
        + (f"; {'; '.join(faults)}" if faults else ""),
        probe=f"dcmtk getscu on {player.name}",
        raw=carried.log,
        seconds=carried.seconds,
        proves=signs_of_life(question, outcome),
    )
