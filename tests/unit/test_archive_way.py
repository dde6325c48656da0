"""The way from a client to its archive: who is asked, what comes of the answers, and what a sheet makes of them."""

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.assess.assessment import assess
from builder.inventory import build_inventory
from builder.inventory.build import archives_of
from builder.load import load_site
from builder.load.shipped import example_site
from builder.models.fact import Fact
from builder.survey import archive_way, facts_from
from builder.survey.archive_way import connected, fetched, pings
from builder.survey.facts import questions
from builder.survey.question import Noted, Question, Reply, Said, UnreadableError
from builder.survey.script import replies, script
from tests.unit.sheet_parts import sheet_of

SITE = load_site(example_site()).value
HOSTS = {host.name: host for host in SITE.hosts}
RECORDED = Path(__file__).parent / "golden" / "survey"
(ARCHIVE,) = archives_of(SITE, HOSTS["ward01"])
PING = """PING 10.78.0.11 (10.78.0.11) 56(84) bytes of data.

--- 10.78.0.11 ping statistics ---
{sent} packets transmitted, {received} received,{more} {loss}% packet loss, time 199ms
{trips}"""
TRIPS = "rtt min/avg/max/mdev = 0.211/0.304/1.250/0.110 ms\n"


def answer(received: int = 20, trips: str = TRIPS, more: str = "", code: int = 0) -> Reply:
    loss = 100 * (20 - received) // 20
    return Reply(code, PING.format(sent=20, received=received, more=more, loss=loss, trips=trips), "")


def value(said: Said) -> object:
    return said.value if isinstance(said, Noted) else said


def unread(said: Said) -> str:
    assert isinstance(said, UnreadableError)
    return str(said)


def test_the_archives_of_a_client_follow_from_the_routes() -> None:
    ours = {name: [(one.name, one.port, one.web) for one in archives_of(SITE, host)] for name, host in HOSTS.items()}
    assert ours == {"archive01": [], "read02": [("archive01", 104, None)], "ward01": [("archive01", 443, 443)]}
    assert ARCHIVE.fqdn == "archive01.imaging.st-brigid.example"
    machines = build_inventory(SITE, roles=False).machines
    assert [len(machine.archives) for machine in machines] == [0, 1, 1]


def test_a_host_without_an_archive_is_asked_nothing_of_the_way() -> None:
    assert not [one for one in questions(HOSTS["archive01"]) if one.name.startswith("archive-")]
    asked = questions(HOSTS["ward01"], [ARCHIVE])
    assert [one.name for one in asked if one.beside and one.name.startswith("archive-")] == [
        "archive-archive01-ping", "archive-archive01-connect", "archive-archive01-fetch"
    ]  # fmt: skip
    assert asked[-1].name == "clock-last"


def test_pings() -> None:
    said = pings(answer(), ARCHIVE)
    assert said == {"latency": Noted(0.000304, "mean of 20 pings, 0.21 ms to 1.25 ms"), "loss": 0.0}
    assert value(pings(answer(19, more=" +1 errors,"), ARCHIVE)["loss"]) == 5.0


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (answer(0, "", code=1), "archive01 answers no ping: it is off, or a firewall on the way drops them"),
        (Reply(127, "", "sh: 1: ping: not found"), "ping: not found"),
        (Reply(2, "", "ping: connect: Network is unreachable"), "ping: connect: Network is unreachable"),
        (answer(trips=""), "ping did not print its statistics"),
        (answer(trips=TRIPS.replace("0.304", "9.304")), "ping did not print its statistics"),
        (answer(21), "ping did not print its statistics"),
        (Reply(0, "", ""), "ping did not print its statistics"),
    ],
)
def test_pings_that_tell_nothing(reply: Reply, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        pings(reply, ARCHIVE)


def test_the_shortest_of_three_connections_counts() -> None:
    text = "100.000000 100.020000\n101.000000 101.000210\n102.999999 103.000300\n"
    assert connected(Reply(0, text, ""), ARCHIVE) == {"connect": 0.00021}
    for damaged in (text[:-20], text.replace("101.000210", "100.9"), text.replace("101.000210", "100.900000"), ""):
        with pytest.raises(UnreadableError, match="bash did not print three times two times"):
            connected(Reply(0, damaged, ""), ARCHIVE)
    with pytest.raises(UnreadableError, match="archive01 does not answer on port 443 within 1 s"):
        connected(Reply(124, "", ""), ARCHIVE)
    with pytest.raises(UnreadableError, match="Connection refused"):
        connected(Reply(1, "", "bash: connect: Connection refused\nbash: /dev/tcp/10.78.0.11/443: x\n"), ARCHIVE)


def test_a_bandwidth_is_at_least_what_came() -> None:
    said = fetched(Reply(0, "206 4194304 0.020000 0.053554\n", ""), ARCHIVE)["bandwidth"]
    assert said == Noted(1000012874, "4 MiB of its web viewer in 33.6 ms", at_least=True)
    slow = fetched(Reply(28, "206 150000 0.300000 1.500000\n", "curl: (28) Operation timed out"), ARCHIVE)["bandwidth"]
    assert value(slow) == 1_000_000


@pytest.mark.parametrize(
    ("code", "text", "errors", "why"),
    [
        (60, "", "curl: (60) SSL certificate problem: unable to get local issuer certificate", "SSL certificate"),
        (28, "000 0 0.000000 1.000841\n", "curl: (28) Connection timed out after 1000 milliseconds", "timed out"),
        (3, "", "the web door of archive01 serves no viewer, whose files could be fetched", "serves no viewer"),
        (0, "404 146 0.020000 0.021000\n", "", "the web door of archive01 answers 404"),
        (0, "206 2129 0.020000 0.020300\n", "", "2129 B of a file came in 0.000300 s, and that says nothing"),
        (0, "206 4194304 0.020000 0.020000\n", "", "says nothing of the network"),
        (0, "206 99999999 0.020000 0.040000\n", "", "says nothing of the network"),
        (0, "206 4194304 0.0", "", "curl did not print what it fetched"),
        (0, "", "", "curl did not print what it fetched"),
    ],
)
def test_a_fetch_that_tells_nothing(code: int, text: str, errors: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        fetched(Reply(code, text, errors), ARCHIVE)


@given(st.integers(0, 255), st.text(max_size=200), st.text(max_size=80))
def test_any_answer_at_all_is_read_or_unread(code: int, text: str, errors: str) -> None:
    for read in (pings, connected, fetched):
        try:
            said = read(Reply(code, text, errors), ARCHIVE)
        except UnreadableError:
            continue
        assert not said, "no such text holds a measurement"


def test_the_recorded_stations_of_the_demo() -> None:
    """Both clients of the archive as they were recorded; one has no web route, and says so."""
    ward = facts_from((RECORDED / "thin-client-debian-13.txt").read_text(), HOSTS["ward01"], [ARCHIVE])
    assert 0 < float(str(ward["network.archive.latency"].value)) < 0.01
    assert ward["network.archive.loss"].value == 0
    bandwidth = ward["network.archive.bandwidth"]
    assert (bandwidth.at_least, bandwidth.unit) == (True, "bit/s")
    assert float(str(bandwidth.value)) > 1e8
    reader = HOSTS["read02"]
    read = facts_from((RECORDED / "workstation-debian-12.txt").read_text(), reader, archives_of(SITE, reader))
    assert 0 < float(str(read["network.archive.connect"].value)) < 0.01
    assert read["network.archive.bandwidth"].error == (
        "no web route leads to archive01, and nothing but images of patients could be fetched by another; a route with "
        "qido or wado opens its web door"
    )
    assert read["gpu.vulkan"].error == "no driver for Vulkan is installed, or it finds no card"
    assert (read["gpu.mesa"].value, read["gpu.mesa"].note) == ("22.3.6", None)


def way(name: str = "archive01", **answers: Reply) -> str:
    mark = "@@ 0123456789abcdef"
    sections = "".join(
        f"{mark} begin archive-{name}-{what}\n{reply.text}\n{mark} errors archive-{name}-{what}\n{reply.errors}\n"
        f"{mark} end archive-{name}-{what} {reply.code}\n"
        for what, reply in answers.items()
    )
    return f"{mark} begins\n{sections}"


CONNECT = Reply(0, "1.000000 1.000500\n" * 3, "")
FETCH = Reply(0, "206 4194304 0.020000 0.053554\n", "")


def test_where_no_ping_comes_back_the_connection_tells_the_latency() -> None:
    text = way(ping=answer(0, "", code=1), connect=CONNECT, fetch=FETCH)
    facts = facts_from(text, HOSTS["ward01"], [ARCHIVE])
    assert facts["network.archive.latency"].value == 0.0005
    assert str(facts["network.archive.latency"].note).startswith("of one TCP connection; by ping: archive01 answers no")
    assert facts["network.archive.loss"].error


def test_of_two_archives_the_farthest_counts_and_has_its_name() -> None:
    other = replace(ARCHIVE, name="archive02")
    far = answer(18, TRIPS.replace("0.304", "1.100"))
    text = way(ping=answer(), connect=CONNECT, fetch=FETCH)
    more = way("archive02", ping=far, connect=CONNECT, fetch=Reply(0, "206 4194304 0.020000 0.355000\n", ""))
    whole = text + more.split("\n", 1)[1]
    facts = facts_from(whole, HOSTS["ward01"], [ARCHIVE, other])
    assert facts["network.archive.archive01.latency"].value == 0.000304
    assert facts["network.archive.latency"].value == 0.0011
    assert str(facts["network.archive.latency"].note).startswith("to archive02, the farthest of 2; mean of 18 pings")
    assert facts["network.archive.loss"].value == 10
    slowest = facts["network.archive.bandwidth"]
    assert (slowest.value, slowest.at_least) == (int(4194304 * 8 / 0.335), True)
    alone = facts_from(text, HOSTS["ward01"], [ARCHIVE, other])
    assert alone["network.archive.latency"].error == "of archive02 it is not known: the answer of the host was cut off"


def measured(bits: int) -> dict[str, Fact]:
    name = "network.archive.bandwidth"
    return {name: Fact(name=name, value=bits, unit="bit/s", command="curl", at_least=True)}


@pytest.mark.parametrize(
    ("bits", "verdict", "level", "sentence"),
    [
        (120_000_000, "met", "recommended", "at least 120 Mbit/s, as recommended"),
        (80_000_000, "met", "minimum", "the recommended >= 100 Mbit/s is not reached"),
        (40_000_000, "unknown", None, "at least 40 Mbit/s was measured, and it may be more"),
    ],
)
def test_what_was_measured_at_least_is_met_or_unknown_and_never_short(
    bits: int, verdict: str, level: str | None, sentence: str
) -> None:
    line = '{id: way, fact: network.archive.bandwidth, minimum: ">= 50 Mbit/s", recommended: ">= 100 Mbit/s"}'
    (found,) = assess(sheet_of(line), measured(bits), today=date(2026, 11, 22))
    assert (found.verdict, found.level) == (verdict, level)
    assert sentence in found.sentence


def plain(name: str, command: str, *, beside: bool = False) -> Question:
    return Question(name, command, (), lambda _: {}, beside)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_questions_beside_the_others_run_at_the_same_time_and_stay_whole(shell: str, tmp_path: Path) -> None:
    """Each of the two waits for the other: one after the other, both would be cut off."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"this machine has no {shell}")
    there, back = tmp_path / "there", tmp_path / "back"
    os.mkfifo(there)
    os.mkfifo(back)
    asked = [
        plain("first", "echo one"),
        plain("far", f"cat {there}; echo answered >{back}; echo late >&2; exit 3", beside=True),
        plain("near", f"echo hello >{there}; cat {back}"),
        plain("other", "echo two; echo three", beside=True),
        plain("last", "echo four"),
    ]
    text = script(asked, "0123456789abcdef")
    done = subprocess.run([program, "-s"], input=text, capture_output=True, text=True, timeout=60, check=True)
    said = replies(done.stdout)
    assert {name: (one.code, one.text.split(), one.errors) for name, one in said.items()} == {
        "first": (0, ["one"], ""),
        "far": (3, ["hello"], "late"),
        "near": (0, ["answered"], ""),
        "other": (0, ["two", "three"], ""),
        "last": (0, ["four"], ""),
    }
    assert list(said)[-1] == "last", "the clock is read when all is said"
    assert done.stdout.endswith("@@ 0123456789abcdef ends\n")


def test_no_more_is_asked_of_an_archive_at_work_than_the_page_says() -> None:
    commands = {one.name: one.command for one in archive_way.questions([ARCHIVE])}
    assert "-c 20 " in commands["archive-archive01-ping"]
    assert "-r 0-4194303 " in commands["archive-archive01-fetch"]
    page = (Path(__file__).resolve().parents[2] / "docs" / "survey.md").read_text()
    assert "20 pings" in page
    assert "4 MiB" in page
