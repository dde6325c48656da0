"""A host for the engine that is no host: `ssh` is a script that runs the shell right here, without any connection."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.engines.job import Job, JobHost, JobResult, run_job
from builder.engines.material import Material
from builder.models.connection import Connection
from builder.models.event import Event

_SSH = """#!/bin/sh
# The last argument is the remote command; what stands before it says where to, and how.
case "$*" in *192.0.2.9*) echo "ssh: connect to host 192.0.2.9 port 22: No route to host" >&2; exit 255;; esac
for last; do :; done
SSH_CONNECTION="198.51.100.7 50000 192.0.2.1 22" exec sh -c "$last"
"""
_VARIABLES = """
from builder.models.base import Model
class Variables(Model):
    folder: str
    word: str = "one"
"""


class HereAndNow:
    """Runs jobs of one role, `trial`, whose deploy.py is given as text; events are kept."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "host"
        self.folder.mkdir()
        self.events: list[Event] = []
        self._role = folder / "roles" / "trial"
        self._role.mkdir(parents=True)
        (self._role / "variables.py").write_text(_VARIABLES)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "ssh").write_text(_SSH)
        (programs / "ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin")
        monkeypatch.chdir(folder)

    def role(self, deploy: str) -> None:
        """Write the role: the body of `deploy(variables, material)`, with every step at hand."""
        lines = "".join(f"    {line}\n" for line in deploy.strip().splitlines())
        text = (
            f"from builder.engines.steps import *\nfrom pathlib import Path\ndef deploy(variables, material):\n{lines}"
        )
        (self._role / "deploy.py").write_text(text)

    def run(
        self,
        mode: str,
        *,
        hosts: dict[str, str] | None = None,
        material: Material | None = None,
        on_event: Callable[[Event], None] | None = None,
        word: str = "one",
        memory: str | None = None,
    ) -> JobResult:
        """Carry the role out. `hosts` maps names to addresses; 192.0.2.9 cannot be reached."""
        places = hosts or {"here": "192.0.2.1"}
        variables = {"folder": str(self.folder), "word": word}
        connections = [
            Connection(host=name, address=address, user="u", key="k", known_hosts="n", sudo=False)
            for name, address in places.items()
        ]
        jobs = tuple(JobHost(connection=connection, roles=(("trial", variables),)) for connection in connections)
        self.events = []

        def keep(event: Event) -> None:
            self.events.append(event)
            if on_event is not None:
                on_event(event)

        job = Job.model_validate(
            {"run": "r1", "mode": mode, "memory": memory, "hosts": [host.model_dump() for host in jobs]}
        )
        return run_job(job, {name: material or Material() for name in places}, keep)

    def step(self, name: str) -> Event:
        """The last event of the step called `name`."""
        return [event for event in self.events if event.step == name][-1]
