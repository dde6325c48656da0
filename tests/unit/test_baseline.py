"""The role `baseline` before it touches a host: its variables, its texts, its timers."""

import importlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from builder.engines.template import render
from builder.inventory.roles import load_role_module, role_folder
from builder.models.site import Site
from tests.unit.site_parts import example, example_data, host

GOLDEN = Path(__file__).parent / "golden" / "baseline"
REWRITE = "PACSMITH_REWRITE_GOLDEN"


def variables(site: Site, name: str = "archive01") -> Any:
    machine = next(machine for machine in site.hosts if machine.name == name)
    return load_role_module("baseline", "variables").Variables.of(site, machine)


def text(template: str, v: Any, **more: object) -> str:
    return render(str(role_folder("baseline") / "deploy.py"), f"{template}.j2", v=v, **more)


def schedule() -> ModuleType:
    load_role_module("baseline", "variables")
    return importlib.import_module("pacsmith_roles.baseline.schedule")


def agree(found: str, name: str) -> None:
    """Compare with the golden file; with PACSMITH_REWRITE_GOLDEN=1 write it."""
    if os.environ.get(REWRITE) == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_text(found)
    assert found == (GOLDEN / name).read_text()


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("nftables.conf", "routes_of_the_example.nft"),
        ("hosts", "neighbours_of_the_example.hosts"),
        ("sshd.conf", "ssh_of_debian_13.conf"),
        ("unattended-upgrades", "security_only.conf"),
    ],
)
def test_text_for_the_example(template: str, name: str) -> None:
    agree(text(template, variables(example())), name)


def test_every_golden_file_is_compared() -> None:
    assert len(list(GOLDEN.iterdir())) == 4


def test_the_firewall_is_rules_that_nft_understands(tmp_path: Path) -> None:
    nft = shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert nft is not None, "nft is missing on this machine; install the package nftables"
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    wide = {"administration": ["10.0.0.0/8", "10.78.0.1/32", "192.0.2.1/32"]}
    for number, site in enumerate((example(), example(routes=[]), example(access=wide))):
        file = tmp_path / f"{number}.nft"
        file.write_text(text("nftables.conf", variables(site)))
        checked = subprocess.run([*as_root, nft, "-c", "-f", file], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_ssh_is_let_in_before_anything_can_be_dropped() -> None:
    rules = [line.strip() for line in text("nftables.conf", variables(example())).splitlines()]
    ssh = next(place for place, line in enumerate(rules) if "tcp dport 22 " in line)
    assert not [line for line in rules[:ssh] if line.endswith(("drop", "reject"))]


def test_a_port_is_open_to_those_that_a_route_names_and_to_no_other() -> None:
    site = example(routes=[{"from": "ct01", "to": "archive01", "may": ["store"]}])
    rules = text("nftables.conf", variables(site))
    assert "tcp dport 104 ip saddr { 10.78.0.21 } accept" in rules
    web = [line.split("#")[0] for line in rules.splitlines() if "dport 443 " in line]
    assert web
    assert all("{ 10.78.0.1/32 }" in line for line in web)  # administration and monitoring alone
    assert "10.78.0.31" not in rules


def test_without_monitoring_the_exporter_stays_closed() -> None:
    assert "9100" not in text("nftables.conf", variables(example(access={"administration": ["10.78.0.1/32"]})))


def test_a_host_knows_its_neighbours_only() -> None:
    """A machine without a route to the host is not in its hosts file: a large site would not fit into it."""
    data = example_data()
    site = Site.model_validate(data | {"hosts": [*data["hosts"], *(host(number) for number in range(50))]})
    assert [machine.name for machine in variables(site).machines] == ["archive01", "ct01", "read01"]
    assert [machine.name for machine in variables(site, "arc7").machines] == ["arc7"]


def test_windows_of_other_hosts_do_not_count() -> None:
    windows = [
        {"name": "all", "days": ["sun"], "start": "22:00", "end": "04:00"},
        {"name": "mine", "hosts": ["archive01"], "days": ["wed"], "start": "01:00", "end": "02:00"},
        {"name": "other", "hosts": ["arc1"], "days": ["mon"], "start": "01:00", "end": "02:00"},
    ]
    data = example_data()
    site = Site.model_validate(data | {"hosts": [*data["hosts"], host(1)], "windows": windows})
    assert [(window.days, window.minutes) for window in variables(site).windows] == [(("sun",), 360), (("wed",), 60)]


def test_without_a_window_nothing_upgrades_itself() -> None:
    mine = variables(example(windows=[]))
    assert 'Unattended-Upgrade "0"' in text("auto-upgrades", mine)
    assert "OnCalendar=\n" in text("timer", mine, times=[], delay=0)


@pytest.mark.parametrize(
    ("days", "start", "later", "expected"),
    [
        (["sun"], "22:00", 0, "Sun *-*-* 22:00:00"),
        (["tue", "mon"], "01:30", 5, "Mon,Tue *-*-* 01:35:00"),
        (["sun", "wed"], "23:58", 5, "Mon,Thu *-*-* 00:03:00"),
    ],
)
def test_a_timer_fires_in_the_window(days: Sequence[str], start: str, later: int, expected: str) -> None:
    assert schedule().calendar(days, start, later=later) == expected


@pytest.mark.parametrize("minutes", [1, 10, 40, 60, 360, 1440])
def test_an_upgrade_begins_in_the_first_quarter(minutes: int) -> None:
    latest = schedule().head_start(minutes) + schedule().spread(minutes)
    assert 0 <= latest <= minutes / 4


def test_debian_12_is_given_what_it_understands() -> None:
    data = example_data()
    data["hosts"][0]["os"] = "debian-12"
    old = variables(Site.model_validate(data))
    assert old.codename == "bookworm"
    assert "mlkem" not in text("sshd.conf", old)
    assert "PerSourcePenaltyExemptList" not in text("sshd.conf", old)
    assert "codename=bookworm-security" in text("unattended-upgrades", old)
    assert "leapseclist" not in text("chrony.conf", old)


def test_root_with_a_key_is_not_locked_out_when_the_site_says_root() -> None:
    site = example(ssh={"user": "root", "sudo": False})
    assert "PermitRootLogin prohibit-password" in text("sshd.conf", variables(site))


def test_time_servers_replace_the_pool() -> None:
    named = text("chrony.conf", variables(example(time={"zone": "Europe/Dublin", "servers": ["ntp.example"]})))
    assert "server ntp.example iburst" in named
    assert "pool" not in named
    assert "pool 2.debian.pool.ntp.org iburst" in text("chrony.conf", variables(example()))


def test_the_hospitals_mirror_is_used_whole() -> None:
    packages = {"mirror": "http://mirror.example/debian", "security_mirror": "http://mirror.example/security"}
    sources = text("debian.sources", variables(example(packages=packages)))
    assert "Suites: trixie trixie-updates" in sources
    assert "Suites: trixie-security" in sources
    assert "security" not in text(
        "debian.sources", variables(example(packages={"mirror": "http://mirror.example/debian"}))
    )


def test_variables_hold_no_secret_and_travel_as_json() -> None:
    mine = variables(example())
    assert type(mine).model_validate_json(mine.model_dump_json()) == mine
    assert "vault" not in mine.model_dump_json()
