"""Every file of the role, as it should stand on the host, in the groups that a service depends on (pure)."""

from dataclasses import dataclass

from builder.engines.files import AbsentSpec, DirectorySpec, FileSpec, LinkSpec, Spec
from builder.engines.template import render
from builder.models.archive import WORKLISTS

from . import orthanc, postgres, viewer, web
from .variables import Variables

STATE = "/var/lib/pacsmith"
LIBRARY = "/usr/local/lib/pacsmith"
SETTINGS = "/etc/pacsmith"
TIMERS = ("pacsmith-backup.timer", "pacsmith-restore-test.timer")


@dataclass(frozen=True)
class Secrets:
    """The values that the files need. `web` is by user name; PEM texts end with a newline."""

    database: str
    web: dict[str, str]
    backup: str
    ca_pem: str
    certificate_pem: str
    key_pem: str


def _text(template: str, variables: Variables, **values: object) -> str:
    return render(__file__, template, **{**dict(variables), **values})


def _text_of(template: str, **values: object) -> str:
    return render(__file__, template, **values)


def before_packages(variables: Variables) -> list[Spec]:
    """What must stand before the packages come, so that nothing ever runs with their own configuration."""
    # Debian 12 knows no createcluster.d: there the file is ours as a whole.
    whole = variables.os == "debian-12"
    cluster = "createcluster.conf" if whole else "createcluster.d/pacsmith.conf"
    return [
        FileSpec(f"/etc/postgresql-common/{cluster}", _text("createcluster.conf.j2", variables, whole=whole)),
        FileSpec("/etc/systemd/system/orthanc.service.d/pacsmith.conf", _text("orthanc.service.conf.j2", variables)),
        FileSpec("/etc/systemd/system/nginx.service.d/pacsmith.conf", _text("nginx.service.conf.j2", variables)),
        FileSpec(
            "/etc/systemd/system/postgresql@.service.d/pacsmith.conf", _text("postgresql.service.conf.j2", variables)
        ),
    ]


def postgresql_files(variables: Variables, secrets: Secrets, memory: int) -> list[Spec]:
    """PostgreSQL's settings and the statements that make role and database."""
    settings = postgres.tuning(memory, storage_in_database=variables.storage == "database")
    verifier = postgres.verifier(secrets.database, "orthanc")
    folder = f"/etc/postgresql/{variables.postgresql_version}/main/conf.d"
    made: list[Spec] = [
        AbsentSpec(f"{folder}/pacsmith.conf"),  # its name before the one that is read last
        FileSpec(
            f"{folder}/{postgres.SETTINGS_FILE}",
            _text("postgresql.conf.j2", variables, settings=settings),
            mode="640",
            group="postgres",
        ),
    ]
    for name in ("database", "database-check"):
        text = _text(f"{name}.sql.j2", variables, verifier=verifier)
        made.append(FileSpec(f"{SETTINGS}/{name}.sql", text, mode="640", group="postgres", secret=True))
    return made


def orthanc_files(variables: Variables, secrets: Secrets) -> list[Spec]:
    """Orthanc's sections and folders; the mark that lets its unit start comes last."""
    sections = orthanc.sections(variables, secrets.database)
    hidden = ("credentials.json", "postgresql.json")
    made: list[Spec] = [
        DirectorySpec("/var/lib/orthanc", "750", "orthanc", "orthanc"),
        DirectorySpec(variables.storage_directory, "750", "orthanc", "orthanc"),
        DirectorySpec(WORKLISTS, "2770", "orthanc", "orthanc"),
    ]
    made += [
        FileSpec(f"{orthanc.FOLDER}/{name}", text, mode="640", group="orthanc", secret=name in hidden)
        for name, text in sections.items()
    ]
    made.append(FileSpec("/etc/orthanc/openssl.cnf", _text_of("orthanc-openssl.cnf.j2")))
    if variables.speaks_dicom_tls:
        made.append(DirectorySpec("/etc/orthanc/tls", "750", "root", "orthanc"))
        made += [
            FileSpec(f"/etc/orthanc/tls/{name}.pem", text, mode="640", group="orthanc", secret=name == "key")
            for name, text in (
                ("ca", secrets.ca_pem),
                ("certificate", secrets.certificate_pem),
                ("key", secrets.key_pem),
            )
        ]
    else:
        made.append(AbsentSpec("/etc/orthanc/tls/key.pem"))
    made += [
        FileSpec(f"{SETTINGS}/orthanc.curl", web.curl_file(variables, secrets.database), mode="600", secret=True),
        FileSpec(f"{SETTINGS}/orthanc.configured", "The configuration of Orthanc is whole.\n"),
    ]
    return made


def why_orthanc_is_silent() -> str:
    """Shell text that prints the end of Orthanc's log and, where its configuration is the reason, which files it reads
    beside ours and what to do."""
    return _text_of("orthanc-silent.sh.j2", folder=orthanc.FOLDER, ours=orthanc.FILES)


def nginx_files(variables: Variables, secrets: Secrets) -> list[Spec]:
    """nginx as a whole, its users and its certificate; the mark that lets its unit start comes last."""
    return [
        DirectorySpec("/etc/nginx/tls", "700"),
        DirectorySpec("/var/empty"),
        FileSpec("/etc/nginx/tls/certificate.pem", secrets.certificate_pem),
        FileSpec("/etc/nginx/tls/key.pem", secrets.key_pem, mode="600", secret=True),
        FileSpec(
            "/etc/nginx/archive.users",
            web.password_file(variables, secrets.web),
            mode="640", group="www-data", secret=True,
        ),
        FileSpec(
            "/etc/nginx/archive-upstream.conf",
            web.upstream_header(variables, secrets.database),
            mode="600", secret=True,
        ),
        FileSpec("/etc/nginx/nginx.conf", nginx_conf(variables)),
        AbsentSpec("/etc/nginx/sites-enabled/default"),
        FileSpec(f"{SETTINGS}/nginx.configured", "The configuration of nginx is whole.\n"),
    ]  # fmt: skip


def nginx_conf(variables: Variables) -> str:
    """The whole of nginx.conf."""
    return _text(
        "nginx.conf.j2",
        variables,
        addresses=web.addresses(variables),
        users=web.users(variables),
        authority=variables.web_authority,
        port=variables.web_port,
        title=f"DICOM archive {variables.host}",
        viewer=viewer.served(variables),
        http2_directive=variables.os != "debian-12",  # nginx 1.22 knows only the old form, 1.26 warns of it
    )


def backup_files(variables: Variables, secrets: Secrets) -> list[Spec]:
    """Backup, restore test, their timers, and the rotation of logs."""
    hour, minute = variables.backup.at.split(":")
    values = {
        "state": STATE,
        "library": LIBRARY,
        "worklists": WORKLISTS,
        "restore_at": f"{(int(hour) + 1) % 24:02}:{minute}",
    }
    scripts: list[Spec] = [
        FileSpec(f"/usr/local/sbin/{name}", _text(f"{name}.j2", variables, **values), mode="755", validate="bash -n %s")
        for name in ("pacsmith-backup", "pacsmith-restore-test")
    ]
    units: list[Spec] = [
        FileSpec(f"/etc/systemd/system/{name}", _text(f"{name}.j2", variables, **values))
        for name in ("pacsmith-backup.service", "pacsmith-restore-test.service", *TIMERS)
    ]
    # Enabled by the link itself: `systemctl enable` would make systemd read all units again for each.
    links = [
        LinkSpec(f"/etc/systemd/system/timers.target.wants/{name}", f"/etc/systemd/system/{name}") for name in TIMERS
    ]
    return [
        DirectorySpec(STATE),
        DirectorySpec(variables.backup.repository, "700"),
        FileSpec(f"{SETTINGS}/backup.password", secrets.backup + "\n", mode="600", secret=True),
        FileSpec(f"{LIBRARY}/archive-counts.sql", _text("archive-counts.sql.j2", variables)),
        *scripts,
        *units,
        *links,
        FileSpec("/etc/logrotate.d/orthanc", _text("logrotate-orthanc.j2", variables)),
        FileSpec("/etc/logrotate.d/nginx", _text("logrotate-nginx.j2", variables)),
    ]
