"""The ways that benchmarks/noop.py compares: a project folder, and in it each way's command."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.noop_work.operations import FILES, TEMPLATES, content
from builder.models.connection import Connection

HERE = Path(__file__).parent
WORK = HERE / "noop_work"
BIN = Path(sys.executable).parent
WAYS = ("limit", "ours", "ours-cold", "ours-cli", "stock", "ansible")

_VARIABLES = "from builder.models.base import Model\n\n\nclass Variables(Model):\n    pass\n"
_DEPLOY = (
    "from benchmarks.noop_work.operations import operations\n\n\ndef deploy(variables, material):\n    operations()\n"
)
_INVENTORY = """
import json
from pathlib import Path
hosts = [(host["name"], host) for host in json.loads(Path({hosts!r}).read_text())]
"""


@dataclass(frozen=True)
class Project:
    """A folder with everything that the ways need for these hosts."""

    folder: Path
    connections: tuple[Connection, ...]
    booted: bool

    def write(self) -> None:
        """Write it. The folder's `memory` is what our engine remembers of its last run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        role = self.folder / "roles" / "noop"
        role.mkdir(parents=True, exist_ok=True)
        (role / "variables.py").write_text(_VARIABLES)
        (role / "deploy.py").write_text(_DEPLOY)
        (self.folder / "deploy.py").write_text(
            "from benchmarks.noop_work.operations import operations\n\noperations()\n"
        )
        for name in ("ssh", "pacsmith"):
            (self.folder / f"{name}.json").write_text(json.dumps([self._data(name, one) for one in self.connections]))
            (self.folder / f"{name}.py").write_text(_INVENTORY.format(hosts=str(self.folder / f"{name}.json")))
        hosts = [{"connection": one.model_dump(), "roles": [["noop", {}]]} for one in self.connections]
        job = {"run": "noop", "mode": "converge", "hosts": hosts, "memory": str(self.folder / "memory")}
        (self.folder / "order.json").write_text(json.dumps({"job": job, "materials": {}}))
        self._write_ansible()

    def _data(self, connector: str, where: Connection) -> dict[str, object]:
        return {
            "name": f"@{connector}/{where.host}",
            "ssh_hostname": where.address,
            "ssh_port": where.port,
            "ssh_user": where.user,
            "ssh_key": where.key,
            "ssh_known_hosts_file": where.known_hosts,
            "ssh_config_file": "/dev/null",
            "ssh_strict_host_key_checking": "yes",
            "pacsmith_questions": str(self.folder / "memory" / f"cli-{where.host}.json"),
            "_sudo": where.sudo,
        }

    def _write_ansible(self) -> None:
        files = self.folder / "files"
        files.mkdir(exist_ok=True)
        for number in range(FILES):
            (files / f"file{number}").write_text(content(number))
        for number in range(TEMPLATES):
            (files / f"template{number}.j2").write_text("for {{ who }}\n" + content(number))
        (self.folder / "playbook.yml").write_text((WORK / "playbook.yml").read_text())
        hosts = {one.host: self._ansible_host(one) for one in self.connections}
        inventory = {"all": {"hosts": hosts, "vars": {"who": "noop", "booted": self.booted}}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory))
        (self.folder / "ansible.cfg").write_text(
            "[defaults]\nforks = 32\ngathering = explicit\nhost_key_checking = true\ncallback_result_format = yaml\n"
            "interpreter_python = /usr/bin/python3\n[connection]\npipelining = true\n"
            "[ssh_connection]\npipelining = true\n"
        )

    @staticmethod
    def _ansible_host(where: Connection) -> dict[str, object]:
        return {
            "ansible_host": where.address,
            "ansible_port": where.port,
            "ansible_user": where.user,
            "ansible_ssh_private_key_file": where.key,
            "ansible_become": where.sudo,
            "ansible_ssh_common_args": "-F /dev/null -o StrictHostKeyChecking=yes "
            f"-o UserKnownHostsFile={where.known_hosts}",
        }

    def command(self, way: str) -> list[str]:
        """The argument list of one way, to be run in the folder."""
        if way == "limit":
            return ["sh", "-c", self._limit()]
        if way in ("ours", "ours-cold"):
            return ["sh", "-c", f"exec {shlex.quote(sys.executable)} -P -m builder.engines.pyinfra_worker < order.json"]
        if way == "ansible":
            return [str(BIN / "ansible-playbook"), "-i", "hosts.json", "playbook.yml"]
        inventory = "ssh.py" if way == "stock" else "pacsmith.py"
        return [str(BIN / "pyinfra"), "--yes", *self._sudo(), inventory, "deploy.py"]

    def _sudo(self) -> tuple[str, ...]:
        return ("--sudo",) if any(one.sudo for one in self.connections) else ()

    def _limit(self) -> str:
        lines = []
        for one in self.connections:
            shell = "sudo -n sh" if one.sudo else "sh"
            argv = ["ssh", *one.ssh_options(), f"{one.user}@{one.address}", shell]
            lines.append(f"{shlex.join(argv)} < {shlex.quote(str(WORK / 'limit.sh'))} > {one.host}.out &")
        read = [f'test "$(tail -n 1 {one.host}.out)" = all-read || exit 1' for one in self.connections]
        return "\n".join([*lines, "wait", *read])

    def forget(self) -> None:
        """Let our engine ask as if it had never been at these hosts."""
        shutil.rmtree(self.folder / "memory", ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """What the commands run in: this checkout's modules and the connector's entry point among them."""
        paths = [str(self.folder / "registered"), str(HERE.parent)]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "NOOP_BOOTED": "1" if self.booted else "0",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "NO_COLOR": "1",
        }


def register(folder: Path) -> None:
    """Make pyinfra find the connector of this checkout, by the metadata that a wheel would bring."""
    made = folder / "registered" / "pacsmith_checkout-0.dist-info"
    made.mkdir(parents=True, exist_ok=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: pacsmith-checkout\nVersion: 0\n")
    (made / "entry_points.txt").write_text(
        "[pyinfra.connectors]\npacsmith = builder.engines.shell.connector:PacsmithConnector\n"
    )


def connections_of(text: str) -> tuple[Connection, ...]:
    """Hosts from a JSON list of connections (host, address, user, port, key, known_hosts, sudo)."""
    listed: Sequence[object] = json.loads(text)
    return tuple(Connection.model_validate(one) for one in listed)
