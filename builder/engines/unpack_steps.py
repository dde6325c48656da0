"""Depot files as pyinfra operations: sent only where they are wanted, over an SSH connection of their own."""

import shlex
from collections.abc import Generator
from pathlib import Path, PurePosixPath

from gevent.subprocess import PIPE, Popen
from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from builder.engines.notes import StepError, ask, current_note, hidden
from builder.engines.shell.link import die_with_parent
from builder.engines.unpacking import WHOLE, Unpacked, others_script, remove_script
from builder.models.connection import Connection


@operation()
def unpacked(wanted: Unpacked) -> Generator[StringCommand]:
    """Read every file; send and unpack when one is missing, changed or foreign."""
    note = current_note(host)
    note.paths = (wanted.sums,)
    if ask(host, wanted.read_script()).strip() == WHOLE:
        return
    note.diff = wanted.described()
    if host.state.is_executing:
        send(host.data.connection, Path(wanted.source.path), wanted.upload)
    yield hidden(wanted.make_script())


@operation()
def alone(parent: str, keep: tuple[str, ...]) -> Generator[StringCommand]:
    """Remove what lies beside the folders that are wanted."""
    found = ask(host, others_script(parent, keep)).splitlines()
    current_note(host).diff = "\n".join(f"# {parent}/{name}: removed" for name in found) or None
    if found:
        yield hidden(remove_script(parent, found))


def send(connection: Connection, file: Path, target: str) -> None:
    """Copy a file of this machine to a path that only root can read; its folder is made. Raises StepError.

    The shell of the other steps carries text alone; bytes go through a second `ssh` as they are.
    """
    folder = shlex.quote(str(PurePosixPath(target).parent))
    receive = f"umask 022; mkdir -p {folder}; umask 077; exec cat > {shlex.quote(target)}"
    become = "sudo -n -- " if connection.sudo else ""
    argv = ["ssh", *connection.ssh_options(), "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4",
            f"{connection.user}@{connection.address}", f"exec {become}sh -c {shlex.quote(receive)}"]  # fmt: skip
    with file.open("rb") as source:
        child = Popen(argv, stdin=source, stdout=PIPE, stderr=PIPE, preexec_fn=die_with_parent)
        try:
            _, said = child.communicate()
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode != 0:
        why = said.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"exit {child.returncode}"
        raise StepError(f"{file.name} could not be sent to {connection.host} ({why}); mend that and run again")
