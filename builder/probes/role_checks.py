"""Role checks: pytest-testinfra in a child process, over the pinned connection; its JUnit XML read back as evidence."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from builder.models.base import Model
from builder.models.connection import Connection
from builder.models.evidence import Evidence, Verdict

_TIMEOUT = 300.0


@dataclass(frozen=True)
class RoleChecks:
    """What to run: one role's checks against one machine. `folder` is the role's folder."""

    role: str
    folder: Path
    connection: Connection
    variables: Model

    @property
    def files(self) -> list[Path]:
        """The role's check files."""
        return sorted((self.folder / "checks").glob("test_*.py"))


def run_role_checks(checks: RoleChecks, run: str) -> tuple[Evidence, ...]:
    """One evidence a check; one unknown when the child could not do its work; none for a role without checks."""
    if not checks.files:
        return ()
    with tempfile.TemporaryDirectory(prefix="pacsmith-checks-") as name:
        folder = Path(name)
        (folder / "ssh_config").write_text(ssh_config(checks.connection, folder / "s"), "utf-8")
        (folder / "variables.json").write_text(checks.variables.model_dump_json(by_alias=True), "utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
        try:
            said = _reach(checks, folder) or _carry_out(checks, folder)
        finally:
            subprocess.run(["ssh", "-F", str(folder / "ssh_config"), "-O", "exit", checks.connection.host],
                           capture_output=True, check=False)  # fmt: skip
        try:
            text = (folder / "result.xml").read_text("utf-8")
            found = read_results(text, checks.role, checks.connection.host, run)
        except (OSError, ElementTree.ParseError):
            found = ()
    return found or (_nothing(checks, run, said),)


def _reach(checks: RoleChecks, folder: Path) -> bytes:
    """Open the connection that all checks share; what SSH said when it could not be opened. Without this, every check
    would wait for a machine that is not there."""
    argv = ["ssh", "-F", str(folder / "ssh_config"), "-o", "ControlMaster=auto", "-o", "ControlPersist=60",
            "-o", "ConnectTimeout=10", checks.connection.host, "true"]  # fmt: skip
    opened = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            check=False)  # fmt: skip
    return b"" if opened.returncode == 0 else opened.stderr or b"SSH failed without a word"


def _carry_out(checks: RoleChecks, folder: Path) -> bytes:
    try:
        child = subprocess.run(
            _argv(checks, folder), capture_output=True, env=_environment(), timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {_TIMEOUT:.0f} s".encode()
    return child.stdout + child.stderr


def ssh_config(connection: Connection, socket: Path) -> str:
    """A configuration that knows this machine alone, by this key and these pinned host keys."""
    lines = {
        "HostName": connection.address,
        "User": connection.user,
        "Port": connection.port,
        "IdentityFile": f'"{Path(connection.key).resolve()}"',
        "UserKnownHostsFile": f'"{Path(connection.known_hosts).resolve()}"',
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
        "ControlPath": socket,
    }
    return f"Host {connection.host}\n" + "".join(f"  {name} {value}\n" for name, value in lines.items())


def _argv(checks: RoleChecks, folder: Path) -> list[str]:
    return [
        sys.executable, "-P", "-m", "pytest", "-q", "--tb=no", "--import-mode=importlib", "-p", "no:cacheprovider",
        "-p", "testinfra.plugin", "-p", "builder.probes.checks_plugin",
        "-c", str(folder / "pytest.ini"), "--rootdir", str(checks.folder),
        f"--hosts=ssh://{checks.connection.host}", "--ssh-config", str(folder / "ssh_config"),
        *(["--sudo"] if checks.connection.sudo else []),
        "--pacsmith-variables", str(folder / "variables.json"), "--junitxml", str(folder / "result.xml"),
        *map(str, checks.files),
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    """Ours without what would change pytest, and without plugins that merely happen to be installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def read_results(xml: str, role: str, host: str, run: str) -> tuple[Evidence, ...]:
    """JUnit XML of the child as evidence. Raises ElementTree.ParseError."""
    return tuple(_evidence(case, role, host, run) for case in ElementTree.fromstring(xml).iter("testcase"))


def _evidence(case: ElementTree.Element, role: str, host: str, run: str) -> Evidence:
    told = {item.get("name", ""): item.get("value", "") for item in case.iter("property")}
    name = case.get("name", "").split("[")[0].removeprefix("test_").replace("_", " ")
    verdict, observed = _verdict(case, told)
    return Evidence(
        kind="check",
        subject=f"{host}: {name}",
        source=f"role {role}, checks",
        expected=told.get("expected", name),
        observed=observed,
        verdict=verdict,
        at=datetime.now(UTC),
        probe=f"pytest-testinfra over SSH on {host}",
        host=host,
        run=run,
        seconds=float(case.get("time", "0")),
    )


def _verdict(case: ElementTree.Element, told: dict[str, str]) -> tuple[Verdict, str]:
    skipped = case.find("skipped")
    if skipped is not None:
        return "not applicable", skipped.get("message", "skipped")
    if case.find("failure") is None and case.find("error") is None:
        return "met", told.get("observed", "as expected")
    observed = told.get("observed", "no reason given")
    if told.get("found") == "wrong":
        return "short", observed
    return "unknown", f"the check could not be carried out: {observed}"


def _nothing(checks: RoleChecks, run: str, said: bytes) -> Evidence:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    host = checks.connection.host
    return Evidence(
        kind="check", subject=f"{host}: checks of role {checks.role}", source=f"role {checks.role}, checks",
        expected="the checks of the role are carried out",
        observed=f"they could not be: {lines[-1] if lines else 'nothing was said'}",
        verdict="unknown", at=datetime.now(UTC), probe=f"pytest-testinfra over SSH on {host}", host=host, run=run,
    )  # fmt: skip
