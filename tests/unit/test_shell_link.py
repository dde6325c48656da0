"""The first connections of an engine, and a host whose answers are no frames of ours."""

from pathlib import Path

import gevent
import pytest

from builder.engines import ahead
from builder.engines.job import Job, JobHost
from builder.engines.shell.link import Link, LinkLostError
from builder.engines.shell.questions import Asking
from builder.engines.shell.session import Command, ConnectionLostError, Session
from builder.engines.shell.target import Target
from builder.models.connection import Connection

# The greeting with the right token, then a hello that is none.
ODD = r"""set -f; set -- $0; shift $(($# - 2)); printf '\npacsmith-shell-%s\nH\0\0\0\0\0\0\0\1x' $1; exec sleep 60"""

# A good hello (four strings), and the end of it; the second time nobody is there.
BRIEF = r"""set -f; set -- $0; shift $(($# - 2)); mkdir "$FLAG" || exit 1
printf '\npacsmith-shell-%s\nH\0\0\0\0\0\0\0\21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0010' $1; sleep 1"""


def test_asking_ahead_of_a_host_that_is_gone_again_is_no_fault(tmp_path: Path) -> None:
    memory = tmp_path / "questions.json"
    memory.write_text('[["true", false]]')
    memory.chmod(0o600)
    session = Session(Target("brief", ("env", f"FLAG={tmp_path}/flag", "sh", "-c", BRIEF)))
    assert session.open(20).user == 0
    while session.alive:
        gevent.sleep(0.05)
    Asking(session, str(memory)).begin()
    with pytest.raises(ConnectionLostError, match="brief: no connection"):
        session.begin(Command("true"), lambda *_: None)


def test_an_answer_that_is_not_understood_ends_the_connection() -> None:
    link = Link(Target("odd", ("sh", "-c", ODD)))
    with pytest.raises(LinkLostError, match="unpack"):
        link.greet(20)
    link.close(kill=True)
    assert link.process.poll() is not None


def test_bytes_are_bytes_whatever_the_account_tells_perl() -> None:
    said = bytearray()
    link = Link(Target("here", ("env", "PERL_UNICODE=SD", "sh", "-c")))
    link.greet(20)
    call = link.begin("printf '\\377\\0'", {}, 0, lambda _, data: said.extend(data))
    assert call.ended.wait(20)
    link.close()
    assert bytes(said) == b"\xff\0"


def test_connections_that_were_begun_are_used_though_another_could_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(target: Target) -> None:
        if target.name == "two":
            raise OSError(11, "no more processes")

    monkeypatch.setattr(ahead, "Link", started)
    hosts = [Connection(host=name, address="192.0.2.1", user="u", key="k", known_hosts="p") for name in ("one", "two")]
    job = Job(run="r", mode="plan", hosts=tuple(JobHost(connection=one, roles=()) for one in hosts))
    assert list(ahead.ask_ahead({"job": job.model_dump()})) == ["one"]
