"""The command: parse, call one workflow, choose the exit code."""

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec

import typer
from typer.core import TyperGroup

from builder import __version__
from builder.errors import EXIT_FAILED, Interrupted, PacsmithError
from builder.ownership import give_back

Given = ParamSpec("Given")
_VERBS = (
    "init", "validate", "schema", "render", "survey", "assess", "plan", "build", "verify", "drift", "report",
    "locks", "lock", "unlock", "upgrade", "approve", "rollback",
)  # fmt: skip
_ELSEWHERE = {"lock": "locks", "unlock": "locks"}
"""The module of a command that has none of its own name."""
_GROUPS = ("lab", "secrets", "depot")


class _Commands(Mapping[str, Any]):
    """The commands by name. The module of one is read when that one is asked for: to read all of them takes longer
    than a survey of three hosts."""

    def __getitem__(self, name: str) -> Any:
        if name not in (*_VERBS, *_GROUPS):
            raise KeyError(name)
        return _command(name)

    def __iter__(self) -> Iterator[str]:
        return iter((*_VERBS, *_GROUPS))

    def __len__(self) -> int:
        return len(_VERBS) + len(_GROUPS)


class _Verbs(TyperGroup):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": None})
        self.commands = _Commands()  # type: ignore[assignment]


@functools.cache
def _command(name: str) -> Any:
    """The command as typer runs it."""
    module = import_module(f"builder.cli.{_ELSEWHERE.get(name, name)}")
    alone = typer.Typer(name=name, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    if name in _GROUPS:
        alone = module.app
        for one in alone.registered_commands:
            if one.callback is not None:
                one.callback = _interruptible(one.callback)
    else:
        alone.command(name)(_interruptible(getattr(module, name)))
    made = typer.main.get_command(alone)
    made.name = name
    return made


app = typer.Typer(
    name="pacsmith",
    cls=_Verbs,
    help="Infrastructure as code for medical imaging: from a requirement sheet and a site file to accepted machines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pacsmith {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Print the version."),
) -> None:
    """Exit codes: 0 done and met, 1 a requirement, check or step failed, 2 bad input, 3 a host could not be reached,
    4 locked by someone else or outside its hours, 130 interrupted."""


def _interruptible(verb: Callable[Given, None]) -> Callable[Given, None]:
    """Ctrl-C becomes a fault with its sentence; left to typer it would end the command without a word."""

    @functools.wraps(verb)
    def wrapped(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            verb(*args, **kwargs)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; the state is saved, the same command goes on from here") from None

    return wrapped


def run() -> None:
    """Entry point of the `pacsmith` command: a fault becomes one sentence on stderr and its exit code."""
    project = Path.cwd()
    try:
        app()
    except PacsmithError as fault:
        typer.echo(f"pacsmith: {fault}", err=True)
        sys.exit(fault.exit_code)
    except OSError as refusal:
        place = refusal.filename or "this machine refuses"
        typer.echo(f"pacsmith: {place}: {refusal.strerror}; mend that and run the same command again", err=True)
        sys.exit(EXIT_FAILED)
    finally:
        give_back(project)


if __name__ == "__main__":
    run()
