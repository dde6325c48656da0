"""Depot files as pyinfra operations: sent only where they are wanted."""

import shlex
from collections.abc import Generator
from pathlib import Path, PurePosixPath

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from builder.engines.notes import StepError, ask, current_note, hidden
from builder.engines.shell.session import one_line
from builder.engines.unpacking import WHOLE, Unpacked, others_script, remove_script


@operation()
def unpacked(wanted: Unpacked) -> Generator[StringCommand]:
    """Read every file; send and unpack when one is missing, changed or foreign."""
    note = current_note(host)
    note.paths = (wanted.sums,)
    if ask(host, wanted.read_script()).strip() == WHOLE:
        return
    note.diff = wanted.described()
    if host.state.is_executing:
        send(Path(wanted.source.path), wanted.upload)
    yield hidden(wanted.make_script())


@operation()
def alone(parent: str, keep: tuple[str, ...]) -> Generator[StringCommand]:
    """Remove what lies beside the folders that are wanted."""
    found = ask(host, others_script(parent, keep)).splitlines()
    current_note(host).diff = "\n".join(f"# {parent}/{name}: removed" for name in found) or None
    if found:
        yield hidden(remove_script(parent, found))


def send(file: Path, target: str) -> None:
    """Copy a file of this machine to a path of this host that only root can read; its folder is made.

    Raises StepError.
    """
    folder, path = shlex.quote(str(PurePosixPath(target).parent)), shlex.quote(target)
    done, said = host.run_shell_command(hidden(f"umask 022; mkdir -p {folder} && umask 077 && : > {path}"))
    why = "" if done else one_line(said.stderr) or "its folder could not be made"
    try:
        if done:
            host.put_file(str(file), target)
    except OSError as fault:
        why = str(fault)
    if why:
        raise StepError(f"{file.name} could not be sent to {host.name} ({why}); mend that and run again")
