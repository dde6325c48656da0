"""41 operations with nothing to do, side by side: ours, stock pyinfra, tuned Ansible, one bare ssh that reads it all.

Run as root: .venv/bin/python -m benchmarks.noop [--sizes 1,4] [--hosts FILE] [--rtt 0,10,50] [--rounds 3] [--ways …]

Hosts are real sshds on loopback (the lab's base tree, no systemd), or the first ones of FILE
(benchmarks/noop_lab.py makes one with booted hosts of the lab): a JSON list of connections, as
[{"host": "a", "address": "10.78.0.11", "user": "pacsmith", "key": "…", "known_hosts": "…", "sudo": true}]; with
--booted three of the operations are services. Round-trip time is added by a proxy of our own (benchmarks/delay.py);
TCP's own handshake pays it, too. `ours` is the engine's process from its start to its end, `ours-cold` the same where
it does not know what it asked the last time, `ours-cli` plain `pyinfra` with @pacsmith in place of @ssh, `limit` one
bare ssh a host. Prints seconds (medians of the rounds, after one that is not measured) and ratios. Goals at one host:
at most 0.2 x stock pyinfra, 0.05 x Ansible, 4 x the limit.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.noop_ways import WAYS, Project, connections_of, register
from builder.models.connection import Connection
from tests.lab.loopback import Loopback, free_port

_FOR_ANSIBLE = """
set -e; export DEBIAN_FRONTEND=noninteractive
python3 -c 'import shutil, apt' 2>/dev/null && exit
apt-get -q update; apt-get -q -y --no-install-recommends install python3 python3-apt
"""
# A loopback host installs what Ansible needs from where this machine does.
_MIRROR = "cp -L /etc/resolv.conf etc/; cp -aT /etc/apt etc/apt; cp -aT /usr/share/keyrings usr/share/keyrings"
GOALS = {"stock": 0.2, "ansible": 0.05, "limit": 4.0}


@contextmanager
def delayed(connections: tuple[Connection, ...], milliseconds: float, folder: Path) -> Iterator[tuple[Connection, ...]]:
    """The same hosts, so much further away."""
    if not milliseconds:
        yield connections
        return
    ports = [free_port() for _ in connections]
    places = [f"{port}:{one.address}:{one.port}" for port, one in zip(ports, connections, strict=True)]
    argv = [sys.executable, "-m", "benchmarks.delay", str(milliseconds), *places]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield tuple(_moved(one, port, folder) for one, port in zip(connections, ports, strict=True))
    finally:
        child.kill()
        child.wait()


def _moved(one: Connection, port: int, folder: Path) -> Connection:
    """The host behind the proxy, with its host key under the proxy's name."""
    pins = folder / f"pins-{port}"
    lines = [line.split() for line in Path(one.known_hosts).read_text().splitlines() if line.strip()]
    own = [words for words in lines if {one.address, f"[{one.address}]:{one.port}"} & set(words[0].split(","))]
    pins.write_text("".join(f"[127.0.0.1]:{port} {' '.join(words[1:3])}\n" for words in own))
    return one.model_copy(update={"address": "127.0.0.1", "port": port, "known_hosts": str(pins)})


def once(project: Project, way: str) -> float:
    """Seconds of one run. Ends the benchmark when it fails or changes something."""
    if way == "ours-cold":
        project.forget()
    began = time.monotonic()
    done = subprocess.run(
        project.command(way), cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - began
    if done.returncode != 0 or not unchanged(way, done.stdout + done.stderr):
        raise SystemExit(f"{way}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return seconds


def unchanged(way: str, said: str) -> bool:
    """Whether the run says that it had nothing to do."""
    if way in ("ours", "ours-cold"):
        return engine_did(said) == {"ok"}
    if way == "ansible":
        return "changed=0" in said and re.search(r"\b(changed|failed|unreachable)=[1-9]", said) is None
    return way == "limit" or re.search(r"Grand total +(\d+) +- +- +\1\b", said) is not None


def engine_did(said: str) -> set[str]:
    """How the engine's steps ended, by its events; `failed` when it ended before them."""
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {event["status"] for event in events if event["status"] not in ("started", "note")} or {"failed"}


def measure(
    connections: tuple[Connection, ...], arguments: argparse.Namespace, rtt: float, folder: Path
) -> dict[str, float]:
    """Medians by way, in seconds. Each round runs every way once; what is measured comes after one unmeasured run."""
    with delayed(connections, rtt, folder) as further:
        project = Project(folder / f"{len(further)}-{rtt:g}", further, booted=arguments.booted)
        project.write()
        register(project.folder)
        seconds: dict[str, list[float]] = {way: [] for way in arguments.ways}
        for number in range(arguments.rounds + 1):
            for way in arguments.ways:
                took = once(project, way)
                if number:
                    seconds[way].append(took)
        return {way: statistics.median(taken) for way, taken in seconds.items()}


def table(hosts: int, rtt: float, medians: dict[str, float]) -> str:
    """One line of what was measured, with ratios of ours to each other way."""
    ours = medians["ours"]
    ratios = ", ".join(f"{ours / medians[way]:.3f} x {way}" for way in GOALS if way in medians)
    said = ", ".join(f"{way} {seconds:.2f} s" for way, seconds in medians.items())
    return f"{hosts} host{'s' if hosts > 1 else ''}, +{rtt:g} ms: {said}; ours is {ratios}"


def missed(hosts: int, medians: dict[str, float]) -> list[str]:
    """The goals that were not reached; they are set for one host."""
    return [
        way for way, goal in GOALS.items() if hosts == 1 and way in medians and medians["ours"] > goal * medians[way]
    ]


def converge(connections: tuple[Connection, ...], folder: Path, *, booted: bool) -> None:
    """Make the 41 operations true, once, with what Ansible's modules need on a host besides."""
    for one in connections:
        argv = ["ssh", *one.ssh_options(), f"{one.user}@{one.address}", f"{'sudo ' if one.sudo else ''}sh"]
        subprocess.run(argv, input=_FOR_ANSIBLE, text=True, check=True, stdout=subprocess.DEVNULL)
    project = Project(folder / "first", connections, booted=booted)
    project.write()
    register(project.folder)
    done = subprocess.run(
        project.command("ours"),
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not engine_did(done.stdout) <= {"ok", "changed"}:
        raise SystemExit(f"the hosts could not be prepared: {done.stdout}{done.stderr}")


def groups(arguments: argparse.Namespace, folder: Path, stack: ExitStack) -> Iterator[tuple[Connection, ...]]:
    """The hosts to measure with, a group at a time."""
    sizes = [int(size) for size in arguments.sizes.split(",")]
    if arguments.hosts:
        known = connections_of(Path(arguments.hosts).read_text())
        yield from (known[:size] for size in sizes)
        return
    started = []
    for number in range(max(sizes)):
        host = Loopback(folder / f"host{number}", prepare=_MIRROR).start()
        stack.callback(host.stop)
        started.append(host.connection().model_copy(update={"host": f"host{number}"}))
    yield from (tuple(started[:size]) for size in sizes)


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1", help="how many hosts, group by group")
    parser.add_argument("--hosts")
    parser.add_argument("--booted", action="store_true", help="the hosts run systemd: three operations are services")
    parser.add_argument("--rtt", default="0,10,50")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default=",".join(WAYS), type=lambda text: text.split(","))
    arguments = parser.parse_args()
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pacsmith-noop-") as text, ExitStack() as stack:
        folder = Path(text)
        for connections in groups(arguments, folder, stack):
            converge(connections, folder, booted=arguments.booted)
            for rtt in map(float, arguments.rtt.split(",")):
                medians = measure(connections, arguments, rtt, folder)
                print(table(len(connections), rtt, medians), flush=True)
                failed += [f"{way} at +{rtt:g} ms" for way in missed(len(connections), medians)]
    print(f"goals missed: {', '.join(failed)}" if failed else "every goal was reached")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
