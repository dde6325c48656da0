"""A pyinfra connector that keeps one root shell open on a host.

pyinfra's own SSH connector opens a channel and a process for each command, 50 ms each; here a command is a few
lines written to a shell that is already there. OpenSSH carries it, so pinned keys and options are the same as
everywhere else in pacsmith. Commands travel on standard input: nothing of them shows in the host's process list.
"""

import ctypes
import shlex
import signal
from base64 import b64decode, b64encode
from collections.abc import Iterator
from io import IOBase
from pathlib import Path
from secrets import token_hex
from typing import Any

import gevent
from gevent import os as gevent_os
from gevent.subprocess import PIPE, Popen
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.util import CommandOutput, OutputLine, make_unix_command

from builder.models.connection import Connection
from builder.survey.unreached import why_unreached

CONNECT_SECONDS = 30.0
COMMAND_SECONDS = 3600.0  # a command that says nothing for longer is taken for dead
_ENVIRONMENT = (
    "export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive; cd /; umask 022; "
    "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)
# sudo drops the environment: what the SSH server knows of the caller is handed over as an argument.
_ROOT_SHELL = 'sh -c \'export PACSMITH_FROM="$1"; exec sh\' sh "${SSH_CONNECTION%% *}"'
_CONTROL = ("_success_exit_codes", "_timeout", "_get_pty", "_stdin")
_PR_SET_PDEATHSIG = 1


class ConnectionLostError(OSError):
    """The shell ended while a command was under way; the text says what SSH said."""


def die_with_parent() -> None:
    """For a child `ssh`, before it starts: when the engine is killed it must not go on writing to the host."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def frame(text: str, mark: str) -> str:
    """Shell input that runs `text` in a subshell and then prints `mark` and the exit code, on standard error `mark`.

    The text is read whole before it runs, so a syntax error in it cannot end the shell.
    """
    return (
        f"( eval \"$(cat <<'{mark}'\n{text}\n{mark}\n)\" ) </dev/null\n"
        f"printf '\\n%s %s\\n' {mark} \"$?\"; printf '\\n%s\\n' {mark} >&2\n"
    )


class ShellConnector(BaseConnector):
    """One `ssh … sudo sh` for the whole run; `host.data.connection` says where to. `lost` is why it ended too early."""

    handles_execution = True
    process: Any = None
    round_trips = 0
    lost: str | None = None

    @staticmethod
    def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """One host by its own name."""
        yield name, {}, []

    @property
    def connection(self) -> Connection:
        """How this host is reached."""
        found: Connection = self.host.data.connection
        return found

    def connect(self) -> None:
        """Open the shell. Raises ConnectError with a sentence."""
        where = self.connection
        become = f"exec {'sudo -n -- ' if where.sudo else ''}{_ROOT_SHELL}"
        argv = ["ssh", *where.ssh_options(), "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4",
                f"{where.user}@{where.address}", become]  # fmt: skip
        self.process = Popen(argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, preexec_fn=die_with_parent)
        for stream in (self.process.stdout, self.process.stderr):
            gevent_os.make_nonblocking(stream.fileno())
        try:
            code, _, errors = self.say(f"true; {_ENVIRONMENT}", within=CONNECT_SECONDS, framed=False)
        except TimeoutError as late:
            raise ConnectError(why_unreached(where, f"no answer within {CONNECT_SECONDS:.0f} s")) from late
        except OSError as lost:
            raise ConnectError(why_unreached(where, str(lost))) from lost
        if code != 0:
            raise ConnectError(why_unreached(where, errors))

    def disconnect(self) -> None:
        """Close the shell."""
        if self.process is not None and self.process.poll() is None:
            self.process.stdin.close()
            self.process.terminate()
            self.process.wait()

    def say(self, text: str, *, within: float | None = None, framed: bool = True) -> tuple[int, str, str]:
        """Run shell text: exit code, output, errors. Raises ConnectionLostError, or TimeoutError (the shell ends)."""
        mark = "PACSMITH" + token_hex(8)
        bare = f"{text}\nprintf '\\n%s %s\\n' {mark} \"$?\"; printf '\\n%s\\n' {mark} >&2\n"
        readers = [gevent.spawn(self._read_to, stream, mark) for stream in (self.process.stdout, self.process.stderr)]
        try:
            with gevent.Timeout(within, TimeoutError(f"no answer within {within} s")):
                try:
                    self.process.stdin.write((frame(text, mark) if framed else bare).encode())
                    self.process.stdin.flush()
                except OSError:
                    gevent.joinall(readers)  # the reason stands on standard error
                (output, tail), (errors, _) = (reader.get() for reader in readers)
        except TimeoutError as late:
            gevent.killall(readers)
            self.process.kill()
            self.lost = str(late)
            raise
        self.round_trips += 1
        if tail is None:
            self.lost = errors.strip().rpartition("\n")[2] or "the connection ended"
            raise ConnectionLostError(errors.strip() or self.lost)
        return int(tail), output, errors

    @staticmethod
    def _read_to(stream: Any, mark: str) -> tuple[str, str | None]:
        """Text up to the mark and what stands behind the mark on its line; None when the stream ended first."""
        sign, got = f"\n{mark}".encode(), bytearray()
        while True:
            found = got.find(sign, 0)
            if found >= 0 and got.endswith(b"\n"):
                return bytes(got[:found]).decode("utf-8", "replace"), got[found + len(sign) :].decode().strip()
            chunk = gevent_os.nb_read(stream.fileno(), 1 << 16)
            if not chunk:
                return bytes(got).decode("utf-8", "replace"), None
            got += chunk

    def run_shell_command(
        self,
        command: StringCommand | str,
        print_output: bool = False,  # noqa: ARG002
        print_input: bool = False,  # noqa: ARG002
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """pyinfra's door: run a command, with `_sudo_user` and the like when an operation asks for them."""
        control = {key: arguments.pop(key, None) for key in _CONTROL}
        text = command if isinstance(command, str) else command.get_raw_value()
        if any(arguments.get(key) for key in ("_env", "_chdir", "_su_user", "_sudo_user")):
            text = make_unix_command(StringCommand(text), **arguments).get_raw_value()
        if control["_stdin"]:
            mark = "INPUT" + token_hex(8)
            text = f"( {text} ) <<'{mark}'\n{control['_stdin']}\n{mark}"
        code, output, errors = self.say(text, within=control["_timeout"] or COMMAND_SECONDS)
        lines = [OutputLine("stdout", line) for line in output.splitlines()]
        lines += [OutputLine("stderr", line) for line in errors.splitlines()]
        return code in (control["_success_exit_codes"] or [0]), CommandOutput(lines)

    def put_file(self, filename_or_io: str | IOBase, remote_filename: str, *_: Any, **__: Any) -> bool:
        """Write one file whole (pyinfra's own file operations use it). Raises OSError."""
        content = Path(filename_or_io).read_bytes() if isinstance(filename_or_io, str) else filename_or_io.read()
        data = b64encode(content if isinstance(content, bytes) else content.encode()).decode()
        code, _output, errors = self.say(f"base64 -d > {shlex.quote(remote_filename)} <<'DATA'\n{data}\nDATA")
        if code != 0:
            raise OSError(errors.strip())
        return True

    def get_file(self, remote_filename: str, filename_or_io: str | IOBase, *_: Any, **__: Any) -> bool:
        """Read one file whole. Raises OSError."""
        code, output, errors = self.say(f"base64 -w0 -- {shlex.quote(remote_filename)}")
        if code != 0:
            raise OSError(errors.strip())
        content = b64decode(output)
        if isinstance(filename_or_io, str):
            Path(filename_or_io).write_bytes(content)
        else:
            filename_or_io.write(content)
        return True
