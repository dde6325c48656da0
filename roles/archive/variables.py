"""What the role `archive` has to know of a host: pure, from the site alone; secrets stay references."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any, ClassVar, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer

from builder.errors import BadInput
from builder.inventory.registry import Grant, grants
from builder.models.archive import OF_RELEASE, Backup, Encoding, WebUser
from builder.models.base import AbsolutePath, AeTitle, DnsName, Line, Model, Name, Port
from builder.models.depot import Needed
from builder.models.interruption import Interruption
from builder.models.secret import SecretReference
from builder.models.site import (
    DICOM_OPERATIONS,
    WEB_OPERATIONS,
    DicomOperation,
    Host,
    OperatingSystem,
    Site,
    WebOperation,
)
from builder.models.station import WebViewer

from .interruptions import INTERRUPTIONS

# Not part of the union: what else an archive carries comes with these (Recommends are not wanted).
PACKAGES = (
    "curl",
    "logrotate",
    "nginx",
    "orthanc",
    "orthanc-dicomweb",
    "orthanc-gdcm",
    "orthanc-postgresql",
    "postgresql",
    "restic",
)


class Modality(Model):
    """A remote application entity: what it may ask of this archive, and what the archive may send to it."""

    name: Name
    title: AeTitle
    address: IPv4Address
    port: Port
    tls: bool
    may: tuple[DicomOperation, ...]
    receives: tuple[DicomOperation, ...]
    reports_commitment: bool


class WebClient(Model):
    """An address that a route lets in at the web door."""

    address: IPv4Address
    may: tuple[WebOperation, ...]


EARLIER = {"debian-13": "bookworm"}
"""Code name of the release before, whose packages run there, too (measured in the lab, 2026-11-21)."""


class Variables(Model):
    """Everything that decides the state of an archive host beside its memory size and its secrets."""

    interruptions: ClassVar[tuple[Interruption, ...]] = INTERRUPTIONS

    packages: tuple[Line, ...] = PACKAGES
    host: Name
    fqdn: DnsName
    os: OperatingSystem
    product_version: Line
    address: IPv4Address
    ae_title: AeTitle
    dicom_port: Port
    dicom_tls: bool
    modalities: tuple[Modality, ...]
    storage: Literal["filesystem", "database"]
    storage_directory: AbsolutePath
    database_version: int | None = None
    default_encoding: Encoding
    database_password: SecretReference
    web_port: Port
    web_users: tuple[WebUser, ...]
    web_clients: tuple[WebClient, ...]
    administration: tuple[IPv4Network, ...]
    monitoring: tuple[IPv4Network, ...]
    backup: Backup
    concurrent_jobs: int
    viewer: WebViewer | None = None
    artefacts: tuple[Needed, ...] = ()

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An archive that serves no viewer says nothing of one, nor one that names no database version of that."""
        data: dict[str, Any] = handler(self)
        unsaid = {"viewer", "artefacts"} if self.viewer is None else set()
        unsaid |= {"database_version"} if self.database_version is None else set()
        return {name: value for name, value in data.items() if name not in unsaid}

    @classmethod
    def of(cls, site: Site, host: Host) -> Self:
        """The variables of `host`. Raises BadInput when the host is no archive with an AE title."""
        if host.ae is None or host.archive is None:
            raise BadInput(f"hosts/{host.name}: role archive needs both `ae` and `archive`; add them to the host")
        settings, viewer = host.archive, host.archive.viewer
        incoming = grants(site, to=host.name)
        return cls(
            host=host.name,
            fqdn=f"{host.name}.{site.domain}",
            os=host.os,
            product_version=host.product.version,
            address=host.address,
            ae_title=host.ae.title,
            dicom_port=host.ae.port,
            dicom_tls=host.ae.tls,
            modalities=_modalities(incoming, grants(site, by=host.name)),
            storage=settings.storage,
            storage_directory=settings.storage_directory,
            database_version=settings.database_version,
            default_encoding=settings.default_encoding,
            database_password=settings.database_password,
            web_port=settings.web_port,
            web_users=tuple(sorted(settings.users, key=lambda user: user.name)),
            web_clients=tuple(
                WebClient(address=grant.source.address, may=_web(grant)) for grant in incoming if grant.web
            ),
            administration=tuple(sorted(site.access.administration)),
            monitoring=tuple(sorted(site.access.monitoring)),
            backup=settings.backup,
            concurrent_jobs=settings.concurrent_jobs,
            viewer=viewer,
            artefacts=() if viewer is None else (Needed(name=viewer.product, version=viewer.version),),
        )

    @property
    def postgresql_version(self) -> int:
        """The major version that the site names, else that of the host's Debian release."""
        return self.database_version or int(OF_RELEASE[self.os]["postgresql"])

    @property
    def speaks_dicom_tls(self) -> bool:
        """Whether Orthanc needs a certificate for DICOM: its own port wants TLS, or that of an AE that it calls."""
        return self.dicom_tls or any(modality.tls and modality.receives for modality in self.modalities)

    @property
    def web_authority(self) -> str:
        """Name and, where it is not 443, port of the web door, as clients write it."""
        return self.fqdn if self.web_port == 443 else f"{self.fqdn}:{self.web_port}"


def _dicom(grant: Grant | None) -> tuple[DicomOperation, ...]:
    may = () if grant is None else grant.may
    return tuple(operation for operation in DICOM_OPERATIONS if operation in may)


def _web(grant: Grant) -> tuple[WebOperation, ...]:
    return tuple(operation for operation in WEB_OPERATIONS if operation in grant.may)


def _modalities(incoming: tuple[Grant, ...], outgoing: tuple[Grant, ...]) -> tuple[Modality, ...]:
    """Every AE that a DICOM route joins to this host, in either direction, sorted by name."""
    asks = {grant.source.name: grant for grant in incoming if grant.dicom}
    receives = {grant.target.name: grant for grant in outgoing if grant.dicom}
    ends = {**{name: grant.source for name, grant in asks.items()}, **{name: g.target for name, g in receives.items()}}
    modalities = []
    for name, end in sorted(ends.items()):
        if end.ae is None:
            continue
        sent = _dicom(receives.get(name))
        archives = isinstance(end, Host) or end.kind == "archive"
        modalities.append(
            Modality(
                name=name,
                title=end.ae.title,
                address=end.address,
                port=end.ae.port,
                tls=end.ae.tls,
                may=_dicom(asks.get(name)),
                receives=sent,
                # Another archive answers our commitment request with a report of its own; a modality never does.
                reports_commitment=archives and "commit" in sent,
            )
        )
    return tuple(modalities)
