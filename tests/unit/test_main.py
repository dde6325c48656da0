"""What a person's shell sees when a command does not end by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from builder.cli import main
from builder.errors import Unreachable


def ended(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> int:
    """The exit code of the command when its work raises `fault`."""

    def work() -> None:
        raise fault

    verb = typer.Typer(add_completion=False)
    verb.command()(main._interruptible(work))
    monkeypatch.setattr(main, "_command", lambda _name: typer.main.get_command(verb))
    monkeypatch.setattr("sys.argv", ["pacsmith", "locks"])
    with pytest.raises(SystemExit) as end:
        main.run()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "pacsmith: interrupted; the state is saved, the same command goes on from here"),
        (Unreachable("ct01: no answer; is it on?"), 3, "pacsmith: ct01: no answer; is it on?"),
        (
            PermissionError(13, "Permission denied", ".pacsmith/a/secrets.yml"),
            1,
            "pacsmith: .pacsmith/a/secrets.yml: Permission denied; mend that and run the same command again",
        ),
        (
            OSError(28, "No space left on device"),
            1,
            "pacsmith: this machine refuses: No space left on device; mend that and run the same command again",
        ),
    ],
)
def test_every_end_is_one_sentence_and_its_exit_code(
    fault: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, fault) == code
    assert capsys.readouterr().err.strip() == said


def test_a_usage_error_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["pacsmith", "no-such-verb"])
    with pytest.raises(SystemExit) as end:
        main.run()
    assert end.value.code == 2


@pytest.mark.parametrize("arguments", [["schema", "site"], ["--help"], ["validate", "example"]])
def test_a_reader_that_has_gone_ends_the_command_without_a_word(arguments: list[str]) -> None:
    """`pacsmith schema site | head -1`: the pipe is shut before anything is written, the surest way to meet it."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        command = [sys.executable, "-m", "builder.cli.main", *arguments]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 1, "the answer did not arrive whole"
