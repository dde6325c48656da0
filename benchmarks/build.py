"""Base host to accepted archive, against the bare `apt-get install` of the same packages, base and run.

Run as root: .venv/bin/python -m benchmarks.build [ROUNDS]. Each round boots a fresh host for each side, the bare one
first and then ours, and prints seconds and the ratio; the last line is the ratio of the medians. Goal: at most 1.6.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from builder.inventory import build_inventory
from builder.load import load_site

GOAL = 1.6
SITE = Path(__file__).parent / "site.yml"


def pacsmith(folder: Path, *arguments: str) -> str:
    """Run the command; returns its output. Ends the benchmark when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "builder.cli.main", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"pacsmith {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def packages() -> list[str]:
    """The packages of both roles on Debian 13, as the roles themselves declare them."""
    machine = build_inventory(load_site(SITE).value).machines[0]
    return sorted({name for role in machine.roles for name in getattr(role.variables, "packages", ())})


def bare(folder: Path) -> float:
    """Seconds of `apt-get update && apt-get install` on a fresh host."""
    pacsmith(folder, "lab", "up", "bench")
    command = (
        "sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "
        + " ".join(packages())
    )
    began = time.monotonic()
    pacsmith(folder, "lab", "ssh", "--site", "bench", "archive", "--", command)
    seconds = time.monotonic() - began
    pacsmith(folder, "lab", "down", "bench")
    return seconds


def ours(folder: Path) -> float:
    """Seconds of `pacsmith build`, verification and dossier included, on a fresh host."""
    pacsmith(folder, "lab", "up", "bench")
    began = time.monotonic()
    pacsmith(folder, "build", "--site", "bench")
    seconds = time.monotonic() - began
    pacsmith(folder, "lab", "down", "bench")
    return seconds


def main(rounds: int) -> int:
    """Measure, print, and return 1 when the goal is missed."""
    pairs: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="pacsmith-bench-") as text:
        folder = Path(text)
        (folder / "inventory" / "bench").mkdir(parents=True)
        shutil.copy(SITE, folder / "inventory" / "bench" / "site.yml")
        pacsmith(folder, "secrets", "generate", "--site", "bench")
        try:
            for number in range(1, rounds + 1):
                pair = (bare(folder), ours(folder))
                pairs.append(pair)
                said = f"apt-get install {pair[0]:.1f} s, pacsmith build {pair[1]:.1f} s, ratio {pair[1] / pair[0]:.2f}"
                print(f"round {number}: {said}", flush=True)
        finally:
            subprocess.run(
                [sys.executable, "-m", "builder.cli.main", "lab", "down", "bench"],
                cwd=folder,
                capture_output=True,
                check=False,
            )
    ratio = statistics.median(pair[1] for pair in pairs) / statistics.median(pair[0] for pair in pairs)
    print(f"median ratio {ratio:.2f} over {rounds} rounds on {os.cpu_count()} cores (goal: at most {GOAL})")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
