"""What the Makefile's sudo keeps of the environment. sudo and id are stand-ins here: the test may run as anybody."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def asked(folder: Path, **environment: str) -> list[str]:
    """The words with which `make demo-down` calls sudo, for a person who is not root."""
    if shutil.which("make") is None:
        pytest.skip("this machine has no make")
    for name, text in {"id": "echo 1000", "sudo": 'printf "%s\\n" "$@"'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    names = {"PATH": f"{folder}:{os.environ['PATH']}", **environment}
    done = subprocess.run(
        ["make", "-s", "-C", ROOT, "demo-down"], env=names, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_sudo_keeps_pacsmith_s_own_and_the_proxies_by_name_alone(tmp_path: Path) -> None:
    said = asked(tmp_path, PACSMITH_LAB_DIR="/srv/lab", https_proxy="http://me:secret@proxy", NO_PROXY="x", OTHER="y")
    assert said == [
        "--preserve-env=NO_PROXY,PACSMITH_LAB_DIR,https_proxy",
        ".venv/bin/pacsmith",
        "lab",
        "down",
        "example",
    ]


def test_with_nothing_to_keep_sudo_is_called_plainly(tmp_path: Path) -> None:
    assert asked(tmp_path, OTHER="y") == [".venv/bin/pacsmith", "lab", "down", "example"]
