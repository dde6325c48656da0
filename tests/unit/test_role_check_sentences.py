"""What a role check says when it fails: a sentence, never Python."""

import ast
import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest
from testinfra.backend.base import CommandResult

from builder.probes.observed import differences, more_and_less, sentence
from roles.archive import orthanc, postgres
from roles.archive.checks import reading, test_archive
from roles.baseline import deploy

CHECKS = sorted((Path(__file__).parents[2] / "roles").glob("*/checks/*.py"))


@pytest.mark.parametrize("file", CHECKS, ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_every_assertion_of_a_shipped_check_has_its_sentence(file: Path) -> None:
    silent = [
        node.lineno for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Assert) and not node.msg
    ]
    assert silent == []


def result(code: int, errors: bytes) -> CommandResult:
    return CommandResult(backend=object(), exit_status=code, command=b"sshd -T", _stdout=b"", _stderr=errors)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (AssertionError("the port\nis shut\nassert 1 == 2\n  +  where"), "the port is shut"),
        (AssertionError("assert 'yes' == 'no'"), "not as expected (the check gives no sentence: 'yes' == 'no')"),
        (AssertionError(), "not as expected (the check says only AssertionError)"),
        (KeyError("fsync"), "the host does not tell of 'fsync'"),
        (
            RuntimeError(result(255, b"one\r\nssh: no route to host\r\n")),
            "a command on the host, or the SSH connection to it, ended with exit code 255: ssh: no route to host",
        ),
        (
            AssertionError(f"Unexpected exit code 1 for {result(1, b'')}"),
            "a command on the host, or the SSH connection to it, ended with exit code 1",
        ),
    ],
)
def test_what_a_check_raises_becomes_one_plain_line(fault: BaseException, said: str) -> None:
    assert sentence(fault) == said


def test_differences_are_told_in_words() -> None:
    found, wanted = {"jit": "on", "fsync": "on", "more": {2, 1}}, {"jit": "off", "fsync": "on", "ssl": "off"}
    assert differences(found, wanted) == "jit is on, not off; ssl is missing; more should not be there (1, 2)"
    assert more_and_less({"a", "b"}, {"b", "c"}) == "missing: c; there without need: a"
    assert more_and_less({1}, {1}) == differences(wanted, wanted) == "everything as it should be"


def test_an_answer_that_is_no_json_names_the_service_that_is_silent() -> None:
    seen = reading.Reading({"system": "curl: (7) Failed to connect\nto 127.0.0.1"})
    with pytest.raises(reading.NoAnswer) as caught:
        seen.json("system")
    assert str(caught.value) == (
        "Orthanc gives no answer (curl: (7) Failed to connect to 127.0.0.1); "
        "see systemctl status orthanc, then run pacsmith build"
    )
    assert reading.Reading({"system": json.dumps({"Name": "a"})}).json("system") == {"Name": "a"}


def baseline_checks() -> ModuleType:
    return importlib.import_module("roles.baseline.checks.test_baseline")


def test_checks_name_the_files_that_the_roles_write() -> None:
    assert test_archive.FILES == orthanc.FILES
    assert test_archive.SETTINGS_FILE == postgres.SETTINGS_FILE
    assert baseline_checks().SSHD == deploy.SSHD


def test_ours_is_read_first_by_ssh_and_last_by_postgresql() -> None:
    """SSH takes the first word on a setting, PostgreSQL the last; both read by name in the C locale."""
    ssh = deploy.SSHD.rpartition("/")[2].encode()
    assert min([ssh, b"00-tired.conf", b"000.conf", b"10-lab.conf", b"50-cloud-init.conf"]) == ssh
    ours = postgres.SETTINGS_FILE.encode()
    assert max([ours, b"99-tuning.conf", b"local.conf", b"pacsmith.conf", b"z.conf"]) == ours
