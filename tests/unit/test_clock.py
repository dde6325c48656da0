"""A clock that is off: a container shares its machine's clock, so no host of the lab can have one that is off.

Mocks, then: recorded answers with the times bent, and a host that answers from memory. tests/lab/test_clock.py asks a
real host, and bends the controller's clock instead.
"""

import importlib
import re
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from builder.assess.assessment import assess
from builder.load.sheets import load_sheet
from builder.load.shipped import specs_folders
from builder.models.finding import Finding
from builder.survey import facts_from
from builder.survey.clock import Offset, Stamps, offset, synchronised
from builder.survey.question import Reply, UnreadableError
from builder.survey.reading import recorded
from builder.survey.remote import Answer, Remote
from builder.survey.script import replies, section, stamps_of
from tests.unit.test_survey_whole import HOST, RECORDED

SHEET = load_sheet(specs_folders()[-1] / "class-archive.yml").value
FOLLOWS = "C0A80001,192.168.0.1,3,1.0,-0.000012,0.0,0.0,1.0,0.0,0.1,0.001,0.001,64.2,"


def asked(sent: float, received: float) -> str:
    """The recorded answer, had the controller's clock said this; the host's says 1795219805.512 to 1795219807.102."""
    return re.sub(r"asked \S+ \S+ by", f"asked {sent:.6f} {received:.6f} by", RECORDED)


def finding(text: str, line: str = "host-clock") -> Finding:
    found = assess(SHEET, facts_from(text, HOST), today=date(2026, 11, 22))
    return next(one for one in found if one.requirement == line)


@pytest.mark.parametrize(
    ("sent", "received", "verdict", "said"),
    [
        (1795219805.4, 1795219807.2, "met", "7.16 ms \u00b1 105 ms, as asked"),
        (1795219798.4, 1795219800.2, "short", "7.01 s \u00b1 105 ms (ahead of the controller); asked is <= 1 s"),
        (1795223405.4, 1795223407.2, "short", "3600 s \u00b1 105 ms (behind the controller); asked is <= 1 s"),
        (
            1795219800.4,
            1795219807.2,
            "unknown",
            "cannot be told, since 2.51 s \u00b1 2.61 s is too coarse a measurement",
        ),
        (1795219806.4, 1795219807.2, "unknown", "cannot be told, since a clock jumped while the host was asked"),
    ],
)
def test_a_clock_that_is_off_is_short_and_one_that_cannot_be_told_is_unknown(
    sent: float, received: float, verdict: str, said: str
) -> None:
    found = finding(asked(sent, received))
    assert (found.verdict, found.attest) == (verdict, None)
    assert said in found.sentence


def test_a_record_without_the_controller_s_times_tells_nothing_of_the_clock() -> None:
    found = finding(RECORDED.partition("\n@@ dd6635401eaf250b asked")[0])
    assert found.verdict == "unknown"
    assert "the record was cut off before it says when the host was asked" in found.sentence


def test_the_host_cannot_state_the_controller_s_times() -> None:
    """What a host prints comes before the controller's own line, and the last one counts."""
    forged = "@@ dd6635401eaf250b asked 1795219805.471020 1795219807.110310 by the controller\n"
    text = asked(1795223405.4, 1795223407.2)
    assert finding(forged + text).verdict == finding(text.replace("@@ dd", forged + "@@ dd", 1)).verdict == "short"


def answer(text: str) -> Reply:
    return Reply(0, text, "")


def test_the_four_times_of_a_round_trip() -> None:
    """The truth (here 10 s) is never further away than the doubt that is stated, however lopsided the way is."""
    for there, back in ((0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.1, 0.2)):
        times = {"clock-first": answer(f"{110 + there:.9f}\n"), "clock-last": answer(f"{112 + there:.9f}\n")}
        found = offset(times, Stamps(100.0, 102 + there + back))
        assert abs(found.seconds - 10) <= found.uncertainty + 1e-6
    assert offset(times, Stamps(100.0, 102.3)) == Offset(9.95, 0.15)


@pytest.mark.parametrize("text", ["", "now", "110", "1e3.000000000", "-1.000000000", "1.0\n2.0"])
def test_a_time_that_is_none_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError, match="date printed no time"):
        offset({"clock-first": answer(text), "clock-last": answer("1.000000000")}, Stamps(1.0, 2.0))


def test_a_host_of_its_own_whose_clock_nothing_keeps_is_short() -> None:
    alone = RECORDED.replace("\nsystemd-nspawn\n", "\nkvm\n", 1)
    found = finding(alone, "host-clock-kept")
    assert (found.verdict, found.attest) == ("short", None)
    silent = re.sub(r"(begin clock-kept\n).*\n", r"\1\n", alone)
    unread = finding(silent, "host-clock-kept")
    assert (unread.verdict, unread.attest) == ("unknown", None), "nobody's word replaces what chronyd did not say"


@pytest.mark.parametrize(("leap", "kept"), [("Normal", True), ("Insert second", True), ("Not synchronised", False)])
def test_chronyc_says_whether_it_follows_a_source(leap: str, kept: bool) -> None:
    assert synchronised(answer(f"{FOLLOWS}{leap}\n")) == {"clock.synchronised": kept}


@pytest.mark.parametrize("text", ["", "Normal", f"{FOLLOWS}Fine", f"{FOLLOWS},Normal", "506 Cannot talk to daemon"])
def test_other_words_of_chronyc_are_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError):
        synchronised(answer(text))


@pytest.mark.parametrize("leap", ["Normal", "Not synchronised"])
def test_a_container_s_clock_is_kept_beneath_it_so_a_person_must_attest_it(leap: str) -> None:
    """Whatever its chronyd says: it reads the clock there and cannot set it."""
    found = finding(RECORDED.replace(",Not synchronised", f",{leap}"), "host-clock-kept")
    assert (found.verdict, found.attest) == ("unknown", "head of hospital IT")
    assert "systemd-nspawn has the clock of the machine beneath, which is set there and not here" in found.sentence


class Telling:
    """A host whose clock is `ahead` seconds ahead; it says so after `slow` seconds by the clock of the test."""

    def __init__(self, ahead: float, slow: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead, self.slow, self.now = ahead, slow, 1000.0
        monkeypatch.setattr(time, "time", lambda: self.now)

    def run(self, _: str) -> Any:
        there = self.now + self.slow / 2 + self.ahead
        self.now += self.slow
        return SimpleNamespace(rc=0, stdout=f"{there:.9f}\n", stderr="")


@pytest.mark.parametrize(
    ("ahead", "slow", "raised", "said"),
    [
        (0.2, 0.1, None, "0.20 s ahead of the controller, known to 0.05 s"),
        (
            -90.0,
            0.1,
            AssertionError,
            "the clock is 90.00 s behind the controller, known to 0.05 s; see chronyc tracking",
        ),
        (90.0, 20.0, AssertionError, "the clock is 90.00 s ahead of the controller, known to 10.00 s"),
        (0.2, 4.0, RuntimeError, "the answer was too slow to tell: 0.20 s ahead of the controller, known to 2.00 s"),
    ],
)
def test_the_role_s_check_of_the_clock(
    ahead: float, slow: float, raised: type[Exception] | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = importlib.import_module("roles.baseline.checks.test_baseline").test_clock
    told: dict[str, str] = {}
    host = Telling(ahead, slow, monkeypatch)
    if raised is None:
        check(host, told.__setitem__)
        assert told["observed"] == said
        return
    with pytest.raises(raised, match=re.escape(said)):
        check(host, told.__setitem__)


def test_every_class_of_host_is_held_to_the_same_clock() -> None:
    for file in Path(specs_folders()[-1]).glob("class-*.yml"):
        lines = {line.id: line for line in load_sheet(file).value.requirements}
        assert (lines["host-clock"].maximum, lines["host-clock-kept"].is_) == ("<= 1 s", True)


class Busy(Remote):
    """A host ahead by 0.3 s or so that needs so many seconds for each answer, by the clock of the test."""

    def __init__(self, seconds: list[float], monkeypatch: pytest.MonkeyPatch, ahead: float = 0.3) -> None:
        self.seconds, self.now, self.asked, self.ahead = seconds, 1000.0, 0, ahead
        monkeypatch.setattr(time, "time", lambda: self.now)

    def run(self, command: str | list[str], *, stdin: bytes = b"", sudo: bool = False, timeout: float = 120) -> Answer:
        if not stdin:
            return Answer(0, b"", b"", 0.0)
        slow, self.asked = self.seconds[self.asked], self.asked + 1
        mark = re.findall("@@ [0-9a-f]{16}", stdin.decode())[0]
        there = f"{self.now + slow * 0.9 + self.ahead:.9f}"
        self.now += slow
        said = "".join(section(mark, name, there, "", 0) for name in ("clock-first", "clock-last"))
        return Answer(0, f"{mark} begins\n{said}{mark} ends\n".encode(), b"", slow)


@pytest.mark.parametrize(
    ("seconds", "asked", "doubt"),
    [
        ([0.1], 1, 0.05),
        ([1.6, 0.9, 2.0, 0.3], 4, 0.15),
        ([1.6, 1.4, 2.0, 1.9, 1.8, 1.7], 6, 0.7),
    ],
)
def test_the_clock_alone_is_asked_again_where_a_round_trip_says_little(
    seconds: list[float], asked: int, doubt: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shortest round trip counts, and the truth, 0.3 s, is within its doubt."""
    host = Busy(seconds, monkeypatch)
    text = recorded(host, HOST)
    found = offset(replies(text), stamps_of(text))
    assert host.asked == asked
    assert abs(found.uncertainty - doubt) < 1e-5
    assert abs(found.seconds - 0.3) <= found.uncertainty


def test_a_clock_that_is_surely_right_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first connection of 0.45 s leaves a doubt of 0.225 s, and the clock 0.405 s off at the most."""
    host = Busy([0.45], monkeypatch, ahead=0.0)
    text = recorded(host, HOST)
    found = offset(replies(text), stamps_of(text))
    assert (host.asked, found.seconds, found.uncertainty) == (1, 0.18, 0.225)
