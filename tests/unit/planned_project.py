"""A project with one archive host that is no host: `ssh` runs the shell right here, and the roles write to a folder.

Everything else is real: site, vault, certificates, engine, ledger and the command itself; but what a verification
finds, since no archive stands there, and that this machine is surveyed once for all tests: its facts stand still.
Addresses are those of RFC 5737, so that nothing is ever asked there.
"""

import contextlib
import getpass
import grp
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from builder.cli import main
from builder.inventory import Machine
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.evidence import Evidence
from builder.models.fact import Fact
from builder.models.run import Run
from builder.secrets import generate_missing
from builder.workflows.session import Session, now, open_session
from builder.workflows.survey import HostFacts, survey_hosts
from builder.workflows.verify import Verified
from tests.unit.site_parts import example_data

SSH = """#!/bin/sh
# The last argument is the remote command. Where the file `away` lies, the host does not answer.
case "$*" in *"-O exit"*) exit 0;; esac
[ -e "$TRIAL/away" ] && { echo "ssh: connect to host: No route to host" >&2; exit 255; }
for last; do :; done
SSH_CONNECTION="192.0.2.1 50000 192.0.2.11 22" exec sh -c "$last"
"""
VARIABLES = """
from typing import ClassVar
from builder.models.base import Model
from builder.models.interruption import Interruption
from builder.models.secret import SecretReference

class Variables(Model):
    interruptions: ClassVar[tuple[Interruption, ...]] = (
        Interruption(step="Begin anew", stops=("dicom", "web"), seconds=18, source="a test"),
    )
    where: str
    title: str
    password: SecretReference

    @classmethod
    def of(cls, site, host):
        return cls(where=host.location, title=host.ae.title, password=host.archive.database_password)
"""
DEPLOY = """
import os
from builder.engines.steps import *

FOLDER = os.environ["TRIAL"] + "/host"
OWNER = {"owner": os.environ["TRIAL_USER"], "group": os.environ["TRIAL_GROUP"]}

def deploy(variables, material):
    place("Where it stands", [FileSpec(f"{FOLDER}/place", f"{variables.where}\\n", **OWNER)])
    place("Its AE title", [FileSpec(f"{FOLDER}/title", f"{variables.title}\\n", **OWNER)])
    place("Rights of each AE", [FileSpec(f"{FOLDER}/rights", "ct01 may store\\n", **OWNER)])
    place("Password", [FileSpec(f"{FOLDER}/secret", material.secret(variables.password), secret=True, **OWNER)])
    command("Begin anew", f"cp {FOLDER}/rights {FOLDER}/loaded", unless=f"cmp -s {FOLDER}/rights {FOLDER}/loaded")
"""
PLAN = "plan.json"
IDLE = "def deploy(variables, material):\n    pass\n"


@dataclass
class Project:
    """The project's folder, and what a test does with it."""

    folder: Path

    @property
    def host(self) -> Path:
        """What the roles write."""
        return self.folder / "host"

    @property
    def site_file(self) -> Path:
        return self.folder / "inventory" / "hill" / "site.yml"

    def run(self, *words: str) -> Result:
        """The command, in this process."""
        return CliRunner().invoke(main.app, list(words))

    def change_site(self, **host: Any) -> None:
        """Fields of the host, written anew."""
        data = yaml.safe_load(self.site_file.read_text(encoding="utf-8"))
        data["hosts"][0] |= host
        self.site_file.write_text(yaml.safe_dump(data), encoding="utf-8")

    def session(self, verb: str, today: date | None = None) -> Session:
        return open_session(verb, "hill", today=today)

    def accept(self) -> str:
        """Carry the roles out, and have the host accepted; the run's id."""
        done = self.run("build", "--json")
        assert done.exit_code == 0, (done.output, done.exception)
        return str(json.loads(done.stdout)["run"])

    def runs(self) -> tuple[Run, ...]:
        """As the ledger has them, the newest first."""
        session = self.session("report")
        with closing(session.ledger):
            return session.ledger.runs(site="hill")


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder with its secrets made, and a copy of it beside: what a test leaves there is undone."""
    folder = tmp_path_factory.mktemp("planned") / "project"
    made = Project(folder)
    made.host.mkdir(parents=True)
    made.site_file.parent.mkdir(parents=True)
    data = example_data()
    data["hosts"][0] |= {"location": "Room 1", "stage": "test"}
    data |= {"name": "hill", "ssh": {"user": "someone", "sudo": False},
             "vault": {"file": "secrets.yml", "password": {"file": "vault-password"}}}  # fmt: skip
    data["windows"][0]["reboot"] = True
    made.site_file.write_text(yaml.safe_dump(data).replace("10.78.0.", "192.0.2."), encoding="utf-8")
    for role, deploy in (("baseline", IDLE), ("archive", DEPLOY)):
        (folder / "roles" / role).mkdir(parents=True)
        (folder / "roles" / role / "variables.py").write_text(VARIABLES, encoding="utf-8")
        (folder / "roles" / role / "deploy.py").write_text(deploy, encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "ssh").write_text(SSH, encoding="utf-8")
    (folder / "bin" / "ssh").chmod(0o755)
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch, at_home(patch, folder):
        generate_missing(load_site(find_site("hill")).value)
        assert made.run("plan", "--out", PLAN).exit_code == 0
    shutil.copytree(folder, folder.with_name("as-begun"))
    return folder


@pytest.fixture(scope="session")
def accepted_once(begun: Path) -> Path:
    """A copy of the project with its host accepted."""
    with pytest.MonkeyPatch.context() as patch:
        next(restored(begun, begun.with_name("as-begun"), patch)).accept()
    return Path(shutil.copytree(begun, begun.with_name("as-accepted")))


def restored(folder: Path, copy: Path, patch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project as `copy` has it, in its folder, for as long as `patch` holds."""
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    patch.chdir(folder)
    patch.setattr("builder.workflows.build.verify", verified)
    for verb in ("build", "drift"):
        patch.setattr(f"builder.workflows.{verb}.survey_hosts", surveyed)
    with at_home(patch, folder):
        yield Project(folder)


def surveyed(machines: Sequence[Machine], _: Path | None = None) -> tuple[HostFacts, ...]:
    """What this machine said of itself the first time; of a host that is away what a survey says of it."""
    if Path(os.environ["TRIAL"], "away").exists():
        return survey_hosts(machines)
    return tuple(HostFacts(machine, dict(facts_of(machine))) for machine in machines)


_FACTS: dict[str, dict[str, Fact]] = {}


def facts_of(machine: Machine) -> dict[str, Fact]:
    """The facts of a host, read once."""
    name = machine.host.name
    if name not in _FACTS:
        _FACTS[name] = survey_hosts((machine,))[0].facts
    return _FACTS[name]


def verified(session: Session, **_: object) -> Verified:
    """A verification that finds all well: what it would ask is asked in other tests, of hosts."""
    read = surveyed(session.machines)
    met = Evidence(kind="check", subject="as if", expected="it stands", observed="it stands", verdict="met",
                   at=now(), probe="a test", host="archive01", run=session.run.id)  # fmt: skip
    return Verified((met,), unreachable=False, facts={one.machine.host.name: one.facts for one in read})


@contextlib.contextmanager
def at_home(patch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """The environment in which the host that is none answers."""
    patch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    patch.setenv("TRIAL", str(folder))
    patch.setenv("TRIAL_USER", getpass.getuser())
    patch.setenv("TRIAL_GROUP", grp.getgrgid(os.getgid()).gr_name)
    yield


@pytest.fixture
def project(begun: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project as it was begun: nothing on its host, and a plan for it in `plan.json`."""
    yield from restored(begun, begun.with_name("as-begun"), monkeypatch)


@pytest.fixture
def accepted(begun: Path, accepted_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project with its host accepted."""
    yield from restored(begun, accepted_once, monkeypatch)
