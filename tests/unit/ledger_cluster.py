"""A private PostgreSQL cluster for the ledger's tests: Debian's binaries, a folder and a socket of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PASSWORD = "cluster-Pässword/1"  # umlaut and slash: a URL must carry both


class Cluster:
    """Never the system's own cluster: its own data folder, a unix socket in it, no TCP port."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise RuntimeError("PostgreSQL's programs are missing; install them with: apt-get install postgresql")
        self._bin = found[-1].parent
        self.folder = Path(tempfile.mkdtemp(prefix="pacsmith-test-pg-"))
        self._owner: dict[str, Any] = {}
        if os.geteuid() == 0:  # initdb refuses root
            entry = pwd.getpwnam("nobody")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._owner = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self._databases = 0
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        self._run("initdb", "--no-sync", "--auth=scram-sha-256", "--username=keeper", f"--pwfile={secret}",
                  "--encoding=UTF8", "--locale=C", f"--pgdata={self.folder}/data")  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--pgdata={self.folder}/data", f"--options={options}",
                  f"--log={self.folder}/log")  # fmt: skip

    def stop(self) -> None:
        """Stop it as an administrator in a hurry does: connections are cut."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=fast", f"--pgdata={self.folder}/data")

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self._run(
            "pg_ctl", "stop", "--wait", "--silent", "--mode=immediate", f"--pgdata={self.folder}/data", check=False
        )
        shutil.rmtree(self.folder)

    def new_database(self) -> str:
        """An empty database; its URL, password percent-encoded."""
        self._databases += 1
        name = f"ledger{self._databases}"
        self._run("createdb", f"--host={self.folder}", "--username=keeper", name)
        return self.url(name)

    def url(self, database: str, password: str = "cluster-P%C3%A4ssword%2F1") -> str:
        """The URL of a database of this cluster."""
        return f"postgresql://keeper:{password}@/{database}?host={self.folder}"

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.folder,
            env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be kept open by the server that pg_ctl starts
            stderr=subprocess.DEVNULL,
            check=False,
            **self._owner,
        )
        if check and done.returncode != 0:
            log = self.folder / "log"
            raise RuntimeError(f"{program} failed ({done.returncode}): {log.read_text() if log.exists() else ''}")
