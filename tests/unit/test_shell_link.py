"""The first connections of an engine, and a host whose answers are no frames of ours."""

import pytest

from builder.engines import ahead
from builder.engines.shell.link import Link, LinkLostError
from builder.engines.shell.target import Target
from builder.models.connection import Connection

# The greeting with the right token, then a hello that is none.
ODD = r"""set -f; set -- $0; shift $(($# - 2)); printf '\npacsmith-shell-%s\nH\0\0\0\0\0\0\0\1x' $1; exec sleep 60"""


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
    def started(target: Target) -> str:
        if target.name == "two":
            raise OSError(11, "no more processes")
        return target.name

    monkeypatch.setattr(ahead, "Link", started)
    hosts = [Connection(host=name, address="192.0.2.1", user="u", key="k", known_hosts="p") for name in ("one", "two")]
    order = {"job": {"hosts": [{"connection": one.model_dump(mode="json"), "roles": []} for one in hosts]}}
    assert list(ahead.ask_ahead(order)) == ["one"]
