"""Role checks as evidence: the child's XML read back, and a real child against this machine."""

import subprocess
from pathlib import Path

import pytest

from builder.models.base import Model
from builder.models.connection import Connection
from builder.probes import role_checks
from builder.probes.role_checks import RoleChecks, read_results, run_role_checks, ssh_config

CHECKS = '''\
"""Checks."""
import pytest


def test_name_is_known(host, variables):
    """The host
    knows its name."""
    assert variables["name"] == "archive01"


def test_figures(record_property):
    """A figure within its limit."""
    record_property("observed", "7 of at most 10")


def test_port_is_open(host):
    """A port is open."""
    assert host.run("false").rc == 0, "the port is shut"


def test_cannot_tell(host):
    """Something that cannot be asked."""
    raise RuntimeError("Unexpected exit code 255")


def test_not_here():
    """Something for other hosts."""
    pytest.skip("no such device")
'''


class Variables(Model):
    name: str


@pytest.fixture
def checks(tmp_path: Path) -> RoleChecks:
    folder = tmp_path / "demo"
    (folder / "checks").mkdir(parents=True)
    (folder / "checks" / "test_demo.py").write_text(CHECKS)
    connection = Connection(
        host="archive01", address="127.0.0.1", user="pacsmith", port=1, key="key", known_hosts="known"
    )
    return RoleChecks("demo", folder, connection, Variables(name="archive01"))


def test_a_child_on_this_machine(checks: RoleChecks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = role_checks._argv

    def local(wanted: RoleChecks, folder: Path) -> list[str]:
        return [word for word in argv(wanted, folder) if word != "--sudo" and not word.startswith("--hosts=")]

    monkeypatch.setattr(role_checks, "_argv", local)
    monkeypatch.setattr(role_checks, "_reach", lambda wanted, folder: b"")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    found = {item.subject: item for item in run_role_checks(checks, "run")}
    told = {name: (item.verdict, item.expected, item.observed) for name, item in found.items()}
    assert told == {
        "archive01: name is known": ("met", "The host knows its name.", "as expected"),
        "archive01: figures": ("met", "A figure within its limit.", "7 of at most 10"),
        "archive01: port is open": ("short", "A port is open.", "the port is shut"),
        "archive01: cannot tell": (
            "unknown", "Something that cannot be asked.",
            "the check could not be carried out: Unexpected exit code 255",
        ),
        "archive01: not here": ("not applicable", "Something for other hosts.", told["archive01: not here"][2]),
    }  # fmt: skip
    assert "no such device" in told["archive01: not here"][2]
    assert {item.source for item in found.values()} == {"role demo, checks"}
    assert not list(checks.folder.rglob("__pycache__"))


def test_broken_checks_are_one_unknown(checks: RoleChecks) -> None:
    (checks.folder / "checks" / "test_demo.py").write_text("import nothing_of_that_name\n")
    (item,) = run_role_checks(checks, "run")
    assert item.verdict == "unknown"


def test_an_unreachable_host_is_unknown_and_never_short(checks: RoleChecks) -> None:
    (checks.folder / "checks" / "test_demo.py").write_text(
        'def test_a(host):\n    """A."""\n    assert host.check_output("true") == ""\n'
    )
    (item,) = run_role_checks(checks, "run")
    assert item.verdict == "unknown"
    assert "Connection refused" in item.observed


def test_a_role_without_checks_has_none(checks: RoleChecks) -> None:
    (checks.folder / "checks" / "test_demo.py").unlink()
    assert run_role_checks(checks, "run") == ()


def test_no_result_no_evidence() -> None:
    assert read_results('<testsuites><testsuite tests="0"/></testsuites>', "demo", "archive01", "run") == ()


def test_ssh_configuration_is_for_this_machine_alone(tmp_path: Path) -> None:
    connection = Connection(
        host="archive01", address="192.0.2.1", user="pacsmith", port=2222, key="a key", known_hosts="k"
    )
    (tmp_path / "config").write_text(ssh_config(connection, tmp_path / "s"))
    asked = subprocess.run(
        ["ssh", "-F", str(tmp_path / "config"), "-G", "archive01"], capture_output=True, text=True, check=True
    )
    told = dict(line.split(" ", 1) for line in asked.stdout.splitlines() if " " in line)
    assert (told["hostname"], told["port"], told["user"]) == ("192.0.2.1", "2222", "pacsmith")
    assert told["stricthostkeychecking"] == "true"
    assert told["identityfile"] == str(Path("a key").resolve())
