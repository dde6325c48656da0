"""What Ansible is told: playbook, inventory and environment."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from builder.engines import ansible_documents as documents
from builder.engines.ansible_documents import Mode, environment, host_variables, inventory, playbook
from builder.engines.ansible_tasks import Task, TaskFiles, handlers_of, tasks_of
from builder.engines.job import JobHost
from builder.engines.material import Material
from builder.errors import BadInput
from builder.models.connection import Connection
from builder.models.depot import Delivered

PROJECT = Path("/project")
SECRET = "swordfish99"
REFERENCE = {"vault": "web", "env": None, "command": None}


def job(name: str, *roles: str, **changes: Any) -> JobHost:
    connection = Connection.model_validate(
        {"host": name, "address": "192.0.2.1", "user": "p", "key": "k/id", "known_hosts": "k/pins"} | changes
    )
    return JobHost(connection=connection, roles=tuple((role, {"word": "one"}) for role in roles))


def material(**changes: Any) -> Material:
    return Material(secrets={"vault:web": SecretStr(SECRET)}, ca_pem="CA", key_pem=SecretStr("KEY"), **changes)


def test_hosts_with_the_same_roles_share_a_play() -> None:
    book = playbook([job("a", "ws"), job("b", "ws", "more"), job("c", "ws")], "converge", {})
    told = inventory([job("a", "ws"), job("b", "ws", "more"), job("c", "ws")], {}, PROJECT, "plan")
    assert [[role["role"] for role in play["roles"]] for play in book] == [["ws"], ["ws", "more"]]
    assert [told[play["hosts"]]["hosts"] for play in book] == [["a", "c"], ["b"]]
    assert not any(play["gather_facts"] for play in book)


@pytest.mark.parametrize(("mode", "marks"), [("plan", False), ("converge", True), ("again", False)])
def test_only_a_converging_run_marks_the_host(mode: Mode, marks: bool) -> None:
    (play,) = playbook([job("a", "ws")], mode, {"ws": ["Restart it"]})
    scripts = json.dumps([task.get("ansible.builtin.raw", "") for task in play["pre_tasks"][:1]])
    assert (f": > {documents.MARK}" in scripts) == marks
    assert ("post_tasks" in play) == marks
    assert play.get("ignore_errors", False) == (not marks), "a fault must stop a run, and must not stop a plan"
    assert play["tasks"][0]["notify"] == ["ws : Restart it"]


@pytest.mark.parametrize(("mode", "folder"), [("plan", "plan"), ("converge", "build"), ("again", "build")])
def test_a_plan_does_not_clear_away_what_a_build_beside_it_uses(mode: Mode, folder: str) -> None:
    (play,) = playbook([job("a", "ws")], mode, {})
    script = play["pre_tasks"][0]["ansible.builtin.raw"]
    told = inventory([job("a", "ws")], {}, PROJECT, mode)["_meta"]["hostvars"]["a"]
    assert told["ansible_remote_tmp"] == f"{documents.REMOTE_FOLDER}/{folder}"
    assert f"find {told['ansible_remote_tmp']} " in script
    assert ("-mmin" in script) == (mode == "plan")


def test_files_of_the_depot_are_named() -> None:
    file = Delivered(name="app", version="1.2", file="app.tgz", path="/depot/app.tgz", sha256="0" * 64, size=7)
    told = host_variables(job("a"), Material(artefacts=(file,)), PROJECT)
    assert told["pacsmith_artefacts"]["app"]["path"] == "/depot/app.tgz"


def test_a_role_without_handlers_owes_nothing() -> None:
    (play,) = playbook([job("a", "ws")], "converge", {"ws": []})
    assert "tasks" not in play


def test_variables_carry_the_roles_name_and_secrets_their_value() -> None:
    host = job("a").model_copy(
        update={"roles": (("thin-client", {"users": [{"password": REFERENCE}], "vault": {"vault": "no reference"}}),)}
    )
    told = host_variables(host, material(), PROJECT)
    assert told["thin_client_users"] == [{"password": SECRET}]
    assert told["thin_client_vault"] == {"vault": "no reference"}
    assert (told["pacsmith_ca_pem"], told["pacsmith_key_pem"]) == ("CA", "KEY")


def test_a_secret_that_was_not_handed_over_is_said() -> None:
    host = job("a").model_copy(update={"roles": (("ws", {"password": REFERENCE}),)})
    with pytest.raises(BadInput, match="vault:web was not handed to the engine"):
        host_variables(host, Material(), PROJECT)


def test_text_that_looks_like_a_template_stays_text() -> None:
    host = job("a").model_copy(update={"roles": (("ws", {"texts": ["{{ x }}", "plain"], "deep": {"a": "{% b %}"}}),)})
    told = inventory([host], {}, PROJECT, "converge")["_meta"]["hostvars"]["a"]
    assert told["ws_texts"] == [{"__ansible_unsafe": "{{ x }}"}, "plain"]
    assert told["ws_deep"] == {"a": {"__ansible_unsafe": "{% b %}"}}


def test_ssh_is_pinned_and_its_files_are_found_from_everywhere() -> None:
    told = host_variables(job("a", sudo=False, known_hosts="~/pins"), Material(), PROJECT)
    options = shlex.split(told["ansible_ssh_args"])
    assert options[:4] == ["-F", "none", "-i", "/project/k/id"]
    for option in ("UserKnownHostsFile=~/pins", "StrictHostKeyChecking=yes", "BatchMode=yes", "ControlPersist=60s"):
        assert option in options
    assert told["ansible_become"] is False


def test_nothing_of_the_persons_ansible_and_no_secret_is_in_the_environment() -> None:
    person = {"HOME": "/home/p", "PATH": "/usr/bin", "ANSIBLE_BECOME": "no", "AWX_LIB_DIRECTORY": "/x", "PW": SECRET}
    person |= {"RUNNER_OMIT_EVENTS": "true", "URL": f"https://u:{SECRET}@example"}
    ours = environment(
        person, {SECRET, ""}, Path("/room"), [Path("/project/roles"), Path("/shipped")], Path("/venv/bin")
    )
    assert SECRET not in json.dumps(ours)
    assert not {"ANSIBLE_BECOME", "AWX_LIB_DIRECTORY", "RUNNER_OMIT_EVENTS"} & set(ours)
    assert ours["HOME"] == "/home/p"
    assert ours["PATH"] == "/venv/bin:/usr/bin"
    assert ours["ANSIBLE_ROLES_PATH"] == "/project/roles:/shipped"
    assert ours["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_SSH_CONTROL_PATH_DIR"):
        assert ours[name].startswith("/room/")


TASKS = """\
- name: First
  ansible.builtin.command: a
  register: first
  changed_when: false
- block:
    - name: Within
      ansible.builtin.command: b
  rescue:
    - name: Instead
      ansible.builtin.command: c
      check_mode: false
- name: Last
  ansible.builtin.command: d
  ignore_errors: true
"""


def test_task_files_say_what_events_do_not() -> None:
    assert tasks_of(TASKS) == {
        1: Task("First", register="first", reads=True),
        5: Task(),
        6: Task("Within", forgiven=True),
        9: Task("Instead", always=True),
        12: Task("Last", forgiven=True),
    }


@pytest.mark.parametrize("text", ["", "a: b\n", "- [\n", "- word\n", "\t"])
def test_a_file_that_is_no_list_of_tasks_has_none(text: str) -> None:
    assert tasks_of(text) == {}


def test_places_that_are_not_known_have_plain_tasks(tmp_path: Path) -> None:
    (tmp_path / "main.yml").write_text(TASKS)
    (tmp_path / "plan.json").write_text('[{"name": "x", "ignore_errors": true}]')
    files = TaskFiles()
    assert files.at(f"{tmp_path}/main.yml:12").forgiven
    for place in ("", "main.yml", f"{tmp_path}/none.yml:1", f"{tmp_path}/main.yml:2", f"{tmp_path}/plan.json:1"):
        assert files.at(place) == Task()


def test_handlers_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "main.yml").write_text("- name: B\n  x: y\n- name: A {{ z }}\n  x: y\n- name: A\n  x: y\n")
    assert handlers_of(tmp_path) == ("B", "A")
    assert handlers_of(tmp_path / "nowhere") == ()
