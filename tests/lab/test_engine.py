"""The engine on a real host: a plan sees what has moved and touches nothing; a build mends it, and nothing is left."""

import json
from typing import Any

from tests.lab.conftest import BuiltSite

# What a bad day leaves behind: a file changed by hand, rights opened, a service stopped, a restart that a killed run
# still owes, and a package that dpkg was not allowed to finish.
SPOIL = """
echo 'pool elsewhere.example' | sudo tee -a /etc/chrony/chrony.conf >/dev/null
sudo chmod 666 /etc/ssh/sshd_config.d/0-pacsmith.conf
sudo systemctl stop prometheus-node-exporter
sudo rm /var/lib/pacsmith/stamps/restart-systemd-journald
sudo sed -i '/^Package: nftables$/,/^Status:/s/^Status: .*/Status: install ok unpacked/' /var/lib/dpkg/status
"""
MOVED = {
    "Finish an interrupted package installation",
    "Configure chrony",
    "Run chrony",
    "Run the journal with its limits",
    "Run the node exporter",
    "Harden SSH",
    "Run SSH",
}
# Everything that a plan could have changed: files with their times, and what runs since when.
STATE = """
sudo find /etc /usr/local /var/lib/pacsmith /var/lib/dpkg/status -type f -printf '%p %m %U %T@ %s\\n' | sort | sha256sum
sudo systemctl show -p Id,ActiveState,UnitFileState,ActiveEnterTimestamp chrony nftables ssh prometheus-node-exporter
"""


def plan(site: BuiltSite) -> dict[str, Any]:
    done = site.pacsmith("plan", "--site", site.name, "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_after_a_build_a_plan_is_empty_and_sees_everything(north: BuiltSite) -> None:
    said = plan(north)
    assert [step["step"] for step in said["steps"] if step["changed"]] == []
    assert said["changes"] == 0
    assert said["coverage"] == 1.0
    assert len(said["steps"]) > 20


def test_what_has_moved_is_seen_and_mended(north: BuiltSite) -> None:
    assert north.on("vna", SPOIL).returncode == 0
    before = north.on("vna", STATE)
    assert before.returncode == 0
    said = plan(north)
    assert north.on("vna", STATE).stdout == before.stdout, "a plan has changed something"
    changes = {step["step"]: step["diff"] or "" for step in said["steps"] if step["changed"]}
    # In a plan the package is missing, too; in the run it is whole again when that step's turn comes.
    assert set(changes) == MOVED | {"Install the packages of all roles"}
    assert "-pool elsewhere.example" in changes["Configure chrony"]
    assert "666 root root -> 644 root root" in changes["Harden SSH"]
    assert "nftables is half installed" in changes["Finish an interrupted package installation"]
    built = north.pacsmith("build", "--site", north.name, "--json")
    assert built.returncode == 0, built.stdout + built.stderr
    assert json.loads(built.stdout)["changed"] == len(MOVED)
    assert plan(north)["changes"] == 0
