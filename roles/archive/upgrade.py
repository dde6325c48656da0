"""Orthanc to its next version, beside the system that serves; its database to PostgreSQL's next one, on the host."""

from collections.abc import Iterator

from builder.engines import apt
from builder.engines.material import Material
from builder.engines.steps import command

from . import earlier, orthanc
from .variables import Variables


def configuration(variables: Variables) -> tuple[str, ...]:  # noqa: ARG001 - as every role's
    """The files whose settings an upgrade leaves as they are: AEs and their rights, users, secrets."""
    sections = (f"{orthanc.FOLDER}/{name}" for name in orthanc.FILES)
    return (*sections, "/etc/nginx/archive.users", "/etc/pacsmith/backup.password", "/etc/pacsmith/database.sql")


def logs(variables: Variables) -> tuple[tuple[str, str, str], ...]:  # noqa: ARG001 - as every role's
    """What serves, its log files (a shell pattern), and what marks an error in them."""
    return (
        ("orthanc", "/var/log/orthanc/orthanc.log*", "^[EF][0-9]{4} "),
        ("postgresql", "/var/log/postgresql/*.log*", " (ERROR|FATAL|PANIC): "),
        ("nginx", "/var/log/nginx/error.log*", r"\[(error|crit|alert|emerg)\]"),
    )


def sources(before: Variables, after: Variables) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as every role's
    """Name and shell text of each step that says where packages come from: which stay those of the release before."""
    yield "Packages of the Debian release before: which, if any", earlier.script(after)


def packages(before: Variables, after: Variables, *, updates: bool) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    """Name and shell text of each step that changes packages."""
    was, shall = before.product_version, after.product_version
    if was != shall:
        version = "dpkg-query --show --showformat '${Version}' orthanc"
        yield (
            f"Orthanc {was} to {shall}",
            f"{apt.newest_script(earlier.ORTHANC)} && {version} | grep -q '^{shall}[^0-9]'",
        )


def upgrade(before: Variables, after: Variables, material: Material) -> None:  # noqa: ARG001 - as every role's
    """PostgreSQL, where it is another version. Nobody writes meanwhile: Orthanc is stopped by whoever calls this."""
    old, new = before.postgresql_version, after.postgresql_version
    if old == new:
        return
    command(
        f"PostgreSQL {old} to {new}",
        _cluster(old, new),
        unless=f"pg_lsclusters --no-header | grep -q '^{new} *main *5432 '",
    )
    # The C library's order of letters may be another one: an index in the old order would not find what it holds.
    command(
        "Indexes in the order of letters of the new C library",
        _EVERY_DATABASE.format(task='reindex database "$name"; alter database "$name" refresh collation version'),
        unless=f'[ -z "$({_OUT_OF_ORDER})" ]',
        user="postgres",
        judged_if="pg_isready",
    )


def afterwards(before: Variables, after: Variables, material: Material) -> None:  # noqa: ARG001 - as every role's
    """Once the archive serves again: the cluster as it was goes. The way back has it."""
    old, new = before.postgresql_version, after.postgresql_version
    if old != new:
        serves = f"pg_lsclusters --no-header | grep -q '^{new} *main *5432 *online'"
        gone = apt.gone_script((f"postgresql-{old}", f"postgresql-client-{old}"))
        command(
            f"PostgreSQL {old} goes, now that {new} serves",
            f"{serves} && pg_dropcluster --stop {old} main && {gone}",
            unless=f"! pg_lsclusters --no-header | grep -q '^{old} '",
        )


def _cluster(old: int, new: int) -> str:
    """The copy method: 11 s for 1.1 GB (dump: 115 s), and the old cluster stays whole (with --link it does not);
    measured in the lab, 2026-11-21. A new cluster that an interrupted run has left half made is dropped first: it
    was never used, since the old one still has the port."""
    return (
        f"set -e; ! pg_lsclusters --no-header | grep -q '^{new} *main ' || pg_dropcluster --stop {new} main; "
        f"pg_upgradecluster --method=upgrade {old} main"
    )


_PSQL = "psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1"
_OUT_OF_ORDER = (
    f'{_PSQL} --dbname postgres --command "select datname from pg_database where datallowconn and datcollversion '
    'is distinct from pg_database_collation_actual_version(oid)"'
)
_EVERY_DATABASE = f'set -e; for name in $({_OUT_OF_ORDER}); do {_PSQL} --dbname "$name" --command "{{task}}"; done'
