"""The relay carries a DICOM library's bytes both ways; here the stand-in is this machine, without SSH."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from builder.models.connection import Connection
from builder.probes.commitment import Report, report_faults
from builder.probes.dcmtk import Outcome
from builder.probes.playing import Player, PlayerError
from builder.probes.relay import incoming, outgoing
from builder.survey.remote import Remote
from tests.unit.site_parts import example

HELD, MISSING = generate_uid(), generate_uid()


class Here(Remote):
    """Runs on this machine what would be run on the stand-in."""

    def start(self, command: str | list[str], *, sudo: bool = False) -> "subprocess.Popen[bytes]":
        text = command if isinstance(command, str) else " ".join(command)
        text = text.replace("python3", sys.executable, 1)
        return subprocess.Popen(["sh", "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)  # fmt: skip


@pytest.fixture
def player() -> Iterator[Player]:
    connection = Connection(host="ct01", address="127.0.0.1", user="nobody", key="none", known_hosts="none")
    with Here(connection) as remote:
        yield Player(example().peers[0], remote, "/nowhere")


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """An AE that answers C-ECHO, and the titles that called it."""
    callers: list[str] = []

    def hear(event: evt.Event) -> int:
        callers.append(str(event.assoc.requestor.ae_title))
        return 0x0000

    entity = AE(ae_title="LISTENER")
    entity.add_supported_context(Verification)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, hear)])
    assert server is not None
    assert server.socket is not None
    yield server.socket.getsockname()[1], callers
    server.shutdown()


def echo(port: int) -> bool:
    asker = AE(ae_title="ASKER")
    asker.acse_timeout = asker.dimse_timeout = 10
    asker.add_requested_context(Verification)
    association = asker.associate("127.0.0.1", port, ae_title="LISTENER")
    if not association.is_established:
        return False
    status = association.send_c_echo()
    association.release()
    return bool(status.Status == 0x0000)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


def test_outgoing(player: Player, listener: tuple[int, list[str]]) -> None:
    with outgoing(player, "127.0.0.1", listener[0]) as port:
        assert echo(port)
    assert listener[1] == ["ASKER"]


def test_incoming(player: Player, listener: tuple[int, list[str]]) -> None:
    port = free_port()
    with incoming(player, port, listener[0]):
        assert echo(port)
    assert listener[1] == ["ASKER"]
    assert not echo(port), "the port is closed again"


def test_nobody_there(player: Player) -> None:
    with (
        pytest.raises(PlayerError, match="ct01: cannot connect to 127"),
        outgoing(player, "127.0.0.1", free_port()),
    ):
        pass


def test_port_taken(player: Player, listener: tuple[int, list[str]]) -> None:
    port = listener[0]
    with pytest.raises(PlayerError, match=f"ct01: cannot listen on port {port}"), incoming(player, port, port):
        pass


def good_report() -> Report:
    return Report(Outcome("success", "success"), frozenset({HELD}), {MISSING: 0x0112}, True, "BRIGID_ARC")


def test_a_good_report() -> None:
    assert report_faults(good_report(), HELD) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reported_by": None}, "no N-EVENT-REPORT within 20 s"),
        ({"outcome": Outcome("aborted", "aborted")}, "N-ACTION: aborted"),
        ({"transaction_equal": False}, "the report carries another transaction UID"),
        ({"safe": frozenset()}, "0 instances reported as safe, not the one that is held"),
        ({"safe": frozenset({HELD, MISSING}), "failed": {}}, "2 instances reported as safe, not the one that is held"),
        ({"failed": {MISSING: 0x0110}}, "the instance that never was is not reported as failed with 0112H"),
        ({"failed": {HELD: 0x0112}}, "the instance that never was is not reported as failed with 0112H"),
    ],
)
def test_faults_of_a_report(changes: dict[str, object], said: str) -> None:
    report = good_report()
    for name, value in changes.items():
        setattr(report, name, value)
    assert report_faults(report, HELD)[0] == said
