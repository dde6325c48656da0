"""The one module of the lab that runs commands (beside the keeper, which runs the hosts)."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import builder
from builder.lab.errors import LabError

# Plain answers in plain English: we read some of them.
# Safe path: a file of the project folder must not stand in for a module of ours.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "PYTHONSAFEPATH": "1"}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment; system programs come first and speak English, and `python -m` finds this package."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("PATH", "")
    package = str(Path(builder.__file__).resolve().parents[1])
    modules = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PATH": path, "PYTHONPATH": modules, **_ENVIRONMENT, **(extra or {})}


def ask(argv: Sequence[str], *, stdin: str | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run `argv` and return what it said, whatever it said. Raises LabError when it is missing or too slow."""
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, errors="replace", check=False,
                              timeout=timeout, env=environment())  # fmt: skip
    except FileNotFoundError as missing:
        raise LabError(f"{argv[0]} is not installed; `pacsmith lab up` names the package to install") from missing
    except subprocess.TimeoutExpired as late:
        raise LabError(f"`{' '.join(argv)}` did not end within {timeout:.0f} s") from late


def run(argv: Sequence[str], *, stdin: str | None = None, timeout: float = 60) -> str:
    """Run `argv` and return its output. Raises LabError with the command's last words when it fails."""
    done = ask(argv, stdin=stdin, timeout=timeout)
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise LabError(f"`{' '.join(argv)}` failed (exit {done.returncode}): {words[-1]}")
    return done.stdout


def run_logged(argv: Sequence[str], log: Path, *, timeout: float) -> None:
    """Run a long command with its output in `log`. Raises LabError with the log's tail when it fails."""
    with log.open("ab") as out:
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, timeout=timeout,
                                  env=environment())  # fmt: skip
        except FileNotFoundError as missing:
            raise LabError(f"{argv[0]} is not installed; `pacsmith lab up` names the package to install") from missing
        except subprocess.TimeoutExpired as late:
            raise LabError(f"`{argv[0]}` did not end within {timeout:.0f} s; its output is in {log}") from late
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise LabError(f"`{argv[0]}` failed (exit {done.returncode}); the end of {log}:\n{tail}")
