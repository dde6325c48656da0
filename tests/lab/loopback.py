"""A real sshd of the tests' own: a base tree of the lab, over it a layer in memory, in namespaces of its own.

Nothing of this machine changes: accounts, packages and files are those of the tree, and the layer goes with the test.
"""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from builder.lab.image import Cache, base_recipe
from builder.lab.layout import cache_folder
from builder.models.connection import Connection

_START = """
set -e
mount -t tmpfs -o size=1g none {folder}
mkdir -p {folder}/u {folder}/w {folder}/t
mount -t overlay -o lowerdir={tree},upperdir={folder}/u,workdir={folder}/w none {folder}/t
cd {folder}/t
mount -t proc none proc
mount --rbind /dev dev; mount --make-rslave dev
mount -t tmpfs none run; mkdir -p run/sshd; mount -t tmpfs none tmp; chmod 1777 tmp
mkdir -p full; mount -t tmpfs -o size=1m none full
cp {keys}/host etc/ssh/trial_key; chmod 600 etc/ssh/trial_key
install -d -m 700 root/.ssh; cp {keys}/user.pub root/.ssh/authorized_keys
printf '%s\\n' {config} > etc/ssh/trial_config
{prepare}
exec chroot . /usr/sbin/sshd -D -e -f /etc/ssh/trial_config 2> {keys}/sshd.log
"""


@dataclass
class Loopback:
    """One sshd on 127.0.0.1. `config` are further lines of sshd_config, `prepare` shell text run in the root before."""

    folder: Path
    system: str = "debian-12"
    config: tuple[str, ...] = ()
    prepare: str = ":"
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> "Loopback":
        """Start and wait until it answers."""
        keys = self.folder / "keys"
        keys.mkdir(parents=True)
        (self.folder / "mnt").mkdir()
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)], check=True)
        self.port = free_port()
        (keys / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {(keys / 'host.pub').read_text()}")
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            "HostKey /etc/ssh/trial_key",
            "UsePAM yes",
            "PidFile none",
            "PermitRootLogin prohibit-password",
            "PasswordAuthentication no",
            "UseDNS no",
            "PrintMotd no",
            "Subsystem sftp internal-sftp",
            *self.config,
        ]
        script = _START.format(
            folder=self.folder / "mnt",
            tree=_tree(self.system),
            keys=keys,
            config=shlex.join(lines),
            prepare=self.prepare,
        )
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        self._wait()
        return self

    def _wait(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"sshd did not start: {self.log()}")

    def stop(self) -> None:
        """End it and all that runs in it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What sshd has said."""
        path = self.folder / "keys" / "sshd.log"
        return path.read_text() if path.exists() else ""

    @property
    def key(self) -> str:
        """The private key that it lets in as root and as whom `prepare` adds it for."""
        return str(self.folder / "keys" / "user")

    @property
    def known_hosts(self) -> str:
        """The file with its host key."""
        return str(self.folder / "keys" / "known_hosts")

    def data(self, **more: object) -> dict[str, object]:
        """pyinfra's host data."""
        return {
            "ssh_hostname": "127.0.0.1",
            "ssh_port": self.port,
            "ssh_user": "root",
            "ssh_key": self.key,
            "ssh_known_hosts_file": self.known_hosts,
            "ssh_config_file": "none",
            "ssh_strict_host_key_checking": "yes",
            **more,
        }

    def connection(self, user: str = "root") -> Connection:
        """The same for our engine."""
        return Connection(
            host="trial",
            address="127.0.0.1",
            user=user,
            port=self.port,
            key=self.key,
            known_hosts=self.known_hosts,
            sudo=user != "root",
        )

    def sshd(self) -> psutil.Process:
        """The listening sshd."""
        assert self.process is not None
        (child,) = psutil.Process(self.process.pid).children()
        return child

    def sessions(self) -> list[psutil.Process]:
        """The sshd processes that serve a connection, not those below them."""
        return [one for one in self.sshd().children() if one.name().startswith("sshd")]

    @staticmethod
    def wait_for(condition: Callable[[], object], seconds: float = 10) -> bool:
        """Whether a condition comes true within this time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.02)
        return False

    def cut(self) -> int:
        """Kill every connection's sshd, and not what runs below; how many there were."""
        cut = 0
        for one in self.sessions():
            for process in [*(child for child in one.children(recursive=True) if child.name().startswith("sshd")), one]:
                with contextlib.suppress(psutil.NoSuchProcess):  # the one above it may have taken it along
                    process.send_signal(signal.SIGKILL)
            cut += 1
        return cut

    def root(self) -> Path:
        """The host's own root, seen from here."""
        return Path(f"/proc/{self.sshd().pid}/root")


def _tree(system: str) -> Path:
    found = Cache(cache_folder(), lambda _: None).tree(base_recipe(system))  # type: ignore[arg-type]
    if os.geteuid() != 0 or not (found / "usr/sbin/sshd").exists():
        raise RuntimeError(f"the loopback sshd needs root and the base tree {found}; make it: make bases")
    return found


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
