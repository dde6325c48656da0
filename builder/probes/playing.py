"""A stand-in at work: a private folder on it, its tools, its listener. It plays the peer and nothing else."""

import io
import re
import shlex
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from builder.errors import PacsmithError
from builder.models.site import Peer
from builder.probes.dcmtk import TOOLS, TlsFiles, Way
from builder.survey.remote import Answer, Remote

_OPEN = """set -u; umask 077
find /tmp -maxdepth 1 -name 'pacsmith-verify-*' -mmin +60 -exec rm -rf {{}} + 2>/dev/null
for tool in {tools}; do command -v "$tool" >/dev/null || echo "missing $tool"; done
folder=$(mktemp -d /tmp/pacsmith-verify-XXXXXXXX) && tar -x -C "$folder" && echo "folder $folder"
"""


class PlayerError(PacsmithError):
    """A stand-in lacks what it needs to play its peer."""


@dataclass
class Player:
    """One stand-in, opened. `port_held` is held by whoever listens on its AE's port."""

    peer: Peer
    remote: Remote
    folder: str
    tls: TlsFiles | None = None
    tls_material: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    port_held: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The peer's name in the site."""
        return self.peer.name

    @property
    def title(self) -> str:
        """The peer's AE title. Raises PlayerError when it has none."""
        if self.peer.ae is None:
            raise PlayerError(f"{self.name}: a DICOM route ends here, but the site gives it no `ae`; add one")
        return self.peer.ae.title

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60) -> Answer:
        """Run one command in the private folder. Raises Unreachable."""
        return self.remote.run(f"cd {self.folder} && {shlex.join(argv)}", stdin=stdin, timeout=timeout)

    def run_into(self, folder: str, argvs: Sequence[Sequence[str]], *, sudo: bool = False) -> "Carried":
        """Run commands one after another in a new sub-folder and bring back the files that they left there.

        Raises Unreachable, ValueError when no archive of files comes back.
        """
        steps = "; ".join(f"{{ {shlex.join(argv)}; }} >&2; c=$?; [ $c -gt $worst ] && worst=$c" for argv in argvs)
        place = f"{self.folder}/{folder}"
        script = f"worst=0; mkdir {place} && cd {place} || exit 126; {steps}; tar -c .; exit $worst"
        answer = self.remote.run(script, sudo=sudo, timeout=90)
        files = list(untar(answer.stdout).values()) if answer.stdout else []
        return Carried(answer.code, answer.stderr, files, answer.seconds)

    @contextmanager
    def listening(self, name: str) -> Iterator["Listener"]:
        """A storescp on the AE's own port for as long as the block lasts. Raises PlayerError when it cannot listen."""
        with self.port_held:
            listener = Listener(self, f"{self.folder}/{name}")
            listener.start()
            try:
                yield listener
            finally:
                listener.stop()

    def close(self) -> None:
        """Remove the private folder. Raises Unreachable."""
        self.remote.run(["rm", "-rf", self.folder], sudo=True)


@dataclass(frozen=True)
class Carried:
    """What a sequence of commands came to: the highest exit code, their output, the files left, time in seconds."""

    code: int
    log: bytes
    files: list[bytes]
    seconds: float

    @property
    def text(self) -> str:
        """The output, decoded."""
        return self.log.decode("utf-8", "replace")


class Listener:
    """A storescp that keeps what it receives bit for bit. After two minutes it ends by itself, come what may."""

    def __init__(self, player: Player, folder: str) -> None:
        self.player = player
        self.folder = folder
        self._pid = ""

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        entity = self.player.peer.ae
        assert entity is not None
        argv = ["timeout", "120", "storescp", "-v", "--fork", "+xa", "+B", "-aet", self.player.title,
                *(self.player.tls.options() if self.player.tls and entity.tls else ()), str(entity.port)]  # fmt: skip
        probe = f"bash -c ': </dev/tcp/127.0.0.1/{entity.port}' 2>/dev/null"
        script = (
            f"mkdir {self.folder} && cd {self.folder} || exit 1; "
            f"{probe} && {{ echo busy; exit 1; }}; "
            f"setsid {shlex.join(argv)} >../{self.folder.rsplit('/', 1)[-1]}.log 2>&1 </dev/null & pid=$!; "
            f"for i in $(seq 100); do kill -0 $pid 2>/dev/null || break; {probe} && {{ echo pid $pid; exit 0; }}; "
            f"sleep 0.02; done; cat ../*.log; exit 1"
        )
        answer = self.player.remote.run(script, sudo=True, timeout=30)
        found = re.search(r"^pid (\d+)$", answer.text, re.MULTILINE)
        if answer.code != 0 or not found:
            said = "the port is taken by another program" if "busy" in answer.text else answer.text.strip()[-200:]
            raise PlayerError(
                f"{self.player.name}: storescp cannot listen on port {entity.port}: {said}; "
                "free the port and verify again"
            )
        self._pid = found[1]

    def received(self) -> dict[str, bytes]:
        """The files that have come so far, by name."""
        return untar(self.player.remote.run(f"tar -c -C {self.folder} .", sudo=True).stdout)

    def stop(self) -> None:
        """End it, and wait until the port is free again. `timeout` passes the signal on to its whole group."""
        waiting = f"for i in $(seq 100); do kill -0 {self._pid} 2>/dev/null || break; sleep 0.02; done"
        self.player.remote.run(f"kill -TERM {self._pid} 2>/dev/null; {waiting}", sudo=True)


def open_player(peer: Peer, remote: Remote, files: Mapping[str, bytes], *, tls: bool) -> Player:
    """Make the private folder with `files` in it (names without folders; `key.pem`, `certificate.pem`, `ca.pem` are
    what TLS uses). Raises Unreachable, PlayerError when a tool is missing."""
    tools = (*(TOOLS if peer.ae else ()), "curl", "bash", "tar", "timeout")
    answer = remote.run(_OPEN.format(tools=" ".join(tools)), stdin=_tar(files), timeout=60)
    missing = re.findall(r"^missing (\S+)$", answer.text, re.MULTILINE)
    folder = re.search(r"^folder (/tmp/pacsmith-verify-\w+)$", answer.text, re.MULTILINE)
    if folder is None:
        raise PlayerError(f"{peer.name}: no private folder could be made: {answer.text.strip()[-200:]}")
    place = folder[1]
    material = {name: files[name] for name in ("ca.pem", "certificate.pem", "key.pem") if name in files}
    player = Player(peer, remote, place, _tls(place, files) if tls else None, material)
    if missing:
        player.close()
        raise PlayerError(f"{peer.name}: the stand-in lacks {', '.join(missing)}; install dcmtk and curl on it")
    return player


def _tls(folder: str, files: Mapping[str, bytes]) -> TlsFiles:
    if "key.pem" not in files:
        return TlsFiles(f"{folder}/ca.pem")
    return TlsFiles(f"{folder}/ca.pem", f"{folder}/key.pem", f"{folder}/certificate.pem")


def way(player: Player, called: str, address: str, port: int, *, tls: bool) -> Way:
    """From the player's own AE title to the AE that is called."""
    return Way(player.title, called, address, port, player.tls if tls else None)


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def untar(content: bytes) -> dict[str, bytes]:
    """The regular files of a tar archive by name. Raises ValueError when it is none."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = [(member, archive.extractfile(member)) for member in archive if member.isfile()]
            return {member.name: stream.read() for member, stream in members if stream is not None}
    except tarfile.TarError as fault:
        raise ValueError(f"the stand-in sent no readable tar archive: {fault}") from None
