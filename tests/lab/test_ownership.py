"""Under sudo the state folder is the caller's: real files and owners, so this needs root, but no host."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.conftest import new_folder

PERSON, GROUP = 4242, 4243


@pytest.mark.parametrize(
    "arguments",
    [
        ["secrets", "generate", "--site", "kill-ward"],
        pytest.param(["build", "--site", "kill-ward"], marks=pytest.mark.long),
    ],
)
def test_what_a_command_writes_is_the_caller_s_even_when_it_fails(tmp_path: Path, arguments: list[str]) -> None:
    """The build finds no host (the lab is down) and fails; its ledger and keys are the person's all the same."""
    site = new_folder(tmp_path, "kill.yml", {})
    os.chown(tmp_path, PERSON, GROUP)
    if arguments[0] == "build":
        assert site.pacsmith("secrets", "generate", "--site", site.name).returncode == 0
    environment = {**os.environ, "SUDO_UID": str(PERSON), "SUDO_GID": str(GROUP), "SUDO_USER": "somebody"}
    done = subprocess.run([sys.executable, "-m", "builder.cli.main", *arguments], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == (0 if arguments[0] == "secrets" else 3), done.stdout + done.stderr
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (tmp_path / ".pacsmith").rglob("*")}
    assert owners == {(PERSON, GROUP)}
    assert (tmp_path / ".pacsmith").stat().st_uid == PERSON
    assert (tmp_path / "inventory").stat().st_uid == 0, "the site file stays as it was"
