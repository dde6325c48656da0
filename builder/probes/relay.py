"""Let a DICOM library on the controller speak from a stand-in's address: bytes are carried over SSH, nothing else.

dcmtk has no tool for storage commitment. The stand-in needs only a Python with sockets (Debian's python3-minimal);
the connection that the archive sees comes from the stand-in, and the one that it opens ends there.
"""

import contextlib
import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from builder.probes.playing import Player, PlayerError

# Connects or listens as told, says "r", then copies both ways until either side ends; it ends with its own input, too.
_SCRIPT = """
import os, socket, sys, threading
line = None
def inward():
    while True:
        data = os.read(0, 65536)
        if not data:
            os._exit(0)
        line.sendall(data)
threading.Thread(target=inward, daemon=True).start()
if sys.argv[1] == "listen":
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("0.0.0.0", int(sys.argv[2])))
    door.listen(1)
    door.settimeout(60)
    os.write(1, b"r")
    line = door.accept()[0]
    line.settimeout(None)
else:
    line = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=5)
    line.settimeout(None)
    os.write(1, b"r")
line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while True:
    data = line.recv(65536)
    if not data:
        break
    while data:
        data = data[os.write(1, data):]
"""


def _start(player: Player, arguments: list[str]) -> "subprocess.Popen[bytes]":
    command = shlex.join(["timeout", "90", "python3", "-c", _SCRIPT, *arguments])
    process = player.remote.start(command, sudo=arguments[0] == "listen")
    assert process.stdout is not None
    if process.stdout.read(1) != b"r":
        _end(process)
        if arguments[0] == "listen":
            what, remedy = f"listen on port {arguments[1]}", "the port is free"
        else:
            what, remedy = f"connect to {':'.join(arguments[1:])}", "something listens there"
        raise PlayerError(f"{player.name}: cannot {what} with python3; see that python3 is there and that {remedy}")
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@contextmanager
def outgoing(player: Player, address: str, port: int) -> Iterator[int]:
    """A port on this machine's loopback that leads to `address` from the stand-in. Raises PlayerError."""
    process = _start(player, ["connect", address, str(port)])
    try:
        with socket.create_server(("127.0.0.1", 0)) as door:
            door.settimeout(20)
            threading.Thread(target=_serve_once, args=(door, process), daemon=True).start()
            yield door.getsockname()[1]
    finally:
        _end(process)


def _serve_once(door: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        _pump(door.accept()[0], process)


@contextmanager
def incoming(player: Player, port: int, local_port: int) -> Iterator[None]:
    """The stand-in's `port` leads to this machine's loopback `local_port`, for one connection. Raises PlayerError."""
    process = _start(player, ["listen", str(port)])

    def carry() -> None:
        assert process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            first = _read(process.stdout)
            if first:
                line = socket.create_connection(("127.0.0.1", local_port), timeout=5)
                line.settimeout(None)
                line.sendall(first)
                _pump(line, process)

    threading.Thread(target=carry, daemon=True).start()
    try:
        yield
    finally:
        _end(process)


def _read(stream: IO[bytes]) -> bytes:
    return stream.read1(65536)  # type: ignore[attr-defined,no-any-return]


def _pump(line: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """Copy both ways until either side ends."""
    sink, source = process.stdin, process.stdout
    assert sink is not None
    assert source is not None

    def outward() -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := line.recv(65536):
                sink.write(data)
                sink.flush()
            sink.close()

    threading.Thread(target=outward, daemon=True).start()
    with contextlib.suppress(OSError, ValueError):
        while data := _read(source):
            line.sendall(data)
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
