"""The one shell on a host that has booted: facts of systemd under sudo, and what a plan remembers of its questions."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyinfra.facts import deb, files, server, systemd

from builder.inventory import build_inventory
from builder.load import load_site
from tests.lab.conftest import BuiltSite
from tests.lab.shell_host import OURS, STOCK, connected

ASKED: list[tuple[type[Any], dict[str, Any]]] = [
    (systemd.SystemdStatus, {}),
    (systemd.SystemdEnabled, {}),
    (server.Users, {}),
    (server.Groups, {}),
    (deb.DebPackages, {}),
    (server.LinuxDistribution, {}),
    (files.File, {"path": "/etc/shadow"}),
    (files.Sha256File, {"path": "/etc/ssh/sshd_config"}),
]


@pytest.fixture
def data(north: BuiltSite) -> dict[str, object]:
    site = load_site(north.folder / "inventory" / north.name / "site.yml").value
    where = next(one.connection for one in build_inventory(site).machines if one.host.name == "vna")
    return {
        "ssh_hostname": where.address,
        "ssh_user": where.user,
        "ssh_port": where.port,
        "ssh_key": str(north.folder / where.key),
        "ssh_known_hosts_file": str(north.folder / where.known_hosts),
        "ssh_config_file": "/dev/null",
        "ssh_strict_host_key_checking": "yes",
    }


def test_facts_of_a_booted_host_are_the_stock_connector_s(data: dict[str, object]) -> None:
    told = []
    for connector in (STOCK, OURS):
        with connected(data, connector) as host:
            told.append([host.get_fact(fact, **arguments, _sudo=True) for fact, arguments in ASKED])
    for (fact, arguments), stock, ours in zip(ASKED, *told, strict=True):
        assert ours == stock, (fact, arguments)
    assert told[0][0]["ssh.service"] is True


def test_a_second_plan_asks_everything_at_once(north: BuiltSite) -> None:
    trips = []
    for _ in range(2):
        done = north.pacsmith("plan", "--site", north.name, "--json")
        assert done.returncode == 0, done.stderr
        remembered = list((north.folder / ".pacsmith" / north.name / "questions").glob("vna-*.json"))
        trips.append([len(json.loads(path.read_text())) for path in remembered])
    assert trips[0] == trips[1]
    assert trips[0]
    assert max(trips[0]) > 10


def test_what_is_remembered_of_a_host_holds_no_secret(north: BuiltSite) -> None:
    folder = Path(north.folder) / ".pacsmith" / north.name / "questions"
    assert north.pacsmith("plan", "--site", north.name).returncode == 0
    for path in folder.glob("*.json"):
        text = path.read_text()
        for secret in north.environment.values():
            assert secret not in text
        assert path.stat().st_mode & 0o077 == 0
