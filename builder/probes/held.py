"""A command on a machine that lives for as long as we hold its standard input: killed here, it ends there by itself."""

import contextlib
import os
import select
import subprocess
import time

from builder.survey.remote import Remote


class Held:
    """Start with `script`, which must end when its standard input does."""

    def __init__(self, remote: Remote, script: str, *, sudo: bool = False) -> None:
        self._process = remote.start(["sh", "-c", script], sudo=sudo)

    def send(self, content: bytes) -> None:
        """Write to the command and leave it open. Raises BrokenPipeError when it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(content)
        self._process.stdin.flush()

    def said(self, seconds: float) -> str:
        """What it printed up to and with a line that ends, or up to its end, or within `seconds`."""
        text, end = b"", time.monotonic() + seconds
        while not text.endswith(b"\n") and (left := end - time.monotonic()) > 0:
            piece = self.piece(left)
            if not piece:
                break
            text += piece
        return text.decode("utf-8", "replace")

    def piece(self, seconds: float) -> bytes:
        """The next bytes of its output; nothing when none come within `seconds`, or when it has ended."""
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        ready, _, _ = select.select([handle], [], [], seconds)
        return os.read(handle, 1 << 20) if ready else b""

    def release(self, seconds: float = 10) -> None:
        """Let go, and wait until it has ended."""
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
