"""A stand-in or station at work: a private folder on it, its tools, its listener. It asks as itself and no one else."""

import contextlib
import io
import re
import shlex
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from builder.errors import PacsmithError
from builder.models.site import Host, Peer
from builder.probes.dcmtk import TOOLS, TlsFiles, Way
from builder.probes.hand import require_unused
from builder.probes.held import Held
from builder.survey.remote import Answer, Remote

# Folders of a machine that was cut off in mid-run, and so could not remove them itself.
_LOOK = """find /tmp -maxdepth 1 -name 'pacsmith-verify-*' -mmin +60 -exec rm -rf {{}} + 2>/dev/null
for tool in {tools}; do command -v "$tool" >/dev/null || echo "missing $tool"; done"""
_KEEP = """umask 077; folder=$(mktemp -d /tmp/pacsmith-verify-XXXXXXXX) || exit 1
head -c {size} | tar -x -C "$folder" && echo "$folder"; cat >/dev/null; {sudo}rm -rf "$folder\""""


AUTHORITY = "/run/pacsmith-screen/authority"  # of role workstation: the key of its screen
VIEWER_UNIT = "pacsmith-viewer.service"  # of role workstation: the viewer listens on the station's AE port itself


class PlayerError(PacsmithError):
    """A stand-in or station lacks what it needs to ask or to listen."""


@dataclass
class Player:
    """One stand-in or station, opened: `end` is what the site says of it. `port_held` is held by whoever listens on its
    AE's port."""

    end: Host | Peer
    remote: Remote
    folder: str
    keeper: Held | None = None
    tls: TlsFiles | None = None
    tls_material: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    port_held: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """Its name in the site."""
        return self.end.name

    @property
    def viewer_unit(self) -> str | None:
        """What has to stand aside while we listen on the AE's port; begun again afterwards, whatever happens to us."""
        return VIEWER_UNIT if isinstance(self.end, Host) and self.end.workstation is not None else None

    @property
    def title(self) -> str:
        """Its AE title. Raises PlayerError when it has none."""
        if self.end.ae is None:
            raise PlayerError(f"{self.name}: a DICOM route ends here, but the site gives it no `ae`; add one")
        return self.end.ae.title

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
        """Let go of the private folder, which then removes itself."""
        if self.keeper is not None:
            self.keeper.release()


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
    """A storescp that keeps what it receives bit for bit, for as long as we hold it."""

    def __init__(self, player: Player, folder: str) -> None:
        self.player = player
        self.folder = folder
        self._held: Held | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections. Raises PlayerError when it cannot listen, StationInUse where
        a viewer that somebody uses would have to stand aside."""
        if self.player.viewer_unit is not None:
            require_unused(self.player.remote, AUTHORITY)
        entity = self.player.end.ae
        assert entity is not None
        argv = ["storescp", "-v", "--fork", "+xa", "+B", "-aet", self.player.title,
                *(self.player.tls.options() if self.player.tls and entity.tls else ()), str(entity.port)]  # fmt: skip
        probe = f"bash -c ': </dev/tcp/127.0.0.1/{entity.port}' 2>/dev/null"
        self._held = Held(
            self.player.remote,
            f"{_aside(self.player.viewer_unit)}mkdir {self.folder} && cd {self.folder} || exit 1; "
            f"if {probe}; then echo the port is taken by another program; exit 1; fi; "
            f"{shlex.join(argv)} >{self.folder}.log 2>&1 </dev/null & pid=$!; "
            f"for i in $(seq 250); do kill -0 $pid 2>/dev/null || break; {probe} && {{ echo listens; break; }}; "
            f"sleep 0.02; done; kill -0 $pid 2>/dev/null || {{ tail -n 1 {self.folder}.log; exit 1; }}; "
            "cat >/dev/null; kill $pid; wait $pid",
            sudo=True,
        )
        said = self._held.said(20).strip() or "nothing was said"
        if said != "listens":
            self.stop()
            raise PlayerError(
                f"{self.player.name}: storescp cannot listen on port {entity.port}: {said[-200:]}; "
                "free the port and verify again"
            )

    def received(self) -> dict[str, bytes]:
        """The files that have come so far, by name."""
        return untar(self.player.remote.run(f"tar -c -C {self.folder} .", sudo=True).stdout)

    def stop(self) -> None:
        """End it, and wait until the port is free again."""
        if self._held is not None:
            self._held.release()


def _aside(unit: str | None) -> str:
    """Shell words that stop `unit`, and start it when the shell ends in any way."""
    if unit is None:
        return ""
    return f"trap 'systemctl start {unit}' EXIT; trap 'exit 1' HUP TERM; systemctl stop {unit} || exit 1; "


def open_player(end: Host | Peer, remote: Remote, files: Mapping[str, bytes], *, tls: bool) -> Player:
    """Make the private folder with `files` in it (names without folders; `key.pem`, `certificate.pem`, `ca.pem` are
    what TLS uses). Raises Unreachable, PlayerError when a tool is missing."""
    tools = (*(TOOLS if end.ae else ()), "curl", "bash", "tar")
    answer = remote.run(_LOOK.format(tools=" ".join(tools)), timeout=60)
    missing = re.findall(r"^missing (\S+)$", answer.text, re.MULTILINE)
    if missing:
        raise PlayerError(f"{end.name}: it lacks {', '.join(missing)}; install dcmtk and curl on it")
    content = _tar(files)
    sudo = "sudo -n " if remote.connection.sudo else ""
    keeper = Held(remote, _KEEP.format(size=len(content), sudo=sudo))
    with contextlib.suppress(BrokenPipeError):
        keeper.send(content)
    folder = keeper.said(60).strip()
    if not folder.startswith("/tmp/pacsmith-verify-"):
        keeper.release()
        raise PlayerError(f"{end.name}: no private folder could be made in /tmp; see that its disk is not full")
    material = {name: files[name] for name in ("ca.pem", "certificate.pem", "key.pem") if name in files}
    return Player(end, remote, folder, keeper, _tls(folder, files) if tls else None, material)


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
