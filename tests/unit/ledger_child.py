"""A second process for the ledger's tests: `python -m tests.unit.ledger_child WHAT URL RUN`."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from builder.ledger import Held, open_ledger
from builder.models.event import Event
from builder.models.run import Run

REPOSITORY = Path(__file__).parents[2]


def child(what: str, url: str, name: str) -> subprocess.Popen[str]:
    """Start this module as a second process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.ledger_child", what, url, name],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line(process: subprocess.Popen[str]) -> str:
    """The next thing that it says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def run(name: str) -> Run:
    """A run that starts now."""
    return Run(
        id=name,
        verb="build",
        site="st-brigid",
        hosts=("archive01",),
        who="maeve",
        started=datetime.now(UTC),
        tool_version="0",
    )


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def _write_for_ever(url: str, name: str) -> None:
    with open_ledger(url) as ledger:
        ledger.begin(run(name))
        number = 0
        while True:
            number += 1
            ledger.record(Event(run=name, at=datetime.now(UTC), host="archive01", step=f"step {number}", status="ok"))
            _say(str(number))


def _hold_for_ever(url: str, name: str) -> None:
    with open_ledger(url) as ledger:
        ledger.begin(run(name))
        with ledger.lock("st-brigid/archive01", who="maeve", why="build archive01", run=name):
            _say("held")
            sys.stdin.readline()


def _race(url: str, name: str) -> None:
    _say("ready")
    sys.stdin.readline()
    with open_ledger(url) as ledger:
        ledger.begin(run(name))
        try:
            with ledger.lock("st-brigid/archive01", who=name, why="race", run=name):
                _say("won")
                sys.stdin.readline()  # keeps the lock until every other has tried
        except Held:
            _say("lost")


def _count(url: str, name: str) -> None:
    """Many short locks: each must find the number that the one before wrote."""
    with open_ledger(url) as ledger:
        ledger.begin(run(name))
        done = 0
        while done < 20:
            try:
                with ledger.lock("st-brigid", who=name, why="count", run=name):
                    state = ledger.host_state("st-brigid", "archive01")
                    before = int(str(state.facts["count"])) if state else 0
                    ledger.set_host_state("st-brigid", "archive01", facts={"count": before + 1})
                    done += 1
            except Held:
                time.sleep(0.002)  # somebody else counts
    _say("counted")


if __name__ == "__main__":
    {"write": _write_for_ever, "hold": _hold_for_ever, "race": _race, "count": _count}[sys.argv[1]](*sys.argv[2:4])
