"""Bad days of the one shell: it dies, its connection is cut; no command is carried out twice unseen."""

import contextlib
import itertools
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import psutil
import pytest
from pyinfra.api.host import Host
from pyinfra.facts.server import Hostname

from builder.engines.shell.session import Command, ConnectionLostError
from tests.lab.loopback import Loopback
from tests.lab.shell_host import connected, run, said, session_of


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    host = Loopback(tmp_path_factory.mktemp("sshd") / "at").start()
    yield host
    host.stop()


@pytest.fixture
def host(sshd: Loopback) -> Iterator[Host]:
    with connected(sshd.data()) as connected_host:
        said(connected_host, "rm -rf /srv/trial; mkdir -p /srv/trial")
        yield connected_host


def agent(sshd: Loopback, host: Host) -> psutil.Process:
    """The perl process of this host's shell."""
    inside = int(said(host, "echo $PPID"))
    for one in sshd.sshd().children(recursive=True):
        if one.name() == "perl" and Path(f"/proc/{one.pid}/status").read_text().split("NSpid:")[1].split()[1] == str(
            inside
        ):
            return one
    raise AssertionError("no agent found")


def later(seconds: float, act: object) -> gevent.Greenlet:
    """Do something while a command of ours is under way."""
    return gevent.spawn_later(seconds, act)


def lines(sshd: Loopback, name: str) -> list[str]:
    path = sshd.root() / "srv/trial" / name
    return path.read_text().splitlines() if path.exists() else []


def test_a_shell_that_dies_is_said_and_the_next_command_opens_another(sshd: Loopback, host: Host) -> None:
    with pytest.raises(ConnectionLostError, match="may have been carried out in part, so it was not sent again"):
        run(host, "echo once >> /srv/trial/it; kill -9 $PPID; sleep 5; echo late >> /srv/trial/it")
    assert session_of(host).lost
    assert said(host, "echo again") == "again"
    assert session_of(host).opened == 2
    assert session_of(host).lost is None
    assert lines(sshd, "it") == ["once"]


def test_a_connection_that_was_cut_at_rest_is_opened_again_unseen(sshd: Loopback, host: Host) -> None:
    for number in (1, 2, 3):
        assert sshd.cut() >= 1
        if number == 2:  # once with ssh's end noticed, twice probably before
            assert sshd.wait_for(lambda: not session_of(host)._link.alive or gevent.sleep(0.01))  # type: ignore[union-attr]
        assert said(host, f"echo {number} | tee -a /srv/trial/rest") == str(number)
    assert lines(sshd, "rest") == ["1", "2", "3"]
    assert session_of(host).opened == 4


def test_a_cut_in_the_middle_of_output_is_an_error_and_nothing_is_repeated(sshd: Loopback, host: Host) -> None:
    later(0.7, sshd.cut)
    with pytest.raises(ConnectionLostError, match="trial: the connection was lost while a command was under way"):
        run(host, "echo begun >> /srv/trial/cut; seq 1 1000; sleep 3; seq 1 1000; echo ended >> /srv/trial/cut")
    assert said(host, "echo next") == "next"
    assert lines(sshd, "cut") == ["begun"]
    # As under plain sshd, what had begun goes on to its end when it can live without its output.
    assert sshd.wait_for(lambda: lines(sshd, "cut") == ["begun", "ended"], 6)


class Once:
    """A pipe, as input: it can be read only once."""

    def __init__(self, held: list[str]) -> None:
        self.held = held

    def seekable(self) -> bool:
        return False

    def readlines(self) -> list[str]:
        held, self.held = self.held, []
        return held


def test_a_command_that_never_began_is_sent_once_more(sshd: Loopback, host: Host) -> None:
    """The agent hangs when the command comes, and the connection is cut: its successor proves that it never ran."""
    first = agent(sshd, host)
    first.send_signal(signal.SIGSTOP)
    try:
        later(0.5, sshd.cut)
        assert said(host, "cat >> /srv/trial/fence; echo $PPID", _stdin=Once(["ran"])) != ""
        assert session_of(host).opened == 2
        assert lines(sshd, "fence") == ["ran"]
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            first.send_signal(signal.SIGCONT)  # now it reads the command, too, and must not run it
    assert sshd.wait_for(lambda: not first.is_running())
    assert lines(sshd, "fence") == ["ran"]


def test_a_lost_agent_finds_no_claim_free_again(sshd: Loopback, host: Host) -> None:
    """Its room cannot be removed at once: it has lost its name all the same before its claims are cleared."""
    first = agent(sshd, host)
    said(host, "for one in /run/pacsmith-shell-*; do mkdir $one/more; done")
    first.send_signal(signal.SIGSTOP)
    try:
        later(0.5, sshd.cut)
        assert run(host, "echo ran >> /srv/trial/twice")[0]
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            first.send_signal(signal.SIGCONT)
    assert sshd.wait_for(lambda: not first.is_running())
    assert lines(sshd, "twice") == ["ran"]


@pytest.mark.parametrize("way", [{"_get_pty": True}, {"_stdin": "x" * 30_000_000}])
def test_what_waits_for_input_ends_with_its_connection(sshd: Loopback, host: Host, way: dict[str, Any]) -> None:
    """Also where the loss is first seen in writing: sshd takes nothing more, and then is gone."""
    process = agent(sshd, host)
    chatty = "while :; do echo 0123456789abcdef0123456789abcdef; done" if "_stdin" in way else "read line; sleep 60"

    def stall_and_cut() -> None:
        for one in (*sshd.sessions(), *(below for top in sshd.sessions() for below in top.children())):
            if one.name().startswith("sshd"):
                one.send_signal(signal.SIGSTOP)
        gevent.sleep(2)
        sshd.cut()

    later(0.5, stall_and_cut)
    with pytest.raises(ConnectionLostError, match="may have been carried out in part"):
        run(host, chatty, **way)
    assert sshd.wait_for(lambda: not process.is_running())


def test_a_read_ends_with_its_connection(sshd: Loopback, host: Host) -> None:
    """Whether it was cut or closed: nobody is there to hear what it says."""
    for end in (sshd.cut, lambda: session_of(host).close()):
        process = agent(sshd, host)
        session_of(host).begin(Command("sleep 4242", reads=True), lambda *_: None)
        assert said(host, "until pgrep -fx 'sleep 4242'; do sleep 0.05; done")
        end()
        process.wait(10)


def test_what_the_host_cannot_prove_is_not_repeated(sshd: Loopback, host: Host) -> None:
    first = agent(sshd, host)
    said(host, "rm -rf /run/pacsmith-shell-*")
    first.send_signal(signal.SIGSTOP)
    try:
        later(0.5, sshd.cut)
        with pytest.raises(ConnectionLostError, match="may have been carried out in part"):
            run(host, "echo ran >> /srv/trial/unproven")
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            first.send_signal(signal.SIGCONT)
    assert sshd.wait_for(lambda: not first.is_running())
    assert lines(sshd, "unproven") == []
    assert said(host, "echo on") == "on"


def test_out_of_time_in_the_middle_of_input_leaves_a_shell_that_works(sshd: Loopback, host: Host) -> None:
    with pytest.raises(TimeoutError):
        run(host, "exec sleep 4242", _stdin="x" * 30_000_000, _timeout=1)
    assert said(host, "echo same shell") == "same shell"
    assert session_of(host).opened == 1
    hung = agent(sshd, host)
    hung.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            run(host, "cat > /dev/null", _stdin="x" * 30_000_000, _timeout=1)
        assert said(host, "echo another shell") == "another shell"
        assert session_of(host).opened == 2
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            hung.send_signal(signal.SIGCONT)
    assert sshd.wait_for(lambda: not hung.is_running())


def test_a_lost_room_on_a_living_connection_only_costs_another_connection(sshd: Loopback, host: Host) -> None:
    said(host, "rm -rf /run/pacsmith-shell-*")
    assert said(host, "echo ran | tee -a /srv/trial/room") == "ran"
    assert lines(sshd, "room") == ["ran"]
    assert session_of(host).opened == 2


def test_a_host_that_is_gone_ends_in_a_sentence(tmp_path: Path) -> None:
    sshd = Loopback(tmp_path / "at").start()
    with connected(sshd.data()) as host:
        assert said(host, "echo here") == "here"
        sshd.stop()
        began = time.monotonic()
        with pytest.raises(ConnectionLostError, match=r"trial: (no connection|the connection was lost)"):
            run(host, "echo there")  # under way, or not begun: as soon as the end was noticed
        with pytest.raises(ConnectionLostError, match=r"trial: no connection .*(refused|reset|closed)"):
            run(host, "echo there")
        assert time.monotonic() - began < 10


def test_a_read_is_asked_again_whatever_happened(sshd: Loopback, host: Host) -> None:
    agent(sshd, host).send_signal(signal.SIGKILL)
    assert host.get_fact(Hostname) == said(host, "uname -n")
    assert session_of(host).opened == 2


def test_hosts_do_not_wait_for_each_other(sshd: Loopback) -> None:
    with connected(sshd.data()) as one, connected(sshd.data()) as other:
        began = time.monotonic()
        jobs = [gevent.spawn(run, host, "sleep 1; echo done") for host in (one, other, one)]
        gevent.joinall(jobs, raise_error=True)
        assert [job.value[1].stdout for job in jobs] == ["done"] * 3
        assert time.monotonic() - began < 1.9


def test_nothing_is_left_on_a_host_after_a_good_end(sshd: Loopback) -> None:
    before = sorted(path.name for path in (sshd.root() / "run").glob("pacsmith-shell-*"))
    with connected(sshd.data()) as host:
        said(host, "true")
        assert sorted(path.name for path in (sshd.root() / "run").glob("pacsmith-shell-*")) != before
        sshd.cut()
        said(host, "true")
        process = agent(sshd, host)
    assert sshd.wait_for(lambda: not process.is_running())
    assert sorted(path.name for path in (sshd.root() / "run").glob("pacsmith-shell-*")) == before


@pytest.mark.long
def test_cut_at_random_no_command_is_lost_or_carried_out_twice(sshd: Loopback, host: Host) -> None:
    """Each command ends well, and then it has run once; or with the sentence, and then at most once."""
    moments = random.Random(5)
    going, cuts = True, 0
    sure: list[str] = []
    unsure: list[str] = []

    def cut() -> None:
        nonlocal cuts
        while going:
            gevent.sleep(moments.uniform(0.02, 2))
            cuts += sshd.cut()

    cutter = gevent.spawn(cut)
    for number in itertools.takewhile(lambda _: cuts < 40, itertools.count()):
        text = f"echo {number} >> /srv/trial/all; head -c {moments.choice((0, 10, 300_000))} /dev/zero"
        stdin = {"_stdin": "x" * moments.choice((1, 2_000_000))} if number % 3 == 0 else {}
        try:
            (sure if run(host, text, **stdin)[0] else unsure).append(str(number))
        except ConnectionLostError:
            unsure.append(str(number))
    going = False
    cutter.join()
    ran = lines(sshd, "all")
    assert len(ran) == len(set(ran)), "carried out twice"
    assert set(sure) <= set(ran), "claimed, and never carried out"
    assert set(ran) <= {*sure, *unsure}
    left = set(unsure) - set(ran)
    print(f"{cuts} cuts: {len(sure)} ended well, {len(unsure)} with the sentence; {len(left)} of those never ran")
