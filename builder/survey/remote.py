"""Run commands on a machine over SSH: one multiplexed connection a machine, pinned host keys, secrets on stdin only."""

import hashlib
import shlex
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from builder.errors import Unreachable
from builder.models.connection import Connection
from builder.survey.unreached import why_unreached

_SSH_FAILED = 255
_SESSIONS = 6  # sshd refuses an eleventh session on one connection (MaxSessions 10); `start` takes some, too


class Answer:
    """What a command said: exit code, output (bytes, as sent) and how long it took in seconds."""

    def __init__(self, code: int, stdout: bytes, stderr: bytes, seconds: float) -> None:
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.seconds = seconds

    @property
    def text(self) -> str:
        """Output and error output together, decoded."""
        return (self.stdout + self.stderr).decode("utf-8", "replace")

    @property
    def sha256(self) -> str:
        """SHA-256 of the raw output and error output, hex."""
        return hashlib.sha256(self.stdout + self.stderr).hexdigest()


class Remote:
    """One machine. Use as a context manager: leaving it closes the shared connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._folder = tempfile.TemporaryDirectory(prefix="pacsmith-ssh-")
        self._sessions = threading.BoundedSemaphore(_SESSIONS)
        self._socket = Path(self._folder.name) / "s"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the shared connection, if one was opened."""
        if self._socket.exists():
            subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={self._socket}", "-O", "exit", "x"],
                           capture_output=True, check=False)  # fmt: skip
        self._folder.cleanup()

    def run(self, command: str | list[str], *, stdin: bytes = b"", sudo: bool = False, timeout: float = 120) -> Answer:
        """Run a shell text or an argument list. A secret belongs on `stdin`, never in `command`.

        Raises Unreachable when SSH itself fails or the machine does not answer within `timeout` seconds.
        """
        return self._ended(self._argv(command, sudo=sudo), timeout, input=stdin)

    def feed(self, command: str, source: IO[bytes], *, sudo: bool = False, timeout: float = 120) -> Answer:
        """Run a shell text whose standard input is what `source` gives. Raises Unreachable as `run` does."""
        return self._ended(self._argv(command, sudo=sudo), timeout, stdin=source)

    def _ended(self, argv: list[str], timeout: float, **given: Any) -> Answer:
        """What it said; `given` is its standard input, as `subprocess.run` takes it."""
        began = time.monotonic()
        try:
            with self._sessions:
                done = subprocess.run(argv, capture_output=True, timeout=timeout, check=False, **given)
        except subprocess.TimeoutExpired as late:
            raise Unreachable(f"{self.connection.host}: no answer within {timeout:.0f} s") from late
        if done.returncode == _SSH_FAILED:
            raise Unreachable(why_unreached(self.connection, done.stderr.decode("utf-8", "replace")))
        return Answer(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def start(self, command: str | list[str], *, sudo: bool = False) -> "subprocess.Popen[bytes]":
        """Begin a command whose standard input and output the caller keeps; the caller ends it, too."""
        return subprocess.Popen(
            self._argv(command, sudo=sudo), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def _argv(self, command: str | list[str], *, sudo: bool) -> list[str]:
        text = command if isinstance(command, str) else shlex.join(command)
        if sudo and self.connection.sudo:
            text = "sudo -n -- sh -c " + shlex.quote(text)
        return ["ssh", *self.connection.ssh_options(), "-o", "ControlMaster=auto", "-o", f"ControlPath={self._socket}",
                "-o", "ControlPersist=60", f"{self.connection.user}@{self.connection.address}", text]  # fmt: skip

    def put(self, content: bytes, path: str, mode: str = "600", *, sudo: bool = False) -> None:
        """Write a file: under a temporary name first, then renamed.

        Raises Unreachable as `run` does, and OSError when the machine refuses.
        """
        quoted = shlex.quote(path)
        script = f"umask 077; cat > {quoted}.part && chmod {mode} {quoted}.part && mv -f {quoted}.part {quoted}"
        answer = self.run(script, stdin=content, sudo=sudo)
        if answer.code != 0:
            raise OSError(f"{self.connection.host}: could not write {path}: {answer.text.strip()}")

    def get(self, path: str, *, sudo: bool = False) -> bytes:
        """Read a file whole. Raises OSError when it cannot be read."""
        answer = self.run(["cat", "--", path], sudo=sudo)
        if answer.code != 0:
            raise OSError(f"{self.connection.host}: could not read {path}: {answer.text.strip()}")
        return answer.stdout
