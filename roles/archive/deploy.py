"""The role `archive` as steps: files, then each service restarted until it runs with them, then a tried backup."""

from pyinfra.context import host

from builder.engines.files import AbsentSpec, Spec
from builder.engines.material import Material
from builder.engines.notes import ask
from builder.engines.steps import Step, Unpacked, alone, command, only, place, service, unpacked, wait_for

from . import earlier, files, orthanc, viewer
from .variables import Variables

ORTHANC_ANSWERS = "curl -fsS -o /dev/null -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042/system"
# No longer than systemd has hope: it starts Orthanc again two seconds after each failure.
ORTHANC_HOPELESS = '[ "$(systemctl show --property NRestarts --value orthanc)" -ge 3 ]'
PSQL = "psql --no-psqlrc --quiet --tuples-only --no-align"

# What somebody has set by ALTER SYSTEM is read after every file of ours.
_RESET = (
    f'set -e; cd /; ask() {{{{ runuser -u postgres -- {PSQL} --dbname postgres --command "$1"; }}}}; '
    "ask 'alter system reset all'; ask 'select pg_reload_conf()'; "
    "[ \"$(ask 'select count(*) from pg_settings where pending_restart')\" = 0 ] || systemctl restart {cluster}"
)


def prepare(variables: Variables, material: Material) -> None:  # noqa: ARG001 - the engine calls every role alike
    """Before any package is installed."""
    place("Let no service start with its package's own configuration", files.before_packages(variables))
    _packages_of_earlier(variables)


def _packages_of_earlier(variables: Variables) -> None:
    """Sources of the release before, for what of it the host keeps; without them where it keeps nothing."""
    name, own = earlier.release(variables), earlier.OWN_NAME[variables.os]
    place("Packages of the Debian release before: which, if any", [earlier.preferences(variables)])
    if name is None:
        place(
            "No package sources of the Debian release before", [AbsentSpec(earlier.SOURCES), AbsentSpec(earlier.LINES)]
        )
    else:
        command(
            "Package sources of the Debian release before", earlier.sources_script(name, own),
            unless=f"[ -e {earlier.SOURCES} ] && [ -e {earlier.LINES} ]",
        )  # fmt: skip


def deploy(variables: Variables, material: Material) -> None:
    """Everything else. Debian's start script for PostgreSQL sleeps two seconds: meanwhile other files are written."""
    secrets = _secrets(variables, material)
    unit_files = files.before_packages(variables)
    database = _start_postgresql(variables, secrets, unit_files[3])
    configured = [
        only("Only our files in /etc/orthanc", orthanc.FOLDER, ".json", orthanc.FILES),
        place("Orthanc settings, rights of each AE", files.orthanc_files(variables, secrets)),
        place("Orthanc unit", [unit_files[1]]),
    ]
    shown = _viewer(variables, material)
    nginx = [
        place("nginx settings, users and certificate", files.nginx_files(variables, secrets)),
        place("nginx unit", [unit_files[2]]),
    ]
    backup = place("Backup, restore test and log rotation", files.backup_files(variables, secrets))
    wait_for(
        "PostgreSQL answers",
        "pg_isready",
        60,
        tell="echo 'PostgreSQL does not answer; see /var/log/postgresql and journalctl --unit postgresql@*'",
    )
    reset = command(
        "PostgreSQL takes its settings from our files alone",
        _RESET.format(cluster=f"postgresql@{variables.postgresql_version}-main"),
        unless=f"! grep -qE '^[^#]' /var/lib/postgresql/{variables.postgresql_version}/main/postgresql.auto.conf",
        judged_if="pg_isready",
    )
    command(
        "Database and role of Orthanc",
        f"{PSQL} --dbname postgres --file /etc/pacsmith/database.sql",
        unless=f'[ "$({PSQL} --dbname orthanc --file /etc/pacsmith/database-check.sql)" = t ]',
        user="postgres",
        judged_if="pg_isready",
    )
    service("nginx runs", "nginx.service", restart_if=nginx)
    alone("No other version of the web viewer", viewer.VERSIONS, viewer.kept(shown))
    service("Backup and restore test by night, log rotation", *files.TIMERS, "logrotate.timer", restart_if=[backup])
    # A database that was restarted has cut Orthanc's connections, and Orthanc answers 503 until it is restarted, too.
    why = "/etc/orthanc/orthanc.json: the running Orthanc knows other AEs, or with other rights, than this names"
    restart_due = orthanc.knows_others(variables), why
    service("Orthanc runs", "orthanc.service", restart_if=[*database, reset, *configured], restart_due=restart_due)
    wait_for("Orthanc answers", ORTHANC_ANSWERS, 60, give_up=ORTHANC_HOPELESS, tell=files.why_orthanc_is_silent())
    _first_backup()


def _secrets(variables: Variables, material: Material) -> files.Secrets:
    return files.Secrets(
        database=material.secret(variables.database_password),
        web={user.name: material.secret(user.password) for user in variables.web_users},
        backup=material.secret(variables.backup.password),
        ca_pem=material.ca_pem,
        certificate_pem=material.certificate_pem,
        key_pem=material.key_pem.get_secret_value(),
    )


def _viewer(variables: Variables, material: Material) -> list[Unpacked]:
    """Whole on the host before nginx is told of it; nothing for an archive without one."""
    made = [viewer.unpacked(variables, material.artefact(needed)) for needed in variables.artefacts]
    for one in made:
        unpacked(f"Web viewer {one.source}", one)
        place("Web viewer settings", viewer.settings_files(variables))
    return made


def _memory() -> int:
    """The host's memory in bytes, down to a multiple of 256 MiB: a kernel that keeps more for itself is no change."""
    kibibytes = int(ask(host, "awk '/^MemTotal:/ {print $2}' /proc/meminfo"))
    return kibibytes * 1024 // 2**28 * 2**28


def _start_postgresql(variables: Variables, secrets: files.Secrets, unit_file: Spec) -> list[Step]:
    """Begin to start it, or restart it where its settings are new; the steps on which that depends."""
    settings = place("PostgreSQL settings from the memory size", files.postgresql_files(variables, secrets, _memory()))
    unit = place("PostgreSQL unit", [unit_file])
    cluster = f"postgresql@{variables.postgresql_version}-main"
    command(
        "PostgreSQL runs",
        "systemctl daemon-reload; "
        f"if systemctl --quiet is-active {cluster}; then systemctl restart {cluster}; "
        f"else systemctl start --no-block {cluster}; fi",
        unless=f"systemctl show --property ActiveState {cluster} | grep -Eq '=(active|activating|reloading)$'",
        if_changed=[settings, unit],
    )
    return [settings, unit]


def _first_backup() -> None:
    """Begun, not waited for: it runs while the archive is being verified, and a check waits for its result."""
    units = ("pacsmith-backup", "pacsmith-restore-test")
    fine = " && ".join(
        f'grep -qs \'"result": "ok"\' {files.STATE}/{unit.removeprefix("pacsmith-")}.json' for unit in units
    )
    command(
        "A first backup, and its restore tried",
        "systemctl start --no-block pacsmith-backup.service pacsmith-restore-test.service",
        # Jobs first: one that ends between the two questions has written its result by then.
        unless=f"systemctl list-jobs --no-legend | grep -Eq '({'|'.join(units)}).service' || {{ {fine}; }}",
    )
