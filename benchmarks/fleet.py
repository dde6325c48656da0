"""`pacsmith plan` and `pacsmith drift` of up to 1,000 hosts, against one bare `ssh HOST true` a host.

Run as root: .venv/bin/python -m benchmarks.fleet [--folder FOLDER] [HOSTS ...]. One archive is booted and built in the
lab; the other hosts are it under other addresses, each with its own name, certificate and files (`fleet_views`),
accepted in the ledger with the first one's evidence. On every tenth host somebody has added a line to a file: both
verbs must find exactly these. The bare ssh has as many connections at once as the engine. Prints, for each number of
hosts, seconds, processor seconds of the control node and of the hosts, peak memory of the command with all its
children, and ratios.

All hosts and the control node share this machine's processors: where these are so busy that a round trip takes longer
than the second by which a clock may be off, drift says that it cannot tell it, and this benchmark how often.

Route and lab are gone afterwards; what was made, the lab's disk too, is kept for the next time if a FOLDER is named
(then `pacsmith lab down flt` there, in its folder 1, removes the rest).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.fleet_accepted import accept_all, build_first, pacsmith, secrets_for, site_folder
from benchmarks.fleet_measured import Measured, measured
from benchmarks.fleet_site import NAME, name_of
from benchmarks.fleet_views import Host, files_with, make_views, reachable
from builder.engines.ahead import AT_ONCE
from builder.inventory import Machine, build_inventory
from builder.load import load_site

SIZES = (10, 30, 100, 300, 1000)
CLOCK = "class-archive: host-clock"


def is_drifted(number: int) -> bool:
    """Every tenth host, the fifth first."""
    return number % 10 == 5


def bare(machines: Sequence[Machine]) -> float:
    """Seconds of one `ssh HOST true` a host, as many at once as the engine has."""

    def ask(machine: Machine) -> int:
        to = machine.connection
        argv = ["ssh", *to.ssh_options(), f"{to.user}@{to.address}", "true"]
        return subprocess.run(argv, capture_output=True, check=False).returncode

    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = sum(code != 0 for code in pool.map(ask, machines))
    if failed:
        raise SystemExit(f"ssh did not reach {failed} of {len(machines)} hosts")
    return time.monotonic() - began


def expect(what: str, found: object, wanted: object) -> None:
    """End the benchmark when an answer is wrong: how fast it came is of no interest then."""
    if found != wanted:
        raise SystemExit(f"{what}: {found}, where {wanted} was right")


def check_plan(text: str, hosts: int) -> None:
    """Exactly the drifted hosts would change, each in one step, and all steps were seen."""
    said = json.loads(text)
    expect(
        "plan: coverage, failed, unreachable", (said["coverage"], said["failed"], said["unreachable"]), (1.0, [], [])
    )
    changed = sorted(step["host"] for step in said["steps"] if step["changed"])
    expect("plan: hosts with a change", changed, [name_of(n) for n in range(1, hosts + 1) if is_drifted(n)])


def check_drift(text: str, hosts: int) -> int:
    """Exactly the drifted hosts differ, each in one thing, and all others are as accepted; the number of hosts of which
    nothing but the clock could not be told."""
    said = json.loads(text)
    unseen = {one["host"]: {part["subject"] for part in one["unseen"]} for one in said["hosts"]}
    right = {name_of(n): "drift" if is_drifted(n) else "as accepted" for n in range(1, hosts + 1)}
    right |= {name: "unknown" for name, what in unseen.items() if what == {CLOCK} and right[name] == "as accepted"}
    wrong = {name: (state, unseen[name]) for name, state in said["states"].items() if right[name] != state}
    expect("drift: states", wrong, {})
    expect("drift: differences", len(said["first"]), sum(map(is_drifted, range(1, hosts + 1))))
    return sum(what == {CLOCK} for what in unseen.values())


@dataclass(frozen=True)
class Row:
    """What one number of hosts came to; `clocks` could not be told."""

    hosts: int
    ssh: float
    plan: Measured
    drift: Measured
    clocks: int


def one_size(top: Path, hosts: int) -> Row:
    """Measure bare ssh, plan and drift with so many hosts."""
    folder = site_folder(top, hosts)
    with chdir(folder):
        machines = build_inventory(load_site(Path("inventory") / NAME / "site.yml").value, roles=False).machines
        ssh = bare(machines)
    plan = measured(folder, "plan")
    check_plan(plan.output, hosts)
    drift = measured(folder, "drift")
    return Row(hosts, ssh, plan, drift, check_drift(drift.output, hosts))


def told(row: Row) -> str:
    """One row for people."""
    parts = [f"{row.hosts:5d} hosts: ssh true {row.ssh:7.1f} s"]
    for verb, one in (("plan", row.plan), ("drift", row.drift)):
        parts.append(
            f"{verb} {one.seconds:7.1f} s ({one.seconds / row.ssh:5.1f} x ssh), processor {one.processor:6.1f} s here "
            f"and {one.hosts_processor:6.1f} s on the hosts, {one.peak_mib:5.0f} MiB"
        )
    if row.clocks:
        parts.append(f"clocks that drift could not tell: {row.clocks}")
    return "\n    ".join(parts)


def growth(rows: Sequence[Row]) -> str:
    """How a host more costs, from one size to the next: 1.0 where all grows as the number of hosts does."""
    lines = []
    for small, large in pairwise(rows):
        times = large.hosts / small.hosts
        said = ", ".join(
            f"{verb} {(b.processor / a.processor) / times:.2f} in processor time here, "
            f"{(b.seconds / a.seconds) / times:.2f} in seconds, {(b.peak_mib / a.peak_mib) / times:.2f} in memory"
            for verb, a, b in (("plan", small.plan, large.plan), ("drift", small.drift, large.drift))
        )
        lines.append(f"{small.hosts} to {large.hosts} hosts, a host's share: {said}")
    return "\n".join(lines)


def main(top: Path, sizes: Sequence[int], *, keep: bool) -> int:
    """Make the hosts, measure, print."""
    first, rows = site_folder(top, 1), []
    with chdir(first):
        try:
            build_first()
            host = Host(Path("inventory") / NAME / "site.yml")
            print("the first host is built; keys, certificates and views of the others", flush=True)
            with reachable(host):
                most = max(sizes)
                made = secrets_for(first, site_folder(top, most), most)
                files = files_with(host, made.words(), made.own())
                make_views(host, files, range(2, most + 1), made.as_host, is_drifted)
                for hosts in sizes:
                    accept_all(first, site_folder(top, hosts), hosts, made)
                    rows.append(one_size(top, hosts))
                    print(told(rows[-1]), flush=True)
        finally:
            pacsmith("lab", "down", NAME, *(["--keep"] if keep else []))
    print(growth(rows))
    last = rows[-1]
    times = {verb: one.seconds / last.ssh for verb, one in (("plan", last.plan), ("drift", last.drift))}
    print(
        f"{last.hosts} hosts, {os.cpu_count()} cores which the hosts share: "
        f"plan {times['plan']:.1f} and drift {times['drift']:.1f} times the bare ssh"
    )
    return 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("hosts", nargs="*", type=int, default=SIZES, help="how many, one measurement each")
    asked.add_argument("--folder", type=Path, help="where what is made is kept for the next time")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="pacsmith-bench-") as text:
        sys.exit(main((given.folder or Path(text)).absolute(), given.hosts, keep=given.folder is not None))
