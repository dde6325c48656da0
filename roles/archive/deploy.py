"""The role `archive` as steps: files first, then each service restarted until it runs with them, then a tried backup."""

from builder.engines.material import Material
from builder.engines.notes import ask
from builder.engines.steps import command, place, service
from pyinfra.context import host

from . import files
from .variables import Variables

# Polls ten times a second for at most a minute, and no longer than systemd has hope; tells why it does not come.
ORTHANC_ANSWERS = "curl -fsS -o /dev/null -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042/system"
WAIT_FOR_ORTHANC = (
    f"for _ in $(seq 600); do {ORTHANC_ANSWERS} 2>/dev/null && exit 0; "
    '[ "$(systemctl show --property NRestarts --value orthanc)" -lt 3 ] || break; sleep 0.1; done; '
    "echo 'Orthanc does not answer; its last errors:' >&2; grep '^E' /var/log/orthanc/orthanc.log | tail -n 3 >&2; exit 1"
)
PSQL = "psql --no-psqlrc --quiet --tuples-only --no-align"


def prepare(variables: Variables, material: Material) -> None:
    """Before any package is installed."""
    place("Let no service start with its package's own configuration", files.before_packages(variables))


def deploy(variables: Variables, material: Material) -> None:
    """Everything else, in the order in which the services need each other."""
    secrets = _secrets(variables, material)
    _database(variables, secrets)
    _orthanc(variables, secrets)
    _web(variables, secrets)
    _backup(variables, secrets)


def _secrets(variables: Variables, material: Material) -> files.Secrets:
    return files.Secrets(
        database=material.secret(variables.database_password),
        web={user.name: material.secret(user.password) for user in variables.web_users},
        backup=material.secret(variables.backup.password),
        ca_pem=material.ca_pem,
        certificate_pem=material.certificate_pem,
        key_pem=material.key_pem.get_secret_value(),
    )


def _memory() -> int:
    """The host's memory in bytes, down to a multiple of 256 MiB: a new kernel that keeps some more for itself is no change."""
    kibibytes = int(ask(host, "awk '/^MemTotal:/ {print $2}' /proc/meminfo"))
    return kibibytes * 1024 // 2**28 * 2**28


def _database(variables: Variables, secrets: files.Secrets) -> None:
    settings = place("PostgreSQL settings from the memory size", files.postgresql_files(variables, secrets, _memory()))
    cluster = f"postgresql@{variables.postgresql_version}-main"
    unit = place("PostgreSQL unit", files.before_packages(variables)[-1:])
    service("PostgreSQL runs", cluster, restart_if=[settings, unit])
    command(
        "Database and role of Orthanc",
        f"{PSQL} --dbname postgres --file /etc/pacsmith/database.sql",
        unless=f'[ "$({PSQL} --dbname orthanc --file /etc/pacsmith/database-check.sql)" = t ]',
        user="postgres",
    )


def _orthanc(variables: Variables, secrets: files.Secrets) -> None:
    settings = place("Orthanc settings, rights of each AE", files.orthanc_files(variables, secrets))
    unit = place("Orthanc unit", files.before_packages(variables)[1:2])
    service("Orthanc runs", "orthanc.service", restart_if=[settings, unit])
    command("Orthanc answers", WAIT_FOR_ORTHANC, unless=ORTHANC_ANSWERS)


def _web(variables: Variables, secrets: files.Secrets) -> None:
    settings = place("nginx settings, users and certificate", files.nginx_files(variables, secrets))
    unit = place("nginx unit", files.before_packages(variables)[2:3])
    service("nginx runs", "nginx.service", restart_if=[settings, unit])


def _backup(variables: Variables, secrets: files.Secrets) -> None:
    scripts = place("Backup, restore test and log rotation", files.backup_files(variables, secrets))
    service("Backup and restore test by night", "pacsmith-backup.timer", "pacsmith-restore-test.timer", restart_if=[scripts])
    tried = " && ".join(f"grep -qs '\"result\": \"ok\"' {files.STATE}/{name}.json" for name in ("backup", "restore-test"))
    command(
        "A first backup, and its restore tried",
        "systemctl start pacsmith-backup.service && systemctl start pacsmith-restore-test.service",
        unless=tried,
    )
