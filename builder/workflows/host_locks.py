"""A lock on the hosts themselves: two people with two ledgers, as on two laptops, do not change one host at once.

It is held by an open SSH session and lives no longer than that: when pacsmith is killed or its machine is lost, the
host's side sees the end of its input and lets go. There is nothing to tidy up and nothing to break.
"""

import json
import os
import selectors
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from builder.errors import Locked
from builder.inventory import Machine
from builder.models.run import Run
from builder.survey.remote import Remote
from builder.wayback.door import CLOSED
from builder.wayback.snapshot import FOLDER

PLACE = "/run/pacsmith.lock"
"""On a host; gone with its next boot."""

_SECONDS_TO_ANSWER = 20.0
_SECONDS_TO_LET_GO = 5.0
_GRACE_SECONDS = 3  # for the session of one who was killed just now to notice it


def lock_script(mark: str, place: str = PLACE, *, whole: bool = False) -> str:
    """Shell text that takes the lock, says `taken` and keeps it until its input ends; or says `held` and by whom, or,
    where only a `whole` host will do, `closed` and by which upgrade.

    `mark` is one line that says who holds it; flock(1) is part of Debian's essential packages.
    """
    closed = f"if [ -e {CLOSED} ]; then echo closed; ls {FOLDER} | tail -n 1; exit 0; fi"
    lines = [
        f"exec 9>>{place} || exit 3",
        f"if ! flock -w {_GRACE_SECONDS} 9; then echo held; exec cat {place}; fi",
        *([closed] if whole else []),
        f"printf '%s\\n' {shlex.quote(mark)} > {place}",
        "echo taken",
        "cat > /dev/null",
        f": > {place}",
    ]
    return "\n".join(lines)


def mark_of(run: Run, hostname: str) -> str:
    """What the next one is told: one line of JSON."""
    since = f"{run.started:%Y-%m-%d %H:%M} UTC"
    return json.dumps({"who": f"{run.who}@{hostname}", "does": run.verb, "since": since, "run": run.id})


def told_by(host: str, mark: str) -> str:
    """Who holds a host, as a sentence. A mark that nobody can read, as one just being written, is told of as such."""
    try:
        said = json.loads(mark)
        who, does, since, run = (str(said[key])[:200] for key in ("who", "does", "since", "run"))
    except (ValueError, KeyError, TypeError):
        return f"{host} is locked on the host itself, by somebody who has not said who; try again in a minute"
    return (
        f"{host} is locked on the host itself by {who} since {since} to {does} (run {run}, of another ledger than this "
        "one); wait for it: the lock ends with their connection"
    )


def closed_by(host: str, run: str) -> str:
    """That an upgrade of the host, of which this machine knows nothing, was cut off, as a sentence."""
    return (
        f"the doors of {host} are closed: its upgrade by run {run or 'unknown'} was cut off, or it was put back at its "
        f"console. If that was upgraded from here: pacsmith rollback {host}; if from another machine or project "
        f"folder: go on there with pacsmith upgrade {host} --resume, or go back from here with pacsmith rollback "
        f"{host} --upgraded-elsewhere"
    )


@dataclass
class _Held:
    machine: Machine
    remote: Remote
    process: "subprocess.Popen[bytes]"


class HostLocks:
    """The locks of one run. A host that does not answer is left alone: the build says why it cannot be reached."""

    def __init__(self, run: Run, hostname: str, place: str = PLACE) -> None:
        self._mark, self._place = mark_of(run, hostname), place
        self._held: dict[str, _Held] = {}

    def hold(self, machines: Sequence[Machine], *, whole: bool = False) -> None:
        """Take the lock of each machine whose lock is not held (any more, as after a reboot).

        Raises Locked that names each host which somebody else holds, or, with `whole`, whose upgrade was cut off;
        those that are held already stay so.
        """
        script = lock_script(self._mark, self._place, whole=whole)
        wanted = [machine for machine in machines if not self._holds(machine)]
        for machine in wanted:
            self._forget(machine.host.name)
        if not wanted:
            return
        with ThreadPoolExecutor(16) as pool:
            faults = [fault for fault in pool.map(partial(self._take, script), wanted) if fault is not None]
        if faults:
            raise Locked("; ".join(faults))

    def hold_again(self, machines: Sequence[Machine]) -> None:
        """Take them after a boot, which has let go of them without a word to this side. Raises Locked."""
        for machine in machines:
            self._forget(machine.host.name)
        self.hold(machines)

    def let_go(self) -> None:
        """Give all back."""
        for held in self._held.values():
            assert held.process.stdin is not None
            held.process.stdin.close()
        for name in list(self._held):
            self._forget(name)

    def _forget(self, name: str) -> None:
        held = self._held.pop(name, None)
        if held is None:
            return
        assert held.process.stdin is not None
        with suppress(OSError):
            held.process.stdin.close()
        try:
            held.process.wait(_SECONDS_TO_LET_GO)
        except subprocess.TimeoutExpired:
            held.process.kill()
            held.process.wait()
        held.remote.close()

    def _holds(self, machine: Machine) -> bool:
        held = self._held.get(machine.host.name)
        return held is not None and held.process.poll() is None

    def _take(self, script: str, machine: Machine) -> str | None:
        remote = Remote(machine.connection)
        process = remote.start(script, sudo=True)
        word, _, rest = _answer(process).partition("\n")
        if word == "taken":
            self._held[machine.host.name] = _Held(machine, remote, process)
            return None
        process.kill()
        process.wait()
        remote.close()
        told = {"held": told_by, "closed": closed_by}.get(word)
        return told(machine.host.name, rest.strip()) if told is not None else None


def _answer(process: "subprocess.Popen[bytes]") -> str:
    """What a host says first: `taken` and no more, or `held` and all that follows; empty when it says nothing."""
    assert process.stdout is not None
    said, end = b"", time.monotonic() + _SECONDS_TO_ANSWER
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not said.startswith(b"taken\n") and selector.select(max(0.0, end - time.monotonic())):
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                break
            said += piece
    return said.decode("utf-8", "replace")


@contextmanager
def held_on_hosts(run: Run, hostname: str, machines: Sequence[Machine], *, whole: bool = False) -> Iterator[HostLocks]:
    """Hold the machines' own locks for the length of the block. Raises Locked when somebody else holds one, or, with
    `whole`, where an upgrade was cut off."""
    locks = HostLocks(run, hostname)
    with ExitStack() as stack:
        stack.callback(locks.let_go)
        locks.hold(machines, whole=whole)
        yield locks
