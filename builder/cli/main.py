"""The command: parse, call one workflow, choose the exit code."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import typer

from builder import __version__
from builder.cli import (
    assess,
    build,
    depot,
    drift,
    init,
    lab,
    locks,
    plan,
    render,
    report,
    schema,
    secrets,
    survey,
    validate,
    verify,
)
from builder.errors import EXIT_FAILED, Interrupted, PacsmithError
from builder.ownership import give_back

Given = ParamSpec("Given")

app = typer.Typer(
    name="pacsmith",
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
    4 locked by someone else, 130 interrupted."""


_VERBS = (
    init.init,
    validate.validate,
    schema.schema,
    render.render,
    survey.survey,
    assess.assess,
    plan.plan,
    build.build,
    verify.verify,
    drift.drift,
    report.report,
    locks.locks,
)


def _interruptible(verb: Callable[Given, None]) -> Callable[Given, None]:
    """Ctrl-C becomes a fault with its sentence; left to typer it would end the command without a word."""

    @functools.wraps(verb)
    def wrapped(*args: Given.args, **kwargs: Given.kwargs) -> None:
        try:
            verb(*args, **kwargs)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; the state is saved, the same command goes on from here") from None

    return wrapped


for _verb in _VERBS:
    app.command()(_interruptible(_verb))
for _group, _name in ((lab.app, "lab"), (secrets.app, "secrets"), (depot.app, "depot")):
    for _command in _group.registered_commands:
        if _command.callback is not None:
            _command.callback = _interruptible(_command.callback)
    app.add_typer(_group, name=_name)


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
