"""One hospital: its hosts, peers, networks, AE titles, routes, windows and secrets by reference."""

from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from pydantic import Field

from builder.models.archive import ArchiveSettings
from builder.models.base import AeTitle, DnsName, Line, Model, Name, Port
from builder.models.calendar import Day, PeakHours, Window
from builder.models.secret import SecretReference, Vault
from builder.models.station import ThinClientSettings, WorkstationSettings
from builder.models.workload import Workload

__all__ = ["Day", "PeakHours", "Site", "Window"]

HostClass = Literal["archive", "workstation", "thin_client"]
OperatingSystem = Literal["debian-12", "debian-13"]
DicomOperation = Literal["echo", "store", "find", "move", "get", "worklist", "commit"]
WebOperation = Literal["qido", "wado", "stow"]
Operation = Literal["echo", "store", "find", "move", "get", "worklist", "commit", "qido", "wado", "stow"]
DICOM_OPERATIONS: tuple[DicomOperation, ...] = ("echo", "store", "find", "move", "get", "worklist", "commit")
WEB_OPERATIONS: tuple[WebOperation, ...] = ("qido", "wado", "stow")


class Contact(Model):
    """A person who answers for the site."""

    name: Line
    duty: Line = Field(description="what this person answers for, as 'PACS administrator'")
    telephone: Line | None = None


class Network(Model):
    """One IPv4 network of the hospital."""

    name: Name
    address: IPv4Network
    gateway: IPv4Address
    purpose: Line | None = None


class SshAccess(Model):
    """How pacsmith reaches a host: an ordinary user with sudo, a key and pinned host keys."""

    user: Name = "pacsmith"
    port: Port = 22
    key: Line | None = Field(None, description="private key; by default .pacsmith/<site>/ssh/id_ed25519")
    known_hosts: Line | None = Field(None, description="pinned host keys; by default .pacsmith/<site>/ssh/known_hosts")
    sudo: bool = Field(True, description="become root with sudo; false when the user is root already")


class Asset(Model):
    """What the equipment record says of a machine."""

    maker: Line
    model: Line
    serial: Line
    installed: Line | None = Field(None, description="day of installation, YYYY-MM-DD")
    released: Line | None = Field(None, description="day on which the maker released the model, YYYY-MM-DD")
    warranty_until: Line | None = Field(None, description="YYYY-MM-DD")


class ApplicationEntity(Model):
    """A DICOM application entity: title, TCP port, and whether the port speaks DICOM TLS (then only TLS)."""

    title: AeTitle
    port: Port = 104
    tls: bool = False


class Product(Model):
    """The product that a host carries; a sheet in specs/ must cover it."""

    id: Name
    version: Line = Field(description="version that is (to be) installed, as 1.12.7")


class Waiver(Model):
    """A requirement that is not met and is accepted all the same: by whom, why and until when."""

    requirement: Name
    reason: Line
    owner: Line
    until: Line = Field(description="YYYY-MM-DD")


class Host(Model):
    """A machine that pacsmith builds."""

    name: Name
    host_class: HostClass = Field(alias="class")
    os: OperatingSystem = Field(
        "debian-13",
        description="debian-12 for a workstation, whose viewer is there only; either for an archive or a thin client",
    )
    product: Product
    network: Name
    address: IPv4Address
    location: Line
    asset: Asset | None = None
    workload: Workload | None = Field(None, description="figures from which sheets compute what is asked")
    stage: Literal["test", "production"] = "test"
    ae: ApplicationEntity | None = None
    ssh: SshAccess | None = Field(None, description="differs from the site's ssh")
    archive: ArchiveSettings | None = None
    workstation: WorkstationSettings | None = None
    thin_client: ThinClientSettings | None = None
    waivers: tuple[Waiver, ...] = ()


class Peer(Model):
    """An application entity or web client that is not ours to build: a modality, another archive, a viewer.

    With `stand_in`, the lab boots a small host that plays it with dcmtk, and verification drives that host over SSH.
    """

    name: Name
    kind: Literal["modality", "workstation", "archive", "viewer", "broker"]
    modality: Line | None = Field(None, pattern=r"^[A-Z]{2}$", description="DICOM modality, as CT; of a modality only")
    network: Name
    address: IPv4Address
    location: Line
    asset: Asset | None = None
    ae: ApplicationEntity | None = None
    stand_in: bool = False


class Route(Model):
    """Who may do what to whom. DICOM operations need an AE at both ends; web operations need web users at `to`."""

    from_: Name = Field(alias="from")
    to: Name
    may: tuple[Operation, ...] = Field(min_length=1)


class Together(Model):
    """Hosts that serve together, so that they are never all changed at once: one goes on while another is built."""

    name: Name
    hosts: tuple[Name, ...] = Field(min_length=2)
    at_once: int = Field(1, ge=1, description="how many of them may be changed at once; fewer than there are")


class CertificateAuthority(Model):
    """The site CA of pacsmith (internal), or the hospital's own, to which signing requests are handed (external)."""

    mode: Literal["internal", "external"] = "internal"
    common_name: Line = "PACS site CA"
    organisation: Line = "Hospital"
    key: SecretReference | None = Field(None, description="the CA's private key; internal only")
    certificate: Line | None = Field(None, description="PEM file of the hospital's CA; external only")
    host_days: int = Field(397, ge=1, le=825, description="validity of a host certificate in days")
    renew_before_days: int = Field(30, ge=1, le=397, description="a build renews when fewer days are left")


class TimeService(Model):
    """Time zone and NTP servers."""

    zone: Line = Field("Etc/UTC", description="a name of the time zone database, as Europe/Dublin")
    servers: tuple[DnsName, ...] = Field((), description="NTP servers; empty: Debian's pool")


class Access(Model):
    """Addresses or networks from which a service is reachable beside the routes."""

    administration: tuple[IPv4Network, ...] = Field(min_length=1, description="SSH")
    monitoring: tuple[IPv4Network, ...] = Field((), description="node exporter, port 9100")


class Packages(Model):
    """Debian mirrors of the hospital; by default each host keeps the sources that it has."""

    mirror: Line | None = None
    security_mirror: Line | None = None


class Upgrades(Model):
    """What an upgrade of a production host rests on, and for how long its way back is kept."""

    rehearsed_within_days: int = Field(
        14, ge=1, le=366, description="an accepted upgrade of a test host by the same change set counts for so long"
    )
    rehearsal_network: IPv4Network = Field(
        IPv4Network("10.254.254.0/24"), description="for the lab on the machine at which pacsmith runs; nobody else's"
    )
    two_persons: bool = Field(False, description="whether somebody else must approve the change set first")


class Site(Model):
    """One hospital (`inventory/<site>/site.yml`)."""

    name: Name
    title: Line
    domain: DnsName
    contacts: tuple[Contact, ...] = Field(min_length=1)
    time: TimeService = TimeService()
    ssh: SshAccess = SshAccess()
    access: Access
    packages: Packages = Packages()
    vault: Vault | None = None
    ca: CertificateAuthority
    ledger: SecretReference | Line | None = Field(
        None, description="SQLAlchemy URL; by default SQLite in .pacsmith/<site>/"
    )
    networks: tuple[Network, ...] = Field(min_length=1)
    hosts: tuple[Host, ...] = Field(min_length=1)
    peers: tuple[Peer, ...] = ()
    routes: tuple[Route, ...] = ()
    windows: tuple[Window, ...] = ()
    peak_hours: tuple[PeakHours, ...] = ()
    upgrades: Upgrades = Upgrades()
    together: tuple[Together, ...] = Field(
        (),
        description="what must never be changed at once; by default production archives one after the other, and of "
        "the production stations of one room (their location up to the first comma) half at most",
    )

    def end(self, name: str) -> Host | Peer:
        """The host or peer called `name`. Raises KeyError when there is none."""
        machines: tuple[Host | Peer, ...] = (*self.hosts, *self.peers)
        for machine in machines:
            if machine.name == name:
                return machine
        raise KeyError(name)
