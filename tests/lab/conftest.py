"""Accepted sites for the lab tests: each is built once, cold, by the command itself in an empty project folder."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from builder.lab.layout import lab_folder

TESTED_BY = "tested-by"
SITES = Path(__file__).parent / "sites"
NORTH_SECRETS = {"NORTH_VAULT_PASSWORD": "north-vault-8Qw3xT", "NORTH_DATABASE_PASSWORD": "north-db-p'a\"ss w0rd"}

# As small as a viewer can be that has a page, a script worth compressing, a program and settings of its own.
OWN_VIEWER = 'viewer: {product: ohif, version: "0.1"}'
PAGE_COLOUR = (0x2A, 0x7F, 0x62)
VIEWER = {
    "index.html": b"<!doctype html><title>viewer</title><style>html{background:#2a7f62}</style>",
    "app.js": b"// a script\n" * 400,
    "app.wasm": b"\0asm\1\0\0\0",
    "app.js.map": b"{}",
    "app-config.js": b"window.config = {qidoRoot: 'https://elsewhere.example/dicomweb'};",
}


@dataclass(frozen=True)
class BuiltSite:
    """A site in the lab: its project folder, its name, and what its cold build printed."""

    folder: Path
    name: str
    environment: dict[str, str]
    output: str

    def pacsmith(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run the command in the project folder; output and error output are kept apart."""
        return subprocess.run(
            [sys.executable, "-m", "builder.cli.main", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def on(self, machine: str, command: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a shell command on a host or stand-in, as its SSH user."""
        return self.pacsmith("lab", "ssh", "--site", self.name, machine, "--", command, timeout=timeout)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs real hosts: root and systemd-nspawn. There is no skip: without them the tests fail.

    `make lab` runs groups of them side by side: most of their time is waiting.
    """
    for item in items:
        item.add_marker(pytest.mark.lab)
        uses = set(getattr(item, "fixturenames", ()))
        if "north" in uses:
            item.add_marker(pytest.mark.clinic)
        elif "tls_ward" in uses:
            item.add_marker(pytest.mark.ward)
        elif "stations" in uses:
            item.add_marker(pytest.mark.stations)


def new_folder(folder: Path, file: str, environment: dict[str, str]) -> BuiltSite:
    """A project folder with nothing in it but the site file."""
    name = next(line.split()[1] for line in (SITES / file).read_text().splitlines() if line.startswith("name:"))
    (folder / "inventory" / name).mkdir(parents=True)
    mark_as_tested(folder)
    shutil.copy(SITES / file, folder / "inventory" / name / "site.yml")
    return BuiltSite(folder, name, environment, "")


def mark_as_tested(folder: Path) -> None:
    """Note in a project folder whose test run it belongs to."""
    (folder / TESTED_BY).write_text(str(os.getpid()))


def pytest_sessionstart() -> None:
    """Take down the labs of test runs that ended without an end of their own, as by a power cut; no other lab."""
    for owner in lab_folder().glob("*/lab.json"):
        project = Path(json.loads(owner.read_text())["project"])
        mark = project / TESTED_BY
        if mark.is_file() and not _is_a_test_run(mark.read_text()):
            BuiltSite(project, owner.parent.name, {}, "").pacsmith("lab", "down", owner.parent.name)


def _is_a_test_run(process: str) -> bool:
    with contextlib.suppress(OSError):
        return b"pytest" in Path("/proc", process, "cmdline").read_bytes()
    return False


def run_steps(site: BuiltSite, *steps: list[str]) -> str:
    """Run each step of the command on the site; the first that fails ends the test with what it said."""
    said = ""
    for step in steps:
        done = site.pacsmith(*step)
        said += done.stdout + done.stderr
        assert done.returncode == 0, f"pacsmith {' '.join(step)}: exit {done.returncode}\n{said}"
    return said


def stocked(site: BuiltSite, *versions: str) -> None:
    """A depot with a web viewer of our own making in each version, pinned by the folder's manifest and handed in as
    from a stick."""
    packages = {version: site.folder / f"viewer-{version}.tgz" for version in versions}
    pinned = [_viewer(package, version) for version, package in packages.items()]
    (site.folder / "specs").mkdir()
    (site.folder / "specs" / "depot.yml").write_text(yaml.safe_dump({"artefacts": pinned}))
    for package in packages.values():
        run_steps(site, ["depot", "add", package.name])
        package.unlink()


def _viewer(package: Path, version: str) -> dict[str, str]:
    """The package itself, and its entry in the manifest."""
    with tarfile.open(package, "w:gz") as tar:
        for name, content in {**VIEWER, "version.txt": version.encode()}.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    return {"name": "ohif", "version": version, "title": "A viewer for tests", "file": package.name,
            "handed_in": "the tests make it", "sha256": digest}  # fmt: skip


def built(folder: Path, file: str, environment: dict[str, str]) -> Iterator[BuiltSite]:
    """A site built once, from nothing, by the command itself."""
    site = new_folder(folder, file, environment)
    text = (SITES / file).read_text()
    if OWN_VIEWER in text:
        stocked(site, "0.1")
    elif "viewer:" in text:
        run_steps(site, ["depot", "fetch"])
    try:
        up = ["lab", "up", site.name]
        said = run_steps(site, ["secrets", "generate", "--site", site.name], up, ["build", "--site", site.name])
        yield BuiltSite(folder, site.name, environment, said)
    finally:
        site.pacsmith("lab", "down", site.name)


def bare_site(folder: Path, file: str) -> Iterator[BuiltSite]:
    """A site whose hosts are booted and nothing more, with a lab snapshot `booted`."""
    site = new_folder(folder, file, {})
    try:
        run_steps(
            site,
            ["secrets", "generate", "--site", site.name],
            ["lab", "up", site.name],
            ["lab", "snapshot", "--site", site.name, "booted"],
        )
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


@pytest.fixture(scope="session")
def north(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Debian 13, storage on the filesystem, plain DICOM; other names, ports, network and secrets than the example's."""
    yield from built(tmp_path_factory.mktemp("north"), "north.yml", NORTH_SECRETS)


@pytest.fixture(scope="session")
def tls_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Debian 12, storage in the database, DICOM TLS."""
    yield from built(tmp_path_factory.mktemp("tls"), "tls.yml", {})


@pytest.fixture(scope="session")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """A host of each class, each station accepted on its screen."""
    yield from built(tmp_path_factory.mktemp("stations"), "stations.yml", {})
