"""What a site says of an archive host beside its name and AE title."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from builder.models.base import AbsolutePath, Model, Name, Port, whole
from builder.models.calendar import TimeOfDay
from builder.models.secret import SecretReference
from builder.models.station import WebViewer

OF_RELEASE = {
    "debian-12": {"orthanc": "1.10.1", "postgresql": "15"},
    "debian-13": {"orthanc": "1.12.7", "postgresql": "17"},
}
"""What each Debian release has; those of the release before stay installed until they are upgraded, too."""

WORKLISTS = "/var/lib/orthanc/worklists"
"""The folder of worklist items on an archive: one file each (*.wl), as Orthanc's plugin reads them."""

# Orthanc's own words for character sets (its setting DefaultEncoding).
Encoding = Literal[
    "Ascii", "Utf8", "Latin1", "Latin2", "Latin3", "Latin4", "Latin5", "Cyrillic", "Windows1251", "Arabic", "Greek",
    "Hebrew", "Thai", "Japanese", "JapaneseKanji", "Korean", "Chinese", "SimplifiedChinese",
]  # fmt: skip


class WebUser(Model):
    """A user of the archive's web door. `rest` opens Orthanc's own REST interface: administrators only."""

    name: Name
    password: SecretReference
    may: tuple[Literal["qido", "wado", "stow", "rest"], ...] = Field(min_length=1)


class Backup(Model):
    """Nightly restic backup of a database dump and the storage."""

    repository: AbsolutePath = "/var/backups/pacsmith"
    password: SecretReference
    at: TimeOfDay = "02:30"
    keep_daily: int = Field(7, ge=1, le=366)
    keep_weekly: int = Field(5, ge=0, le=520)


class ArchiveSettings(Model):
    """Orthanc on PostgreSQL behind nginx."""

    storage: Literal["filesystem", "database"] = "filesystem"
    storage_directory: AbsolutePath = "/var/lib/orthanc/storage"
    database_version: Annotated[Literal[15, 17] | None, BeforeValidator(whole)] = Field(
        None, description="PostgreSQL; by default that of the Debian release, and after an upgrade the one before it"
    )
    database_password: SecretReference
    web_port: Port = 443
    users: tuple[WebUser, ...] = Field(min_length=1)
    backup: Backup
    viewer: WebViewer | None = Field(None, description="web viewer at the web root, for browsers and thin clients")
    default_encoding: Encoding = Field(
        "Latin1",
        description="character set of images that name none, and of every answer to a search or worklist query: "
        "letters outside it are lost in those answers, so take Utf8 where names need more than Western European ones",
    )
    concurrent_jobs: int = Field(4, ge=1, le=32, description="Orthanc jobs (transfers) that run at once")
    minimum_store_rate: float = Field(
        50.0,
        gt=0,
        allow_inf_nan=False,
        description="128 kB images a second over one association that acceptance demands",
    )
