"""Start an engine as a child process, feed it on standard input, and turn what it prints into events."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Literal

from pydantic import ValidationError

from builder.engines.material import Material
from builder.engines.tally import JobResult, Tally
from builder.inventory.roles import Engine
from builder.models.base import Line, Model
from builder.models.connection import Connection
from builder.models.event import Event
from builder.secrets.redact import Redactor

__all__ = ["ENGINES", "Job", "JobHost", "JobResult", "Order", "run_job"]

PYINFRA = "builder.engines.pyinfra_worker"
ENGINES: Mapping[Engine, str] = {"pyinfra": PYINFRA, "ansible": "builder.engines.ansible_worker"}
END_SECONDS = 10.0
_SHOWN = 500  # characters of a line that is no event, or of what the engine said when it died


class JobHost(Model):
    """One host: how it is reached and its roles in order, each with its variables as plain data. `reboot` are
    read-only shell texts that a plan asks, too: each prints why the host must be booted anew. `before`, the
    variables of each role in the state that the host leaves, is of an upgrade: the roles then only make that step,
    and no more: each calls the function `call` of its module `upgrade`, if that has one."""

    connection: Connection
    roles: tuple[tuple[str, dict[str, Any]], ...]
    reboot: tuple[str, ...] = ()
    before: tuple[tuple[str, dict[str, Any]], ...] = ()
    call: Literal["upgrade", "afterwards"] = "upgrade"


class Job(Model):
    """What an engine is to do: `plan` only reads, `converge` changes and reads again.

    `memory` is a folder, relative to the project's, that keeps what was asked of each host, so that the next run asks
    it all at once.
    """

    run: str
    mode: Literal["plan", "converge"]
    hosts: tuple[JobHost, ...]
    memory: Line | None = None


class Order(Model):
    """The one document that the child reads: the job and, beside it, the secrets by host."""

    job: Job
    materials: Mapping[str, Material]


def order_text(job: Job, materials: Mapping[str, Material]) -> str:
    """The document for the child's standard input. It holds secrets: it goes nowhere else."""
    unveiled = {name: material.unveiled() for name, material in materials.items()}
    return json.dumps({"job": job.model_dump(mode="json"), "materials": unveiled})


def redactor(materials: Mapping[str, Material]) -> Redactor:
    """Takes every secret of these materials out of a text."""
    return Redactor(value for material in materials.values() for value in material.hidden_values())


def cleaned(event: Event, hidden: Redactor) -> Event:
    """The event without secrets in any text that came from a host or a role."""
    texts = {"step": event.step, "diff": event.diff, "error": event.error}
    return event.model_copy(update={name: hidden.clean(text) for name, text in texts.items() if text})


def event_of(line: str, run: str) -> Event:
    """The event on one line; a line that is none becomes a note."""
    try:
        return Event.model_validate_json(line)
    except ValidationError:
        said = line.strip()[:_SHOWN]
        return Event(
            run=run, at=datetime.now(UTC), host="", status="note", error=f"the engine printed no event: {said}"
        )


def run_job(
    job: Job, materials: Mapping[str, Material], on_event: Callable[[Event], None], *, engine: str = PYINFRA
) -> JobResult:
    """Run a job in its engine's process and hand each event to `on_event` as it comes.

    An engine that dies or prints what is no event becomes a sentence in the result. When `on_event` raises, or
    Ctrl-C is pressed (KeyboardInterrupt), the engine is ended first and the exception goes on.
    """
    hidden, names = redactor(materials), [host.connection.host for host in job.hosts]
    tally = Tally(names)
    with tempfile.TemporaryFile("w+", errors="replace") as complaints:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", engine],  # -P: a json.py of the project folder must not stand in for Python's
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            for line in _lines(child, order_text(job, materials)):
                event = cleaned(event_of(line, job.run), hidden)
                tally.count(event)
                on_event(event)
            child.wait()
        finally:
            _end(child)
        if child.returncode != 0:
            tally.fault(names, hidden.clean(_last_words(child.returncode, complaints)))
    return tally.result()


def _lines(child: "subprocess.Popen[str]", order: str) -> IO[str]:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(order)
        child.stdin.close()
    except BrokenPipeError:
        pass  # it died at once: its exit code and last words say why
    return child.stdout


def _end(child: "subprocess.Popen[str]") -> None:
    """End a child that still runs: politely, then at once."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _last_words(code: int, complaints: IO[str]) -> str:
    complaints.seek(0)
    said = complaints.read().strip().splitlines()
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    last = f" ({said[-1][:_SHOWN]})" if said else ""
    return f"the engine {how} before its work was done{last}; run the command again: it goes on from there"
