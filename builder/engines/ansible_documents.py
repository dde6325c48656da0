"""What Ansible is told for one run: playbook, inventory and environment (pure)."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from builder.engines import apt
from builder.engines.job import JobHost
from builder.engines.material import Material
from builder.models.connection import Connection
from builder.models.secret import SecretReference

Mode = Literal["plan", "converge", "again"]
AT_ONCE = 20  # hosts; each is a process of Ansible of about 60 MB here (measured: core 2.19) and one of SSH
REACH, DONE = "Reach the host", "Remember that the run is done"
PYTHON = "Install Python, which Ansible needs on a host"
OWED = "Restart and reload what an interrupted run still owed"
MARK = "/var/lib/pacsmith/ansible-unfinished"
REMOTE_FOLDER = "/run/pacsmith-ansible"  # files on their way, secrets among them: in memory, and nobody else's
# What killed runs have left is removed: all of it by a run that holds the host's lock; plans may run side by side.
_STALE: Mapping[Mode, str] = {"plan": f"-mmin +{24 * 60}", "converge": "", "again": ""}
_TEMPLATE = re.compile(r"\{[{%#]")
_FOUND = "pacsmith_found"

Document = dict[str, Any]


def _remote_folder(mode: Mode) -> str:
    return f"{REMOTE_FOLDER}/{'plan' if mode == 'plan' else 'build'}"


def _reach_script(mode: Mode) -> str:
    """Says `owed` and `no-python`; in a converging run it marks the host as unfinished."""
    lines = [
        f"[ ! -e {MARK} ] || echo owed",
        "/usr/bin/python3 -c 'import apt, json, zipfile' 2>/dev/null || echo no-python",
        f'install -d -m 0700 -o "${{SUDO_USER:-$(id -un)}}" {REMOTE_FOLDER} {_remote_folder(mode)}',
        f"find {_remote_folder(mode)} -mindepth 1 -maxdepth 1 {_STALE[mode]} -exec rm -rf -- '{{}}' +",
    ]
    if mode == "converge":
        lines.append(f"mkdir -p {Path(MARK).parent} && : > {MARK}")
    return "\n".join([*lines, "true"])


def _before(mode: Mode) -> list[Document]:
    missing = f"'no-python' in {_FOUND}.stdout"
    raw = "ansible.builtin.raw"
    tasks: list[Document] = [
        {"name": REACH, raw: _reach_script(mode), "register": _FOUND, "changed_when": False, "check_mode": False},
        {"name": PYTHON, raw: apt.install_script(("python3", "python3-apt")), "when": missing},
    ]
    if mode == "plan":
        tasks.append({"name": "Stop here", "ansible.builtin.meta": "end_host", "when": missing})
    return tasks


def playbook(hosts: Sequence[JobHost], mode: Mode, handlers: Mapping[str, Sequence[str]]) -> list[Document]:
    """One play for all hosts with the same roles. `handlers`: by role, the names of all its handlers.

    A host keeps a mark while a run is under way. Where an earlier run was interrupted every handler runs: nobody else
    knows which restarts were still to come.
    """
    plays = []
    for number, roles in enumerate(_role_lists(hosts)):
        owed = [f"{role} : {name}" for role in roles for name in handlers.get(role, ())]
        play: Document = {
            "name": ", ".join(roles),
            "hosts": _group(number),
            "gather_facts": False,
            "pre_tasks": _before(mode),
            "roles": [{"role": role} for role in roles],
        }
        if mode != "converge":
            play["ignore_errors"] = True  # what cannot be judged yet must not hide the rest; we read every result
        if owed:
            task = {"name": OWED, "ansible.builtin.debug": {"msg": OWED}, "changed_when": True, "notify": owed}
            play["tasks"] = [{**task, "when": f"'owed' in {_FOUND}.stdout"}]
        if mode == "converge":
            play["post_tasks"] = [{"name": DONE, "ansible.builtin.raw": f"rm -f {MARK}", "changed_when": False}]
        plays.append(play)
    return plays


def _role_lists(hosts: Sequence[JobHost]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(tuple(role for role, _ in host.roles) for host in hosts))


def _group(number: int) -> str:
    return f"pacsmith_play_{number}"  # no host's name has an underscore


def inventory(hosts: Sequence[JobHost], materials: Mapping[str, Material], project: Path, mode: Mode) -> Document:
    """What an inventory script prints: groups, and for each host its connection, role variables and material.

    It holds secrets. Raises BadInput when a role names a secret that was not handed over.
    """
    lists = _role_lists(hosts)
    groups = {
        _group(number): {
            "hosts": [host.connection.host for host in hosts if tuple(role for role, _ in host.roles) == roles]
        }
        for number, roles in enumerate(lists)
    }
    variables = {}
    for host in hosts:
        own = host_variables(host, materials.get(host.connection.host, Material()), project)
        variables[host.connection.host] = _literal({**own, "ansible_remote_tmp": _remote_folder(mode)})
    return {**groups, "_meta": {"hostvars": variables}}


def host_variables(host: JobHost, material: Material, project: Path) -> Document:
    """All variables of one host. `<role>_<field>` for each field of the role's Variables; a reference to a secret is
    replaced by its value. Raises BadInput when there is none."""
    connection = host.connection
    variables: Document = {
        "ansible_host": connection.address,
        "ansible_user": connection.user,
        "ansible_ssh_args": shlex.join([*_ssh_options(connection, project), *_KEEP_OPEN]),
        "ansible_become": connection.sudo,
        "ansible_become_method": "ansible.builtin.sudo",
        "ansible_become_flags": "-H -S -n",
        "ansible_python_interpreter": "/usr/bin/python3",
        "pacsmith_ca_pem": material.ca_pem,
        "pacsmith_certificate_pem": material.certificate_pem,
        "pacsmith_key_pem": material.key_pem.get_secret_value(),
        "pacsmith_artefacts": {one.name: one.model_dump(mode="json") for one in material.artefacts},
    }
    for role, fields in host.roles:
        variables |= {
            f"{role.replace('-', '_')}_{name}": with_secrets(value, material) for name, value in fields.items()
        }
    return variables


_KEEP_OPEN = (
    "-o", "ControlMaster=auto", "-o", "ControlPersist=60s",
    "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4",
)  # fmt: skip


def _ssh_options(connection: Connection, project: Path) -> list[str]:
    """Ansible does not run in the project folder, so its paths are made whole; `~` is left to SSH."""

    def whole(path: str) -> str:
        return path if path.startswith("~") else str(project / path)

    found = connection.model_copy(update={"key": whole(connection.key), "known_hosts": whole(connection.known_hosts)})
    return found.ssh_options()


def with_secrets(value: object, material: Material) -> object:
    """The value with each reference to a secret replaced by the secret. Raises BadInput when that is unknown."""
    if isinstance(value, dict):
        if set(value) == set(SecretReference.model_fields):
            return material.secret(SecretReference.model_validate(value))
        return {name: with_secrets(inner, material) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_secrets(inner, material) for inner in value]
    return value


def _literal(value: object) -> object:
    """Text that looks like a template, marked for Ansible as text."""
    if isinstance(value, dict):
        return {name: _literal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_literal(inner) for inner in value]
    return {"__ansible_unsafe": value} if isinstance(value, str) and _TEMPLATE.search(value) else value


def environment(
    person: Mapping[str, str], hidden: Collection[str], folder: Path, roles: Sequence[Path], programs: Path
) -> dict[str, str]:
    """The person's environment without any setting of Ansible or of its runner and without secrets, and with ours.

    `hidden`: values of secrets; `programs`: where ansible-playbook lies beside Python.
    """
    foreign = ("ANSIBLE_", "AWX_", "RUNNER_", "ORIGINAL_STDOUT_CALLBACK")
    kept = {
        name: value
        for name, value in person.items()
        if not name.startswith(foreign) and not any(secret and secret in value for secret in hidden)
    }
    return {
        **kept,
        "PATH": f"{programs}:{person.get('PATH', '/usr/bin:/bin')}",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": f"{folder}/ansible.cfg",
        "ANSIBLE_HOME": f"{folder}/home",
        "ANSIBLE_LOCAL_TEMP": f"{folder}/tmp",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{folder}/cp",
        "ANSIBLE_ROLES_PATH": ":".join(map(str, roles)),
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.script",
        "ANSIBLE_HOST_KEY_CHECKING": "True",  # ansible-runner would set it to False, which overrules our pins
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_SSH_TRANSFER_METHOD": "piped",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_DIFF_ALWAYS": "True",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_NOCOWS": "True",
    }
