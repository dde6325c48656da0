"""What the tests of a real kiosk share: the archive's own Orthanc, the thin client's shell, screen and secrets."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from builder.models.connection import Connection
from builder.probes.kiosk import Kiosk, open_kiosk
from builder.probes.orthanc import Orthanc
from builder.probes.pattern import Pattern
from builder.survey.remote import Remote
from builder.workflows.session import open_session
from roles.thin_client.variables import Variables
from tests.lab.conftest import BuiltSite

UNIT = "pacsmith-kiosk.service"
SETTINGS = "/usr/local/share/pacsmith/viewer-settings"  # what lies here, nginx serves before the viewer's own files


@dataclass(frozen=True)
class Ward:
    """A built site with an archive `store` and a thin client `bedside`."""

    site: BuiltSite
    archive: Orthanc
    bedside: Remote
    origin: str
    user: str
    password: SecretStr
    gateway: str

    def kiosk(self) -> AbstractContextManager[Kiosk]:
        """The kiosk, signed in as the site's web user."""
        return open_kiosk(self.bedside, "bedside", self.origin, self.user, self.password)

    def keep(self, *patterns: Pattern) -> None:
        """Give the archive patterns."""
        self.archive.put_all([pattern.sample.content for pattern in patterns])

    def says(self, script: str, *, stdin: bytes = b"", timeout: float = 120) -> str:
        """What root says on the thin client."""
        done = self.bedside.run(script, sudo=True, stdin=stdin, timeout=timeout)
        assert done.code == 0, done.text
        return done.stdout.decode().strip()

    def archive_says(self, script: str, *, stdin: bytes = b"") -> str:
        """What root says on the archive."""
        done = self.archive.remote.run(script, sudo=True, stdin=stdin)
        assert done.code == 0, done.text
        return done.stdout.decode().strip()

    @contextmanager
    def changed(self, path: str, content: bytes) -> Iterator[None]:
        """A file of the archive with other content; afterwards as it was, or gone."""
        former = self.archive.remote.run(["cat", "--", path], sudo=True)
        self.archive_says(f"cat > {path}", stdin=content)
        try:
            yield
        finally:
            if former.code == 0:
                self.archive_says(f"cat > {path}", stdin=former.stdout)
            else:
                self.archive_says(f"rm {path}")


@contextmanager
def open_ward(site: BuiltSite) -> Iterator[Ward]:
    """The ward of a built site; the synthetic studies that it holds at the end are removed."""
    with ExitStack() as kept:
        with contextlib.chdir(site.folder):
            session = open_session("verify", site.name)
            machines = {machine.host.name: machine for machine in session.inventory.machines}
            settings = machines["store"].host.archive
            assert settings is not None
            password = session.store.value(settings.users[0].password)
        remotes = {
            name: kept.enter_context(Remote(_absolute(machine.connection, site.folder)))
            for name, machine in machines.items()
        }
        archive = Orthanc(machines["store"].host, remotes["store"])
        origin = Variables.of(session.site, machines["bedside"].host).origin
        gateway = str(session.site.networks[0].gateway)
        yield Ward(site, archive, remotes["bedside"], origin, settings.users[0].name, password, gateway)
        archive.remove(list(archive.studies()))


def _absolute(connection: Connection, folder: Path) -> Connection:
    return connection.model_copy(
        update={"key": str(folder / connection.key), "known_hosts": str(folder / connection.known_hosts)}
    )
