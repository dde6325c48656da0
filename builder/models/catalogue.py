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
    """`name` is the fact's name, or a pattern; `meaning` is what a reader is told, {} being the starred word. `own`:
    equal machines differ in it all the same, as in a serial number or in how full a disk is."""

    name: str
    kind: Kind
    meaning: str
    own: bool = False


ORTHANC_KEYS = (
    "AuthenticationEnabled", "ConcurrentJobs", "DicomAet", "DicomAlwaysAllowEcho", "DicomAlwaysAllowFind",
    "DicomAlwaysAllowFindWorklist", "DicomAlwaysAllowGet", "DicomAlwaysAllowMove", "DicomAlwaysAllowStore",
    "DicomCheckCalledAet", "DicomCheckModalityHost", "DicomPort", "DicomTlsEnabled",
    "DicomTlsRemoteCertificateRequired", "DicomWeb.Enable", "HttpPort", "HttpThreadsCount", "IndexDirectory",
    "KeepAlive", "LimitFindInstances", "LimitFindResults", "MallocArenaMax", "PostgreSQL.ConnectionUri",
    "PostgreSQL.EnableIndex",
    "PostgreSQL.EnableSsl", "PostgreSQL.EnableStorage", "PostgreSQL.Host", "PostgreSQL.IndexConnectionsCount",
    "PostgreSQL.Lock", "PostgreSQL.Port", "RemoteAccessAllowed", "SaveJobs", "StorageAccessOnFind",
    "StorageCompression", "StorageDirectory", "TcpNoDelay", "Worklists.Enable",
)  # fmt: skip
"""The settings of Orthanc that become facts: by name, so that no password or user list can."""

_OWN_KEYS = ("DicomAet", "PostgreSQL.ConnectionUri", "PostgreSQL.Host")

CATALOGUE: tuple[FactKind, ...] = (
    FactKind("asset.maker", "text", "maker in the equipment record"),
    FactKind("asset.model", "text", "model in the equipment record"),
    FactKind("asset.serial", "text", "serial number in the equipment record", own=True),
    FactKind("bios.date", "text", "date of the firmware"),
    FactKind("bios.vendor", "text", "maker of the firmware"),
    FactKind("bios.version", "text", "version of the firmware"),
    FactKind("board.model", "text", "main board"),
    FactKind("board.version", "text", "version of the main board"),
    FactKind("clock.offset", "seconds", "clock's difference from the controller's", own=True),
    FactKind("clock.synchronised", "truth", "clock kept by a time source"),
    FactKind("cpu.cores", "cores", "processor cores"),
    FactKind("cpu.model", "text", "processor"),
    FactKind("cpu.threads", "count", "logical processors"),
    FactKind("disk.apart", "truth", "database and storage on different drives"),
    FactKind("disk.*.filesystem", "text", "filesystem of the {} directory"),
    FactKind("disk.*.free", "bytes", "free space in the {} directory", own=True),
    FactKind("disk.*.medium", "text", "drives of the {} directory"),
    FactKind("disk.*.mount", "text", "mount point of the {} directory"),
    FactKind("disk.*.raid", "text", "software RAID below the {} directory"),
    FactKind("disk.*.size", "bytes", "size of the filesystem of the {} directory"),
    FactKind("display.ambient.margin", "ratio", "darkest luminance over the room's light on the screen", own=True),
    FactKind("display.calibration.current", "truth", "calibration in date", own=True),
    FactKind("display.depth", "bits", "bit depth"),
    FactKind("display.gsdf.deviation", "per cent", "greatest deviation of a grey step from the GSDF", own=True),
    FactKind("display.gsdf.mean", "per cent", "mean deviation of the grey steps from the GSDF", own=True),
    FactKind("display.luminance.maximum", "luminance", "maximum luminance, with the room's light", own=True),
    FactKind("display.luminance.minimum", "luminance", "minimum luminance, with the room's light", own=True),
    FactKind("display.luminance.own.maximum", "luminance", "maximum luminance, without the room's light", own=True),
    FactKind("display.luminance.own.minimum", "luminance", "minimum luminance, without the room's light", own=True),
    FactKind("display.luminance.ratio", "ratio", "luminance ratio, with the room's light", own=True),
    FactKind("display.megapixels", "megapixels", "megapixels"),
    FactKind("display.nonuniformity", "per cent", "greatest non-uniformity of the luminance", own=True),
    FactKind("display.pitch", "millimetres", "pixel pitch"),
    FactKind("display.shorter", "count", "pixels along the shorter side"),
    FactKind("displays.count", "count", "displays that say what they are"),
    FactKind("displays.firmware", "text", "displays, and a fingerprint of what their firmware says"),
    FactKind("displays.panels", "text", "displays, by maker and product"),
    FactKind("displays.serials", "text", "serial numbers of the displays", own=True),
    FactKind("drives.models", "text", "drives"),
    FactKind("gpu.architecture", "text", "architecture of the graphics card"),
    FactKind("gpu.bios", "text", "video BIOS of the graphics card"),
    FactKind("gpu.count", "count", "graphics cards"),
    FactKind("gpu.cuda", "version", "CUDA of the graphics driver"),
    FactKind("gpu.driver", "version", "graphics driver"),
    FactKind("gpu.ecc", "truth", "error correction of the graphics memory"),
    FactKind("gpu.memory", "bytes", "graphics memory"),
    FactKind("gpu.model", "text", "graphics card"),
    FactKind("gpu.opengl", "version", "OpenGL of the driver in use"),
    FactKind("memory.modules", "text", "memory modules"),
    FactKind("memory.parts", "text", "part numbers of the memory modules"),
    FactKind("memory.places", "text", "memory slots in use"),
    FactKind("memory.slots", "count", "memory slots"),
    FactKind("memory.slots_used", "count", "memory slots in use, counted"),
    FactKind("memory.total", "bytes", "main memory"),
    FactKind("nginx.body_limit", "bytes", "largest request that nginx passes on"),
    FactKind("nginx.body_unlimited", "truth", "requests of any size passed on by nginx"),
    *(FactKind(f"orthanc.config.{key}", "setting", f"{key} of Orthanc", own=key in _OWN_KEYS) for key in ORTHANC_KEYS),
    FactKind("orthanc.database", "text", "database of Orthanc's index"),
    FactKind("orthanc.environment.*", "text", "{} in the environment of the running Orthanc"),
    FactKind("orthanc.memory", "bytes", "resident memory of Orthanc", own=True),
    FactKind("orthanc.path_plain", "truth", "storage and index paths without spaces and special characters"),
    FactKind("os.architecture", "text", "machine architecture"),
    FactKind("os.id", "text", "operating system"),
    FactKind("os.kernel", "version", "kernel"),
    FactKind("os.name", "text", "operating system"),
    FactKind("os.version", "version", "release of the operating system"),
    FactKind("package.*", "version", "package {}"),
    FactKind("port.tcp.*", "text", "program on TCP port {}"),
    FactKind("postgresql.extension.*", "version", "extension {} of Orthanc's database"),
    FactKind("postgresql.latency", "seconds", "time of one empty database query (median)", own=True),
    FactKind("postgresql.setting.*", "text", "{} of PostgreSQL"),
    FactKind("postgresql.size", "bytes", "size of Orthanc's database", own=True),
    FactKind("postgresql.version", "version", "PostgreSQL"),
    FactKind("service.*.enabled", "text", "start of {} at boot"),
    FactKind("service.*.state", "text", "service {}"),
    FactKind("systemd.state", "text", "state of the system by systemd"),
    FactKind("virtualisation", "text", "virtualisation"),
)

_EXACT: Mapping[str, FactKind] = {entry.name: entry for entry in CATALOGUE if "*" not in entry.name}
_PATTERNS = tuple(entry for entry in CATALOGUE if "*" in entry.name)


def fact_kind(name: str) -> FactKind:
    """What is known of the fact called `name`. Raises ValueError with a sentence when there is no such fact."""
    if name in _EXACT:
        return _EXACT[name]
    for entry in _PATTERNS:
        if fnmatchcase(name, entry.name) and name.count(".") == entry.name.count("."):
            return entry._replace(meaning=entry.meaning.format(_starred(name, entry.name)))
    near = get_close_matches(name, [entry.name for entry in CATALOGUE], n=1)
    raise ValueError(f'no survey states a fact "{name}"; ' + (f'did you mean "{near[0]}"?' if near else
                     "builder/models/catalogue.py lists those that there are"))  # fmt: skip


def _starred(name: str, pattern: str) -> str:
    before, _, after = pattern.partition("*")
    return name[len(before) : len(name) - len(after)]
