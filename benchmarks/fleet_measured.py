"""A command measured with all its children: seconds, processor seconds, and peak memory (proportional set sizes)."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet_site import NAME, name_of
from builder.lab.cgroups import unified_root
from builder.lab.layout import Layout

_BETWEEN = 0.3  # seconds between two looks at the memory
_GROUP = "pacsmith-fleet"


@dataclass(frozen=True)
class Measured:
    """`processor` of the command and its children, `hosts_processor` of the lab host, both in seconds."""

    seconds: float
    processor: float
    hosts_processor: float
    peak_mib: float
    output: str


def _root() -> Path:
    root = unified_root()
    if root is None:
        raise SystemExit("this machine has no unified control groups, by which a command and its children are measured")
    return root


@contextmanager
def control_group() -> Iterator[Path]:
    """A control group of the command's own, gone afterwards; also a process that leaves its parent stays in it."""
    group = _root() / _GROUP
    group.mkdir(exist_ok=True)
    try:
        yield group
    finally:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            with suppress(OSError):
                group.rmdir()
                break
            time.sleep(_BETWEEN)


def _processor(group: Path) -> float:
    usage = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(usage["usage_usec"]) / 1e6


def host_processor() -> float:
    """Processor seconds of the lab host so far."""
    return _processor(_root() / Layout.of(NAME).host_cgroup(name_of(1)))


def _memory(group: Path) -> float:
    """MiB of all processes of the group; what several share is counted once."""
    total = 0
    for process in (group / "cgroup.procs").read_text().split():
        with suppress(OSError):
            for line in (Path("/proc") / process / "smaps_rollup").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
    return total / 1024


def measured(folder: Path, verb: str) -> Measured:
    """`pacsmith VERB --json` of the folder's site. Ends the benchmark when it ends with 2 or more."""
    with control_group() as group, tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        join = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
        argv = ["sh", "-c", join, "sh", str(group), sys.executable, "-m", "builder.cli.main", verb, NAME, "--json"]
        on_hosts, began, peak = host_processor(), time.monotonic(), 0.0
        running = subprocess.Popen(argv, cwd=folder, stdout=output, stderr=errors)
        while True:
            try:
                code = running.wait(_BETWEEN)
                break
            except subprocess.TimeoutExpired:
                peak = max(peak, _memory(group))
        seconds = time.monotonic() - began
        errors.seek(0)
        output.seek(0)
        if code > 1:
            raise SystemExit(f"pacsmith {verb}: exit {code}\n{output.read()[:3000]}\n{errors.read()[-3000:]}")
        return Measured(seconds, _processor(group), host_processor() - on_hosts, peak, output.read())
