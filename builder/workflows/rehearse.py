"""Rehearse an upgrade: a host of the lab gets what the production host has, from its backup, and is upgraded first."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import yaml

from builder.durable import write_whole
from builder.errors import PacsmithError, Refused
from builder.inventory import Machine
from builder.inventory.rehearsal import rehearsal_site
from builder.lab.lab import Lab
from builder.lab.lock import locked
from builder.models.run import Terms
from builder.models.site import Site
from builder.secrets import generate_missing
from builder.survey.remote import Remote
from builder.workflows.build import Show, build
from builder.workflows.course import course_of
from builder.workflows.recording import recorded
from builder.workflows.session import open_session
from builder.workflows.upgrade import upgrade
from builder.workflows.upgrade_record import Records
from builder.workflows.upgrade_states import States, states_of
from builder.workflows.upgraded import Upgraded

_HOURS = 12 * 3600.0
_PATIENCE = 5.0
"""Seconds to wait for a rehearsal that is coming to its end; another takes minutes, or hours."""
_REPOSITORY, _PASSWORD = "/var/lib/pacsmith/rehearsed", "/etc/pacsmith/rehearsed.password"
_RESTORED = """\
set -e; umask 077
export RESTIC_REPOSITORY={repository} RESTIC_PASSWORD_FILE={password} RESTIC_CACHE_DIR=/var/cache/pacsmith-restic
scratch=/var/lib/pacsmith/restored; rm -rf $scratch; mkdir -p $scratch
restic --quiet restore latest --host {fqdn} --tag pacsmith --target $scratch \\
    --include /var/lib/pacsmith/spool --include {storage}
systemctl stop orthanc.service
psql() {{ runuser -u postgres -- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }}
psql --dbname postgres --command 'drop database orthanc with (force)'
psql --dbname postgres --command \\
    "create database orthanc owner orthanc template template0 encoding 'UTF8' locale 'C.UTF-8'"
runuser -u postgres -- pg_restore --exit-on-error --dbname orthanc <$scratch/var/lib/pacsmith/spool/orthanc.dump
[ ! -d $scratch{storage} ] || rsync --archive --delete $scratch{storage}/ {storage}/
chown -R orthanc: {storage}
rm -rf $scratch {repository} {password}
systemctl start orthanc.service
timeout 120 sh -c 'until curl -fsS -o /dev/null -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042/system; do
    sleep 0.5; done' 2>/dev/null
systemctl start pacsmith-backup.service
"""


@dataclass(frozen=True)
class Words:
    """What is rehearsed: the host, and the words after --to."""

    host: str
    to: tuple[str, ...]


def rehearse(states: States, words: Words, show: Show, say: Callable[[str], None]) -> Upgraded:
    """Make the lab's copy of the host, upgrade it by the same change set, take it away again, and record what came of
    it with the production site. Raises Refused for a host that is no archive or a lab that plays the host itself."""
    host = states.was.host
    states = states.begun("rehearse", None)
    with closing(states.before.ledger), closing(states.after.ledger), recorded(states.before, locked=False) as ending:
        if host.archive is None:
            raise Refused(f"nothing was changed: {host.name} is no archive: rehearse on a test host of its class")
        with _copied(states, show, say) as site:
            result = _upgraded(site, states, words, show)
        ending.outcome, ending.note = result.outcome, result.why or None
        if result.timings is not None:
            Records(states.before.folder / "upgrades").keep_timings(states.changes, result.timings)
        return result


@contextmanager
def _copied(states: States, show: Show, say: Callable[[str], None]) -> Iterator[Path]:
    """The site file of a lab whose host holds what the production host's newest backup has; the lab and all that is
    kept of it go at the end, whatever comes: it holds patients' data."""
    site = rehearsal_site(states.before.site, states.was.host.name)
    folder = Path(".pacsmith") / site.name
    file = folder / "inventory" / site.name / "site.yml"
    lab = Lab(site)
    with locked(
        folder.parent / f"{site.name}.lock", f"a rehearsal of {states.before.site.name}", say, seconds=_PATIENCE
    ):
        try:
            _begin(site, file, folder)
            generate_missing(site)
            show.phase("a host for the rehearsal")
            lab.up(say)
            show.phase("build it as the other is")
            session = open_session("build", str(file))
            if build(course_of(session, Terms()), Show()).outcome != "accepted":
                raise PacsmithError(
                    f"the rehearsal's host was not accepted as it was built; see {session.folder}/dossiers"
                )
            show.phase("give it what the backup has")
            _restore(states, session.machines[0])
            yield file
        finally:
            lab.down(say)
            shutil.rmtree(folder, ignore_errors=True)


def _begin(site: Site, file: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    text = yaml.safe_dump(site.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=False)
    write_whole(file, text.encode())


def _restore(states: States, copy: Machine) -> None:
    """The production host's backup into the lab's host, whole."""
    archive = states.was.host.archive
    if archive is None:
        raise ValueError(f"{states.was.host.name} is no archive")
    secret = states.before.store.value(archive.backup.password).get_secret_value()
    with Remote(states.was.connection) as old, Remote(copy.connection) as new:
        new.put(secret.encode(), _PASSWORD, sudo=True)
        packed = f"tar --create --directory {quote(archive.backup.repository)} ."
        with old.start(packed, sudo=True) as reading:
            if reading.stdout is None or reading.stdin is None:
                raise ValueError("the reading process has no pipes")
            reading.stdin.close()
            unpacked = f"mkdir -p {_REPOSITORY} && tar --extract --directory {_REPOSITORY}"
            taken = new.feed(unpacked, reading.stdout, sudo=True, timeout=_HOURS)
        if reading.returncode != 0 or taken.code != 0:
            raise PacsmithError(f"{states.was.host.name}: its backup could not be copied: {taken.text.strip()[-300:]}")
        script = _RESTORED.format(
            repository=_REPOSITORY, password=_PASSWORD, fqdn=states.was.fqdn, storage=archive.storage_directory
        )
        answer = new.run("sh -s", stdin=script.encode(), sudo=True, timeout=_HOURS)
        if answer.code != 0:
            raise PacsmithError(f"{copy.host.name}: the backup could not be restored: {answer.text.strip()[-400:]}")


def _upgraded(file: Path, states: States, words: Words, show: Show) -> Upgraded:
    again = states_of(str(file), words.host, words.to, None)
    if again.changes.digest != states.changes.digest:
        raise PacsmithError(f"{words.host}: the rehearsal's change set is another one: {again.changes.told}")
    return upgrade(again, show)
