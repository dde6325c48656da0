"""Plain `pyinfra @pacsmith/…` works as with `@ssh`: the same deploy, carried out, and then nothing to do."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.noop_ways import Project, register
from tests.lab.loopback import Loopback

TOTAL = re.compile(r"Grand total +(\d+) +(\S+) +(\S+) +(\S+)")
DEPLOY = """
import io
from pyinfra import host
from pyinfra.facts.server import Hostname
from pyinfra.operations import files, server

assert host.get_fact(Hostname)
files.put(name="File", src=io.StringIO("one\\n"), dest="/srv/cli/file", mode="640")
files.directory(name="Folder", path="/srv/cli/folder")
made = server.shell(name="Shell", commands=["echo $WHO >> /srv/cli/said"], _env={"WHO": "me"})
files.line(name="Line", path="/srv/cli/said", line="me")
server.shell(name="Once", commands=["echo changed >> /srv/cli/said"], _if=made.did_change)
files.get(name="Back", src="/srv/cli/file", dest="fetched")
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    host = Loopback(tmp_path_factory.mktemp("sshd") / "at").start()
    yield host
    host.stop()


@pytest.fixture
def project(sshd: Loopback, tmp_path: Path) -> Project:
    made = Project(tmp_path / "project", (sshd.connection(),), booted=False)
    made.write()
    register(made.folder)
    return made


def pyinfra(project: Project, way: str) -> str:
    done = subprocess.run(project.command(way), cwd=project.folder, env=project.environment(), capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def totals(said: str) -> tuple[str, ...]:
    found = TOTAL.search(said)
    assert found, said
    return found.groups()


def test_a_deploy_is_carried_out_and_a_second_time_has_nothing_to_do(project: Project) -> None:
    """All, changed, failed, without change, as pyinfra's own summary has them.

    Nine find it done already: five packages, three lines of files put there before, one file that is to be absent.
    """
    assert totals(pyinfra(project, "ours-cli")) == ("41", "32", "-", "9")
    assert totals(pyinfra(project, "ours-cli")) == ("41", "-", "-", "41")
    assert totals(pyinfra(project, "stock")) == ("41", "-", "-", "41")
    asked = json.loads((project.folder / "memory" / "cli-trial.json").read_text())
    assert len(asked) > 30


def test_a_deploy_does_with_our_connector_what_it_does_with_stock_s(project: Project, sshd: Loopback) -> None:
    (project.folder / "deploy.py").write_text(DEPLOY)
    found = []
    for way in ("stock", "ours-cli"):
        for _ in range(2):
            said = pyinfra(project, way)
        folder = sshd.root() / "srv/cli"
        found.append((totals(said), (folder / "said").read_text(), (folder / "file").stat().st_mode & 0o777,
                      (project.folder / "fetched").read_text()))  # fmt: skip
        for path in (folder / "said", folder / "file", project.folder / "fetched"):
            path.unlink()
    assert found[0] == found[1]
    assert found[0][1] == "me\nchanged\nme\nchanged\n"
