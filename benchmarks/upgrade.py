"""How long an upgrade keeps a modality from storing: pacsmith's, and the bare commands on the same host and data.

An archive of the lab on Debian 12 with 2,000 instances goes to Debian 13, PostgreSQL 17 and Orthanc 1.12.7, once by
`apt full-upgrade`, `pg_upgradecluster` and a start, as a person would type it, and once by `pacsmith upgrade`, from the
same snapshot of the lab. A stand-in stores one image a second all the while: the outage is what it meets with. Then the
time of the way back, by a copy; with `--btrfs` by a snapshot, of an archive that lies on btrfs, and without the bare
commands: the lab could not put it back as it was after those.

Run as root: .venv/bin/python -m benchmarks.upgrade FOLDER [--studies 100] [--rounds 1] [--btrfs]. FOLDER is a project
folder of its own, kept for the next time; its lab has 10.125.1.0/24. `--down` takes the lab away.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path

from builder.inventory import build_inventory
from builder.lab.lab import Lab
from builder.load.site import load_site
from builder.models.upgrade import OutageSeen
from builder.probes.dcmtk import Way
from builder.survey.remote import Remote
from builder.workflows.build import Show
from builder.workflows.modality import watched
from builder.workflows.rollback import rollback, to_roll_back
from builder.workflows.session import Session, open_session
from builder.workflows.upgrade import upgrade
from builder.workflows.upgrade_states import states_of
from tests.lab.conftest import BuiltSite
from tests.lab.loaded import load
from tests.lab.on_btrfs import moved_to_btrfs

SITE = Path(__file__).parents[1] / "tests/lab/sites/upgrade.yml"
NAME, HOST = "old", "arc"
EACH = 20
WORDS = ("debian-13", "orthanc=1.12.7", "postgresql=17")
GOAL = 1.2
BARE = """set -e
export DEBIAN_FRONTEND=noninteractive
sed -i 's/\\bbookworm\\b/trixie/g' /etc/apt/sources.list.d/*.sources
apt-get -q update
apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold full-upgrade
systemctl stop orthanc
pg_upgradecluster --method=upgrade 15 main
systemctl start orthanc
"""


def made(studies: int, *, on_btrfs: bool) -> None:
    """The archive built and loaded."""
    file = Path("inventory") / NAME / "site.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SITE, file)
    pacsmith("secrets", "generate")
    pacsmith("lab", "up", NAME)
    if on_btrfs:
        moved_to_btrfs(BuiltSite(Path.cwd(), NAME, {}, ""), HOST)
    pacsmith("build")
    inventory = build_inventory(load_site(file).value)
    load(inventory.stand_ins[0].connection, Way("OLD_CT", "OLD_ARC", "10.125.1.40", 104), studies, EACH)
    pacsmith("lab", "ssh", HOST, "--", "sudo systemctl start pacsmith-backup.service")


def ready(studies: int) -> None:
    """The archive kept as a snapshot of the lab with the ledger that belongs to it."""
    if not Path("loaded").is_dir():
        made(studies, on_btrfs=False)
        pacsmith("lab", "snapshot", "loaded")
        shutil.copytree(Path(".pacsmith") / NAME, "loaded", symlinks=True)
    again()


def again() -> None:
    """Everything as it was when the archive had been loaded."""
    shutil.copy(SITE, Path("inventory") / NAME / "site.yml")
    shutil.rmtree(Path(".pacsmith") / NAME)
    shutil.copytree("loaded", Path(".pacsmith") / NAME, symlinks=True)
    Lab(load_site(Path("inventory") / NAME / "site.yml").value).restore("loaded")


def bare() -> OutageSeen | None:
    """The bare commands."""
    session = opened()
    with watched(session, session.machines[0]) as watch, Remote(session.machines[0].connection) as remote:
        answer = remote.run("sh -s", stdin=BARE.encode(), sudo=True, timeout=3600)
        if answer.code != 0:
            raise SystemExit(f"the bare commands ended with {answer.code}:\n{answer.text[-2000:]}")
    session.ledger.close()
    return watch.outage


def ours() -> tuple[OutageSeen | None, float]:
    """pacsmith's upgrade, and the seconds of its way back by hand."""
    result = upgrade(states_of(NAME, HOST, WORDS, None), Show())
    if result.outcome != "accepted":
        raise SystemExit(f"the upgrade was {result.outcome}: {result.why}")
    began = time.monotonic()
    session = opened()
    record = to_roll_back(session, HOST)
    session.ledger.close()
    session = open_session("rollback", NAME, hosts=[HOST], text=record.before)
    rollback(session, record, Show(), record.before)
    return result.outage, round(time.monotonic() - began, 1)


def opened() -> Session:
    """The site as its file says."""
    return open_session("verify", NAME, hosts=[HOST])


def pacsmith(*words: str) -> None:
    """Run the command; it must end well."""
    subprocess.run([sys.executable, "-m", "builder.cli.main", *words], check=True, stdout=sys.stderr, env=os.environ)


def main() -> int:
    """Print a JSON object; 1 when the goal was missed."""
    text = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    text.add_argument("folder", type=Path)
    text.add_argument("--studies", type=int, default=100)
    text.add_argument("--rounds", type=int, default=1)
    text.add_argument("--btrfs", action="store_true")
    text.add_argument("--down", action="store_true")
    given = text.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with chdir(given.folder):
        if given.down:
            pacsmith("lab", "down", NAME)
            return 0
        if given.btrfs:
            made(given.studies, on_btrfs=True)
            snapshots = [ours() for _ in range(given.rounds)]
            told = [{"ours": seen and seen.seconds, "way_back_by_snapshot": back} for seen, back in snapshots]
            print(json.dumps({"instances": given.studies * EACH, "rounds": told}, indent=2))
            return 0
        ready(given.studies)
        found = []
        for _ in range(given.rounds):
            theirs = bare()
            again()
            mine, back = ours()
            again()
            if theirs is None or mine is None:
                raise SystemExit("the stand-in was cut off: no outage is known")
            ratio = round(mine.seconds / theirs.seconds, 2)
            found.append({"bare": theirs.seconds, "ours": mine.seconds, "ratio": ratio, "way_back_by_copy": back})
    print(json.dumps({"instances": given.studies * EACH, "goal": GOAL, "rounds": found}, indent=2))
    return int(any(float(one["ratio"]) > GOAL for one in found))


if __name__ == "__main__":
    sys.exit(main())
