"""pyinfra's door to the shell: the connector `@pacsmith`, for our engine and for plain `pyinfra` alike.

    pyinfra @pacsmith/archive01.example deploy.py

What pyinfra's own SSH connector does, over one open shell a host: see docs/decisions/0018-one-shell-a-host.md.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host
from pyinfra.api.output import echo, format_text
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.util import (
    ASKPASS_COMMAND,
    SU_ASKPASS_ENV_VAR,
    SUDO_ASKPASS_ENV_VAR,
    CommandOutput,
    OutputLine,
    execute_command_with_sudo_retry,
)

from builder.engines.shell.answers import touched_by
from builder.engines.shell.become import CONTROL, account_of, passwords_wanted, unix_command
from builder.engines.shell.fact_rules import read_fact
from builder.engines.shell.host_data import META, HostData
from builder.engines.shell.output import Collector, input_of
from builder.engines.shell.questions import Asking
from builder.engines.shell.reading import current
from builder.engines.shell.session import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    END_SECONDS,
    Command,
    ConnectionLostError,
    Session,
    one_line,
)
from builder.engines.shell.target import Target, of_connection, of_data
from builder.engines.shell.transfer import (
    fetched,
    opened,
    pieces,
    receive_script,
    replaced,
    send_script,
    sha256_of,
)
from builder.models.connection import Connection
from builder.survey.unreached import why_unreached

_CUT = -1  # what pyinfra calls the exit code of a command whose connection ended: who names it expects it (a reboot)
_ASKPASS = {"sudo": SUDO_ASKPASS_ENV_VAR, "su": SU_ASKPASS_ENV_VAR}


class PacsmithConnector(BaseConnector):
    """One `ssh`, one shell. With `connection` among its data the host is one of ours, and the shell is root's."""

    handles_execution = True
    data_cls = HostData
    data_meta = META

    def __init__(self, state: Any, host: Host) -> None:
        super().__init__(state, host)
        self.session: Session | None = None
        self.asking: Asking | None = None
        self._askpass: dict[tuple[str, str], str] = {}
        host.get_fact = partial(read_fact, host)  # type: ignore[method-assign]

    @staticmethod
    def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """One host, `@pacsmith/NAME`."""
        yield f"@pacsmith/{name}", {"ssh_hostname": name}, []

    @property
    def connection(self) -> Connection | None:
        """How one of our own hosts is reached."""
        found: Connection | None = self.host.data.get("connection")
        return found

    @property
    def lost(self) -> str | None:
        """Why the connection ended while a command was under way; None while all is well."""
        return self.session.lost if self.session is not None else None

    @property
    def round_trips(self) -> int:
        """How often this host had to be waited for."""
        return self.session.round_trips if self.session is not None else 0

    @property
    def _within(self) -> float | None:
        return COMMAND_SECONDS if self.connection is not None else None

    def _target(self) -> Target:
        if self.connection is not None:
            return of_connection(self.connection)
        try:
            return of_data(self.host.name, self.data, int(self.state.config.CONNECT_TIMEOUT))
        except ValueError as fault:
            raise ConnectError(f"{self.host.name}: {fault}") from fault

    def connect(self) -> None:
        """Open the shell, and ask ahead what was asked the last time. Raises ConnectError with a sentence."""
        begun = self.session is not None
        if self.session is None:
            self.asking = self.host.connector_data.pop("pacsmith_asked", None)
            self.session = Session(self._target()) if self.asking is None else self.asking.session
        try:
            self.session.open(CONNECT_SECONDS)
        except OSError as fault:  # TimeoutError is one
            raise ConnectError(self._why(str(fault))) from fault
        if self.asking is None:
            self.asking = Asking(self.session, self.data["pacsmith_questions"], self._within)
            self.asking.begin()
        elif begun:  # the host may have been away, and may have changed
            self.changed()

    def _why(self, said: str) -> str:
        if "perl" in said and "not found" in said:
            other = "" if self.connection else ", or use @ssh there"
            return f"{self.host.name}: the host has no perl, which @pacsmith needs; install perl-base{other}"
        if self.connection is not None:
            return why_unreached(self.connection, said)
        return f"{self.host.name}: no SSH connection ({one_line(said)}); ssh -v may tell more"

    def disconnect(self) -> None:
        """Close the shell."""
        if self.asking is not None:
            self.asking.remember(self.host.connector_data.get("pacsmith_hides"))
        if self.session is not None:
            if self._askpass and self.session.alive:
                removal = Command(f"rm -f {' '.join(self._askpass.values())}")
                self.session.begin(removal, lambda *_: None)[1].ended.wait(END_SECONDS)
            self._askpass.clear()  # a host that is gone or rebooting has no use for them
            self.session.close()

    def forget(self) -> None:
        """A new pass begins: whatever the host has said until now is to be asked again."""
        if self.asking is not None:
            self.asking.forget()

    def changed(self) -> None:
        """The host may have changed otherwise than by a command from here."""
        if self.asking is not None:
            self.asking.something_changes(None)

    def _open_session(self) -> Session:
        if self.session is None:
            raise OSError(f"{self.host.name}: not connected")
        return self.session

    def run_shell_command(
        self,
        command: StringCommand | str,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """Run a command as pyinfra asks. Raises TimeoutError, ConnectionLostError (an OSError) with a sentence."""
        control = {key: arguments.pop(key, None) for key in CONTROL}
        stringy = command if isinstance(command, StringCommand) else StringCommand(command)

        def execute() -> tuple[int, CommandOutput]:
            made, environment = self._made(stringy, arguments)
            if print_input:
                echo(f"{self.host.print_prefix}>>> {made}", err=True)
            logger.debug("Running command on %s: (pty=%s) %s", self.host.name, control["_get_pty"], made)
            try:
                collected = self._carried(made, environment, control, arguments, print_output=print_output)
            except ConnectionLostError as lost:
                if _CUT not in (control["_success_exit_codes"] or ()):
                    raise
                return _CUT, CommandOutput([OutputLine("stderr", str(lost))])
            return collected.code, CommandOutput([OutputLine(*line) for line in collected.lines])

        code, output = execute_command_with_sudo_retry(self.host, arguments, execute)  # type: ignore[arg-type]
        return code in (control["_success_exit_codes"] or [0]), output

    def _carried(
        self,
        made: StringCommand,
        environment: dict[str, str],
        control: dict[str, Any],
        arguments: dict[str, Any],
        *,
        print_output: bool,
    ) -> Collector:
        session, how = self._open_session(), current()
        text, pty = made.get_raw_value(), bool(control["_get_pty"])
        hidden = made.get_masked_value() != made.get_raw_value()
        given = control["_stdin"] or None
        shown = self._show if print_output else None
        if how is not None and given is None and not pty and not control["_timeout"]:
            assert self.asking is not None
            named = not arguments.get("_env")  # pyinfra writes these into the text, whatever they hold
            return self.asking.answer(text, environment, how, hidden=hidden, named=named, shown=shown)
        if how is None and self.asking is not None:
            self.asking.something_changes(None if environment else touched_by(text))
        whole = None if given is None else tuple(input_of(given))  # it may have to be sent twice
        source = None if whole is None else lambda: whole
        wanted = Command(text, how is not None, hidden, pty=pty, stdin=source, environment=environment)
        return Collector.run(session, wanted, within=control["_timeout"] or self._within, shown=shown)

    def _show(self, stream: str, text: str) -> None:
        """Print one line as pyinfra does."""
        echo(f"{self.host.print_prefix}{format_text(text, 'red') if stream == 'stderr' else text}", err=True)

    def _made(self, command: StringCommand, arguments: dict[str, Any]) -> tuple[StringCommand, dict[str, str]]:
        """The command as the host's shell gets it; a password goes beside it, never into it."""
        given = dict(arguments)
        if given.get("_sudo") and not given.get("_sudo_password"):
            given["_sudo_password"] = self.host.connector_data.get("prompted_sudo_password")
        folder = str(given.get("_temp_dir") or self.host.get_temp_dir_config())  # type: ignore[no-untyped-call]
        askpass = {name: self._askpass_file(name, folder) for name in passwords_wanted(given)}
        return unix_command(command, given, askpass)

    def _askpass_file(self, name: str, folder: str) -> str:
        """A program on the host that prints the password from its environment; made once."""
        if (name, folder) not in self._askpass:
            text = ASKPASS_COMMAND.format(folder, _ASKPASS[name])
            made = Collector.run(self._open_session(), Command(text), within=CONNECT_SECONDS)
            if made.code != 0 or not made.stdout:
                raise OSError(f"{self.host.name}: no program for the {name} password in {folder} ({made.stderr})")
            self._askpass[name, folder] = made.stdout.splitlines()[0]
        return self._askpass[name, folder]

    def put_file(
        self,
        filename_or_io: Any,
        remote_filename: str,
        remote_temp_filename: str | None = None,  # noqa: ARG002
        print_output: bool = False,
        print_input: bool = False,  # noqa: ARG002
        **arguments: Any,
    ) -> bool:
        """Write a file whole or not at all, as the account that the arguments say. Raises OSError with a sentence."""
        with opened(filename_or_io) as source:
            text = receive_script(remote_filename, sha256_of(source))
            made = self._moved(text, arguments, lambda: pieces(source))
        if made.code != 0:
            raise OSError(
                f"{self.host.name}: {remote_filename} could not be written ({one_line(made.stderr)}); "
                "what was there is untouched"
            )
        if print_output:
            echo(f"{self.host.print_prefix}file uploaded: {remote_filename}", err=True)
        return True

    def _moved(self, text: str, arguments: dict[str, Any], stdin: Any) -> Collector:
        made, environment = self._made(StringCommand(text), account_of(arguments))
        command = Command(made.get_raw_value(), repeatable=True, stdin=stdin, environment=environment)
        touched = None
        try:
            ended = Collector.run(self._open_session(), command, within=arguments.get("_timeout") or self._within)
            touched = tuple(line for line in ended.stdout.splitlines() if line.startswith("/")) or None
        finally:  # the host names the file that it has written; whatever else happened may have changed anything
            if self.asking is not None:
                self.asking.something_changes(touched)
        return ended

    def get_file(
        self,
        remote_filename: str,
        filename_or_io: str | Any,
        remote_temp_filename: str | None = None,  # noqa: ARG002
        print_output: bool = False,
        print_input: bool = False,  # noqa: ARG002
        **arguments: Any,
    ) -> bool:
        """Read a file whole; a local one has its name only when it came whole. Raises OSError with a sentence."""
        if isinstance(filename_or_io, str):
            with replaced(Path(filename_or_io)) as file:
                self._fetch(remote_filename, file, arguments)
        else:
            self._fetch(remote_filename, filename_or_io, arguments)
        if print_output:
            echo(f"{self.host.print_prefix}file downloaded: {remote_filename}", err=True)
        return True

    def _fetch(self, path: str, out: Any, arguments: dict[str, Any]) -> None:
        made, environment = self._made(StringCommand(send_script(path)), account_of(arguments))
        within = arguments.get("_timeout") or self._within
        reason = fetched(self._open_session(), made.get_raw_value(), environment, out, within)
        if reason:
            raise OSError(f"{self.host.name}: {path} could not be read ({reason})")
