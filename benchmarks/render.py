"""10,000 hosts validated and rendered, against `ansible-inventory --list` reading the result in the same run.

Run: .venv/bin/python -m benchmarks.render [HOSTS]. Prints seconds, peak memory (MiB) and ratios.
Goal: at most 0.5 in time.
"""

import ipaddress
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

GOAL = 0.5


def fleet(hosts: int) -> dict[str, object]:
    """A site of `hosts` archives with as many modalities' routes as a large group of hospitals might have."""
    first = ipaddress.IPv4Address("10.64.0.10")
    secret = {"env": "PATH"}  # a copy each: a site file has no YAML aliases
    machines = [
        {
            "name": f"archive{number:05d}",
            "class": "archive",
            "product": {"id": "orthanc", "version": "1.12.7"},
            "network": "wide",
            "address": str(first + number),
            "location": f"Site {number // 20}",
            "ae": {"title": f"ARC{number:05d}", "port": 104},
            "archive": {
                "database_password": dict(secret),
                "users": [{"name": "viewer", "password": dict(secret), "may": ["qido", "wado"]}],
                "backup": {"password": dict(secret)},
            },
        }
        for number in range(hosts)
    ]
    peers = [
        {
            "name": f"ct{number:05d}",
            "kind": "modality",
            "modality": "CT",
            "network": "wide",
            "address": str(first + hosts + number),
            "location": "Radiology",
            "ae": {"title": f"CT{number:05d}", "port": 104},
        }
        for number in range(hosts)
    ]
    routes = [
        {"from": f"ct{n:05d}", "to": f"archive{n:05d}", "may": ["echo", "store", "worklist"]} for n in range(hosts)
    ]
    return {
        "name": "fleet",
        "title": "Fleet",
        "domain": "fleet.test",
        "contacts": [{"name": "Nobody", "duty": "benchmark"}],
        "access": {"administration": ["10.64.0.1/32"]},
        "ca": {"key": dict(secret)},
        "networks": [{"name": "wide", "address": "10.64.0.0/16", "gateway": "10.64.0.1"}],
        "hosts": machines,
        "peers": peers,
        "routes": routes,
    }


def measured(argv: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak memory in MiB of one command (as a grandchild, so that each is measured alone)."""
    probe = (
        "import resource,subprocess,sys,time\n"
        "t=time.monotonic(); code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode\n"
        "print(time.monotonic()-t, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024, code)"
    )
    done = subprocess.run([sys.executable, "-c", probe, *argv], cwd=folder, capture_output=True, text=True, check=True)
    seconds, memory, code = done.stdout.split()
    if code != "0":
        raise SystemExit(f"{' '.join(argv)}: exit {code}\n{done.stderr}")
    return float(seconds), float(memory)


def main(hosts: int) -> int:
    """Measure both in one run and print the ratio. Returns the exit code: 1 when the goal is missed."""
    beside = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="pacsmith-bench-") as text:
        folder = Path(text)
        (folder / "inventory" / "fleet").mkdir(parents=True)
        site = folder / "inventory" / "fleet" / "site.yml"
        site.write_text(
            "# yaml-language-server: $schema=site.json\n" + yaml.dump(fleet(hosts), Dumper=yaml.CSafeDumper)
        )
        began = time.monotonic()
        ours, our_memory = measured(
            [sys.executable, "-m", "builder.cli.main", "render", "fleet", "--out", "out"], folder
        )
        theirs, their_memory = measured(
            [str(beside / "ansible-inventory"), "-i", "out/ansible/inventory.yml", "--list", "--output", "list.json"],
            folder,
        )
    print(f"{hosts} hosts and {hosts} peers, whole benchmark {time.monotonic() - began:.0f} s")
    print(f"pacsmith render (loads, validates, renders)  {ours:7.2f} s  {our_memory:6.0f} MiB")
    print(f"ansible-inventory --list                     {theirs:7.2f} s  {their_memory:6.0f} MiB")
    print(f"ratio {ours / theirs:.2f} in time (goal: at most {GOAL}), {our_memory / their_memory:.2f} in memory")
    return 0 if ours / theirs <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
