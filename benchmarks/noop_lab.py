"""Plain booted hosts of the lab for benchmarks/noop.py: a site of so many, and their connections as its --hosts wants.

Run as root: .venv/bin/python -m benchmarks.noop_lab up FOLDER [HOSTS], then `… noop --hosts FOLDER/hosts.json --booted
--sizes 1,4,16`, then `… noop_lab down FOLDER`. FOLDER is a project folder of its own; the hosts have 10.124.1.0/24.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import yaml

from builder.inventory import build_inventory
from builder.load import load_site

NAME = "noop-lab"
_NETWORK = "10.124.1"


def site(hosts: int) -> dict[str, object]:
    """A site file of hosts that are never built: the lab boots them as they are."""
    return {
        "name": NAME,
        "title": "Nothing to do (benchmark)",
        "domain": "noop.test",
        "contacts": [{"name": "Benchmark", "duty": "PACS administrator"}],
        "access": {"administration": [f"{_NETWORK}.1/32"]},
        "vault": {"file": f".pacsmith/{NAME}/secrets.yml", "password": {"file": f".pacsmith/{NAME}/vault-password"}},
        "ca": {"common_name": "Noop CA", "organisation": "Benchmark", "key": {"vault": "ca_key"}},
        "networks": [{"name": "lan", "address": f"{_NETWORK}.0/24", "gateway": f"{_NETWORK}.1"}],
        "hosts": [_host(number) for number in range(1, hosts + 1)],
    }


def _host(number: int) -> dict[str, object]:
    return {
        "name": f"noop{number}",
        "class": "archive",
        "product": {"id": "orthanc", "version": "1.12.7"},
        "network": "lan",
        "address": f"{_NETWORK}.{10 + number}",
        "location": "Bench",
        "ae": {"title": f"NOOP{number}", "port": 104},
        "archive": {
            "database_password": {"vault": "database"},
            "users": [{"name": "nobody", "password": {"vault": "web"}, "may": ["qido"]}],
            "backup": {"password": {"vault": "backup"}},
        },
    }


def up(folder: Path, hosts: int) -> None:
    """Boot them and write hosts.json."""
    file = folder / "inventory" / NAME / "site.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(site(hosts), sort_keys=False))
    _pacsmith(folder, "lab", "up", NAME)
    machines = build_inventory(load_site(file).value).machines
    found = [one.connection.model_dump() for one in machines]
    for one in found:
        one.update({key: str((folder / one[key]).resolve()) for key in ("key", "known_hosts")})
    (folder / "hosts.json").write_text(json.dumps(found, indent=1))


def _pacsmith(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "builder.cli.main", *arguments], cwd=folder, check=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=("up", "down"))
    asked.add_argument("folder", type=Path)
    asked.add_argument("hosts", nargs="?", type=int, default=16)
    given = asked.parse_args()
    if given.what == "up":
        up(given.folder, given.hosts)
    else:
        _pacsmith(given.folder, "lab", "down", NAME)
