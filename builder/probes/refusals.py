"""What no route grants must be refused, and refused rightly: a dead archive or a broken tool is no proof."""

import socket
import time
from dataclasses import replace

from builder.inventory.registry import ports_granted
from builder.models.evidence import Verdict
from builder.probes.association import move_studies
from builder.probes.dcmtk import Outcome, TlsFiles, keys, read_outcome, scu
from builder.probes.matrix_refused import ANONYMOUS, CONTROLLER, HTTP_PORT, PLAIN, STRANGER, WRONG_TITLE
from builder.probes.question import Answer, Question, dicom_service, listener, path, same_process
from builder.probes.rest import own_address
from builder.probes.samples import Sample
from builder.probes.stage import Ask, Stage, refused_answer

_FROM_HERE = "TCP connection from the controller"
_SMALL = "report-explicit.dcm"  # small enough to be sent whole before a peer's abort cuts the connection


def refuse(tool: str, operation: str) -> Ask:
    """A probe that tries `operation` with dcmtk's `tool` and wants to be refused."""

    def ask(stage: Stage, question: Question) -> Answer:
        player = stage.player(question.origin)
        sample = next(iter(stage.stored.get(question.target, ())), stage.samples[question.origin][0])
        options, files = _request(operation, player.title, sample)
        argv = scu(tool, stage.way(question), options, files)
        carried = player.run_into(f"refused-{operation}-{question.target}", [argv])
        outcome = read_outcome(carried.code, carried.text)
        return refused_answer(question, outcome, carried.log, f"dcmtk {tool} on {player.name}", carried.seconds)

    return ask


def _request(operation: str, title: str, sample: Sample) -> tuple[list[str], list[str]]:
    """Options and files of a request that would succeed if it were allowed."""
    study = keys(["QueryRetrieveLevel=STUDY", f"StudyInstanceUID={sample.study}"])
    return {
        "echo": ([], []),
        "store": (["-xe"], [f"../{_SMALL}"]),
        "find": (["-S", *study], []),
        "move": (["-S", "-aem", title, *study], []),
        "get": (["-S", *study], []),
        "worklist": (["-W", *keys([f"ScheduledProcedureStepSequence[0].ScheduledStationAETitle={title}"])], []),
    }[operation]


def refuse_move(stage: Stage, question: Question) -> Answer:
    """C-MOVE, with dcmtk, or with pynetdicom where the AE wants TLS (dcmtk's movescu has none)."""
    if not stage.way(question).tls:
        return refuse("movescu", "move")(stage, question)
    sample = next(iter(stage.stored.get(question.target, ())), stage.samples[question.origin][0])
    began = time.monotonic()
    outcome = move_studies(stage, question, [sample.study])
    probe = f"pynetdicom C-MOVE from {question.origin}"
    return refused_answer(question, outcome, repr(outcome).encode(), probe, time.monotonic() - began)


def called_title(stage: Stage, question: Question) -> Answer:
    """An association to an AE title that the archive does not have."""
    return _titles(stage, question, called=WRONG_TITLE, reason="Called AE Title Not Recognized")


def calling_title(stage: Stage, question: Question) -> Answer:
    """An association from an AE title that has no right, or none at this address."""
    return _titles(stage, question, calling=question.detail, reason="Calling AE Title Not Recognized")


def _titles(
    stage: Stage, question: Question, *, reason: str, calling: str | None = None, called: str | None = None
) -> Answer:
    player = stage.player(question.origin)
    answer = player.run(scu("echoscu", stage.way(question, calling=calling, called=called)))
    outcome = read_outcome(answer.code, answer.text)
    raw = answer.stdout + answer.stderr
    return refused_answer(question, outcome, raw, f"dcmtk echoscu on {player.name}", answer.seconds, reason=reason)


def tls(stage: Stage, question: Question) -> Answer:
    """An association to a DICOM TLS port without TLS, without a certificate, or with one that nobody signed."""
    player = stage.player(question.origin)
    folder = player.folder
    files = {
        PLAIN: None,
        ANONYMOUS: TlsFiles(f"{folder}/ca.pem"),
        STRANGER: TlsFiles(f"{folder}/ca.pem", f"{folder}/stranger-key.pem", f"{folder}/stranger.pem"),
    }[question.detail]
    answer = player.run(scu("echoscu", replace(stage.way(question), tls=files)))
    outcome = read_outcome(answer.code, answer.text)
    verdict: Verdict = "met" if outcome.kind == "ended" else "short" if outcome.answered else "unknown"
    return Answer(
        verdict=verdict,
        observed=str(outcome),
        probe=f"dcmtk echoscu on {player.name}",
        raw=answer.stdout + answer.stderr,
        seconds=answer.seconds,
        needs=frozenset({dicom_service(question.target), same_process(question.target)}),
    )


def closed(stage: Stage, question: Question) -> Answer:
    """No TCP connection to a port. Counts where the archive itself says that it listens there, and the path is open."""
    port = int(question.detail)
    address = str(stage.archive(question.target).host.address)
    if question.origin == CONTROLLER:
        mine = own_address(address)
        if mine in map(str, ports_granted(stage.site, question.target).get(port, ())):
            return Answer("not applicable", f"asked from {mine}, to which a route grants this port", _FROM_HERE)
        outcome, seconds, probe = *_connect(address, port), _FROM_HERE
        needs: set[str] = set()
    else:
        outcome, seconds = _connect_from(stage, question, address, port)
        probe = f"curl, connection only, on {question.origin}"
        needs = {path(question.origin, question.target)} if _has_routes(stage, question) else set()
    # Nothing has to listen on port 80: there a closed port is a closed port.
    needs |= set() if port == HTTP_PORT else {listener(question.target, port)}
    verdict: Verdict = {"success": "short", "closed": "met", "timeout": "met"}.get(outcome.kind, "unknown")  # type: ignore[assignment]
    return Answer(verdict, str(outcome), probe, outcome.detail.encode(), seconds, needs=frozenset(needs))


def _has_routes(stage: Stage, question: Question) -> bool:
    return any(route.from_ == question.origin and route.to == question.target for route in stage.site.routes)


def _connect(address: str, port: int) -> tuple[Outcome, float]:
    began = time.monotonic()
    try:
        socket.create_connection((address, port), timeout=2).close()
    except TimeoutError:
        outcome = Outcome("timeout", "no answer within 2 s")
    except ConnectionRefusedError:
        outcome = Outcome("closed", "connection refused")
    except OSError as fault:
        outcome = Outcome("broken", f"no connection could be tried: {fault}")
    else:
        outcome = Outcome("success", "the port is open")
    return outcome, time.monotonic() - began


def _connect_from(stage: Stage, question: Question, address: str, port: int) -> tuple[Outcome, float]:
    argv = ["curl", "-s", "-o", "/dev/null", "--connect-timeout", "2", "-m", "4",
            "-w", "%{exitcode} %{time_connect} %{errormsg}", f"http://{address}:{port}/"]  # fmt: skip
    own = stage.archives.get(question.origin)
    answer = own.remote.run(argv) if own else stage.player(question.origin).run(argv)
    return read_connection(answer.code, answer.stdout.decode("utf-8", "replace")), answer.seconds


def read_connection(code: int, text: str) -> Outcome:
    """What curl's `exitcode time_connect errormsg` says of the connection: a time to connect means that it stood."""
    words = text.split(maxsplit=2)
    if len(words) < 2 or not words[0].isdigit():
        return Outcome("broken", f"curl did not run (exit {code}): {text.strip()[:100]}")
    if float(words[1].replace(",", ".")) > 0:
        return Outcome("success", "the port is open")
    if words[0] == "28":
        return Outcome("timeout", "no answer within 2 s")
    if words[0] == "7":
        return Outcome("closed", "connection refused")
    return Outcome("broken", f"no connection could be tried: {words[2] if len(words) > 2 else words[0]}")
