"""DICOMweb over TLS from the stand-in that the route names, each user with its own rights."""

import json
import re
from collections.abc import Callable, Sequence

from builder.models.archive import WebUser
from builder.models.evidence import Verdict
from builder.models.site import Host, WebOperation
from builder.probes.compare import difference
from builder.probes.curl import Reply, Request, read_reply
from builder.probes.question import Answer, Question, path, web_service
from builder.probes.samples import Sample, patient_id
from builder.probes.stage import Stage, StageError

ROOT = "/dicom-web"
STOW_FILE = "stow.multipart"
_BOUNDARY = "pacsmith-boundary"
MULTIPART = f'Content-Type: multipart/related; type="application/dicom"; boundary={_BOUNDARY}'


def multipart(content: bytes) -> bytes:
    """One DICOM file as the body of a STOW-RS request (PS3.18, 10.5)."""
    head = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return head + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


def parts(body: bytes, content_type: str) -> list[bytes]:
    """The parts of a multipart answer. Raises ValueError when it is none."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if boundary is None:
        raise ValueError(f"not a multipart answer but {content_type or 'nothing'}")
    pieces = body.split(b"--" + boundary[1].encode())
    return [piece.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for piece in pieces if b"\r\n\r\n" in piece]


def user_for(host: Host, operation: WebOperation) -> WebUser:
    """The user with the fewest rights among those who may. Raises StageError when nobody may."""
    may = [user for user in (host.archive.users if host.archive else ()) if operation in user.may]
    if not may:
        raise StageError(f"{host.name}: a route grants {operation}, but no web user has this right; give it to one")
    return min(may, key=lambda user: len(user.may))


def request(
    stage: Stage, question: Question, where: str, *, user: WebUser | None, password: str | None = None,
    method: str = "GET", headers: Sequence[str] = (), body: str | None = None, scheme: str = "https",
) -> Request:  # fmt: skip
    """A request to the archive's web door, as `user` with the user's own password unless another is given."""
    host = stage.archive(question.target).host
    assert host.archive is not None
    name = stage.fqdn(host.name)
    if user is not None and password is None:
        password = stage.secret(user.password).get_secret_value()
    return Request(
        url=f"{scheme}://{name}:{host.archive.web_port}{where}", address=str(host.address), port=host.archive.web_port,
        name=name, method=method, user=user.name if user else None, password=password, headers=tuple(headers),
        body=body, ca=f"{stage.player(question.origin).folder}/ca.pem",
    )  # fmt: skip


def send(stage: Stage, question: Question, wanted: Request) -> Reply:
    """Carry a request out on the stand-in."""
    answer = stage.player(question.origin).run(["curl", "-K", "-"], stdin=wanted.settings().encode())
    return read_reply(answer.code, answer.stdout, answer.stderr.decode("utf-8", "replace"), answer.seconds)


def signs(question: Question, *replies: Reply) -> frozenset[str]:
    """What replies show to be alive."""
    if any(reply.answered for reply in replies):
        return frozenset({web_service(question.target), path(question.origin, question.target)})
    return frozenset()


def granted(question: Question, faults: list[str], good: str, *replies: Reply) -> Answer:
    """Met without faults; unknown when curl itself did not work."""
    broken = any(not reply.answered and not reply.connected and reply.exit_code not in (7, 28) for reply in replies)
    verdict: Verdict = "met" if not faults else "unknown" if broken else "short"
    return Answer(
        verdict=verdict,
        observed="; ".join(faults) or good,
        probe=f"curl --cacert on {question.origin}",
        raw=b"".join(reply.body for reply in replies),
        seconds=sum(reply.seconds for reply in replies),
        proves=signs(question, *replies),
    )


def qido(stage: Stage, question: Question) -> Answer:
    """A study search that must return exactly the one study."""
    sample = stage.plain(question.target)
    user = user_for(stage.archive(question.target).host, "qido")
    where = f"{ROOT}/studies?PatientID={patient_id(stage.run)}&StudyInstanceUID={sample.study}"
    reply = send(
        stage, question, request(stage, question, where, user=user, headers=["Accept: application/dicom+json"])
    )
    other = send(stage, question, request(stage, question, f"{ROOT}/studies?PatientID=PACSMITH_NOBODY", user=user,
                                          headers=["Accept: application/dicom+json"]))  # fmt: skip
    faults = search_faults(reply, sample, patient_id(stage.run))
    if other.status not in (200, 204) or other.body.strip() not in (b"", b"[]"):
        faults.append(f"for a patient who does not exist: {other}, {len(other.body)} bytes")
    return granted(question, faults, f"exactly the test study, as {user.name}", reply, other)


def search_faults(reply: Reply, sample: Sample, patient: str) -> list[str]:
    """What is wrong with the answer to a search for the study of `sample`."""
    if reply.status != 200:
        return [str(reply)]
    try:
        found = json.loads(reply.body)
        told = [(_value(study, "0020000D"), _value(study, "00100020")) for study in found]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ["the answer is no DICOM JSON"]
    return [] if told == [(sample.study, patient)] else [f"{len(told)} studies, not the one that was stored"]


def _value(study: dict[str, dict[str, list[str]]], tag: str) -> str:
    return study[tag]["Value"][0]


def wado(stage: Stage, question: Question) -> Answer:
    """The instance as a file and its first frame as bytes, both as they were sent."""
    sample = stage.plain(question.target)
    user = user_for(stage.archive(question.target).host, "wado")
    where = f"{ROOT}/studies/{sample.study}/series/{sample.series}/instances/{sample.instance}"
    file = send(stage, question, request(
        stage, question, where, user=user,
        headers=['Accept: multipart/related; type="application/dicom"; transfer-syntax=*']))  # fmt: skip
    frame = send(stage, question, request(
        stage, question, f"{where}/frames/1", user=user,
        headers=['Accept: multipart/related; type="application/octet-stream"; transfer-syntax=*']))  # fmt: skip
    faults = [*_part_faults("instance", file, lambda part: difference(sample.content, part)),
              *_part_faults("frame", frame, lambda part: "" if part == sample.pixels else "bytes differ")]  # fmt: skip
    return granted(question, faults, f"data set and frame equal byte for byte, as {user.name}", file, frame)


def _part_faults(what: str, reply: Reply, fault_of: Callable[[bytes], str | None]) -> list[str]:
    if reply.status != 200:
        return [f"{what}: {reply}"]
    try:
        found = parts(reply.body, reply.content_type)
    except ValueError as fault:
        return [f"{what}: {fault}"]
    if len(found) != 1:
        return [f"{what}: {len(found)} parts"]
    fault_text = fault_of(found[0])
    return [f"{what}: {fault_text}"] if fault_text else []


def stow(stage: Stage, question: Question) -> Answer:
    """One image by STOW-RS; the archive itself is asked for what it then holds."""
    archive = stage.archive(question.target)
    user = user_for(archive.host, "stow")
    sample = stage.stow[question.origin]
    reply = send(stage, question, stow_request(stage, question, user))
    faults = [] if reply.status == 200 else [str(reply)]
    if not faults:
        status, content = archive.read_back(sample.instance)
        what = difference(sample.content, content) if status == 200 else f"reads back with {status}"
        faults = [what] if what else []
    return granted(question, faults, f"stored and reads back equal, as {user.name}", reply)


def stow_request(stage: Stage, question: Question, user: WebUser | None, password: str | None = None) -> Request:
    """The STOW-RS request that every probe of this right sends."""
    return request(stage, question, f"{ROOT}/studies", user=user, password=password, method="POST",
                   headers=[MULTIPART, "Accept: application/dicom+json", "Expect:"], body=STOW_FILE)  # fmt: skip
