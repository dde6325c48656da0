"""Every fact that a sheet may speak of and a survey may state: its name, kind and meaning. A `*` stands for one word.

Later machines (workstations, thin clients) add their lines here; a requirement on a fact that is not listed fails
validation, so that a misspelt name cannot stay unknown for ever.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from builder.models.quantity import Kind


class FactKind(NamedTuple):
    """`name` is the fact's name, or a pattern; `meaning` is what a reader is told."""

    name: str
    kind: Kind
    meaning: str


ORTHANC_KEYS = (
    "AuthenticationEnabled", "ConcurrentJobs", "DicomAet", "DicomAlwaysAllowEcho", "DicomAlwaysAllowFind",
    "DicomAlwaysAllowFindWorklist", "DicomAlwaysAllowGet", "DicomAlwaysAllowMove", "DicomAlwaysAllowStore",
    "DicomCheckCalledAet", "DicomCheckModalityHost", "DicomPort", "DicomTlsEnabled",
    "DicomTlsRemoteCertificateRequired", "DicomWeb.Enable", "HttpPort", "HttpThreadsCount", "IndexDirectory",
    "KeepAlive", "LimitFindInstances", "LimitFindResults", "MallocArenaMax", "PostgreSQL.EnableIndex",
    "PostgreSQL.EnableSsl", "PostgreSQL.EnableStorage", "PostgreSQL.Host", "PostgreSQL.IndexConnectionsCount",
    "PostgreSQL.Lock", "PostgreSQL.Port", "RemoteAccessAllowed", "SaveJobs", "StorageAccessOnFind",
    "StorageCompression", "StorageDirectory", "TcpNoDelay", "Worklists.Enable",
)  # fmt: skip
"""The settings of Orthanc that become facts: by name, so that no password or user list can."""

CATALOGUE: tuple[FactKind, ...] = (
    FactKind("asset.maker", "text", "maker in the firmware's equipment record"),
    FactKind("asset.model", "text", "model in the firmware's equipment record"),
    FactKind("asset.serial", "text", "serial number in the firmware's equipment record"),
    FactKind("cpu.cores", "cores", "processor cores"),
    FactKind("cpu.model", "text", "processor model"),
    FactKind("cpu.threads", "count", "logical processors"),
    FactKind("disk.apart", "truth", "database and storage lie on different drives"),
    FactKind("disk.*.filesystem", "text", "filesystem type of the system, storage or database directory"),
    FactKind("disk.*.free", "bytes", "free space there"),
    FactKind("disk.*.medium", "text", "ssd or rotational"),
    FactKind("disk.*.mount", "text", "where that filesystem is mounted"),
    FactKind("disk.*.raid", "text", "software RAID level of the drives below"),
    FactKind("disk.*.size", "bytes", "size of that filesystem"),
    FactKind("gpu.driver", "version", "graphics driver"),
    FactKind("gpu.memory", "bytes", "graphics memory"),
    FactKind("gpu.model", "text", "graphics card"),
    FactKind("gpu.opengl", "version", "OpenGL version of the driver in use"),
    FactKind("memory.total", "bytes", "main memory that the operating system can use"),
    FactKind("nginx.body_limit", "bytes", "smallest request body limit of the locations that nginx passes on"),
    FactKind("nginx.body_unlimited", "truth", "nginx passes on requests of any size"),
    *(FactKind(f"orthanc.config.{key}", "setting", f"{key} in Orthanc's configuration") for key in ORTHANC_KEYS),
    FactKind("orthanc.database", "text", "what holds Orthanc's index: postgresql, mysql, odbc or sqlite"),
    FactKind("orthanc.environment.*", "text", "environment variable of the running Orthanc"),
    FactKind("orthanc.memory", "bytes", "resident memory of the running Orthanc"),
    FactKind("orthanc.path_plain", "truth", "storage and index paths are free of spaces and special characters"),
    FactKind("os.architecture", "text", "machine architecture"),
    FactKind("os.id", "text", "operating system, as debian"),
    FactKind("os.kernel", "version", "kernel release"),
    FactKind("os.name", "text", "operating system's full name"),
    FactKind("os.version", "version", "operating system's release number"),
    FactKind("package.*", "version", "version of an installed package"),
    FactKind("port.tcp.*", "text", "program that listens on a TCP port"),
    FactKind("postgresql.extension.*", "version", "extension of Orthanc's database"),
    FactKind("postgresql.latency", "seconds", "median time of one empty query"),
    FactKind("postgresql.setting.*", "text", "setting of the database server"),
    FactKind("postgresql.size", "bytes", "size of Orthanc's database"),
    FactKind("postgresql.version", "version", "running database server"),
    FactKind("service.*.enabled", "text", "whether systemd starts the unit at boot"),
    FactKind("service.*.state", "text", "state of a systemd unit"),
    FactKind("systemd.state", "text", "state of the whole system: running, degraded, ..."),
    FactKind("virtualisation", "text", "what the machine runs in: none, kvm, systemd-nspawn, ..."),
)

_EXACT: Mapping[str, FactKind] = {entry.name: entry for entry in CATALOGUE if "*" not in entry.name}
_PATTERNS = tuple(entry for entry in CATALOGUE if "*" in entry.name)


def fact_kind(name: str) -> FactKind:
    """What is known of the fact called `name`. Raises ValueError with a sentence when there is no such fact."""
    if name in _EXACT:
        return _EXACT[name]
    for entry in _PATTERNS:
        if fnmatchcase(name, entry.name) and name.count(".") == entry.name.count("."):
            return entry
    near = get_close_matches(name, [entry.name for entry in CATALOGUE], n=1)
    raise ValueError(f'no survey states a fact "{name}"; ' + (f'did you mean "{near[0]}"?' if near else
                     "builder/models/catalogue.py lists those that there are"))  # fmt: skip
