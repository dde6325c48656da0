"""Every fact that a sheet may speak of and a survey may state: its name, kind and meaning. A `*` stands for one word.

Later machines (workstations, thin clients) add their lines here; a requirement on a fact that is not listed fails
validation, so that a misspelt name cannot stay unknown for ever.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from builder.models.quantity import Kind


class FactKind(NamedTuple):
    """`name` is the fact's name, or a pattern; `meaning` is what a reader is told, {} being the starred word. `own`:
    equal machines differ in it all the same, as in a serial number, in how full a disk is, or in which display hangs on
    which connector: what they have together, `displays.panels` and `drives.models`, tells them apart."""

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
    FactKind("asset.installed", "day", "day of installation", own=True),
    FactKind("asset.maker", "text", "maker in the equipment record"),
    FactKind("asset.model", "text", "model in the equipment record"),
    FactKind("asset.released", "day", "day of the model's release"),
    FactKind("asset.serial", "text", "serial number in the equipment record", own=True),
    FactKind("asset.version", "text", "version in the equipment record, where some makers write the model's name"),
    FactKind("bios.date", "text", "date of the firmware"),
    FactKind("bios.vendor", "text", "maker of the firmware"),
    FactKind("bios.version", "text", "version of the firmware"),
    FactKind("board.model", "text", "main board"),
    FactKind("board.version", "text", "version of the main board"),
    FactKind("clock.offset", "seconds", "clock's difference from the controller's", own=True),
    FactKind("clock.synchronised", "truth", "clock kept by a time source"),
    FactKind("cpu.clock", "hertz", "rated clock of the processor"),
    FactKind("cpu.cores", "cores", "processor cores"),
    FactKind("cpu.model", "text", "processor"),
    FactKind("cpu.sockets", "count", "processor sockets"),
    FactKind("cpu.sockets_used", "count", "processors in their sockets"),
    FactKind("cpu.threads", "count", "logical processors"),
    FactKind("disk.apart", "truth", "database and storage on different drives"),
    FactKind("disk.*.encrypted", "truth", "encryption of the {} volume"),
    FactKind("disk.*.encryption", "text", "how the {} volume is encrypted"),
    FactKind("disk.*.filesystem", "text", "filesystem of the {} directory"),
    FactKind("disk.*.free", "bytes", "free space in the {} directory", own=True),
    FactKind("disk.*.medium", "text", "drives of the {} directory"),
    FactKind("disk.*.mount", "text", "mount point of the {} directory"),
    FactKind("disk.*.raid", "text", "software RAID below the {} directory"),
    FactKind("disk.*.size", "bytes", "size of the filesystem of the {} directory"),
    FactKind("display.ambient.margin", "ratio", "darkest luminance over the room's light on the screen", own=True),
    FactKind("display.calibration.current", "truth", "calibration in date", own=True),
    FactKind("display.depth", "bits", "bit depth"),
    FactKind("display.height", "millimetres", "height of the picture"),
    FactKind("display.interface", "text", "input of the display"),
    FactKind("display.made", "text", "week and year of its making", own=True),
    FactKind("display.maker", "text", "maker of the display, three letters"),
    FactKind("display.mode", "resolution", "pixels of the display"),
    FactKind("display.name", "text", "name of the display"),
    FactKind("display.product", "text", "product code of the display"),
    FactKind("display.serial", "text", "serial number of the display", own=True),
    FactKind("display.serial_number", "text", "serial number of the display, as a number", own=True),
    FactKind("display.width", "millimetres", "width of the picture"),
    FactKind("display.year", "count", "year of its making", own=True),
    FactKind("display.gsdf.deviation", "per cent", "greatest deviation of a grey step from the GSDF", own=True),
    FactKind("display.gsdf.mean", "per cent", "mean deviation of the grey steps from the GSDF", own=True),
    FactKind("display.luminance.maximum", "luminance", "maximum luminance, with the room's light", own=True),
    FactKind("display.luminance.minimum", "luminance", "minimum luminance, with the room's light", own=True),
    FactKind("display.luminance.own.maximum", "luminance", "maximum luminance, without the room's light", own=True),
    FactKind("display.luminance.own.minimum", "luminance", "minimum luminance, without the room's light", own=True),
    FactKind("display.luminance.own.ratio", "ratio", "luminance ratio, without the room's light", own=True),
    FactKind("display.luminance.ratio", "ratio", "luminance ratio, with the room's light", own=True),
    FactKind("display.megapixels", "megapixels", "megapixels"),
    FactKind("display.nonuniformity", "per cent", "greatest non-uniformity of the luminance", own=True),
    FactKind("display.pitch", "millimetres", "pixel pitch"),
    FactKind("display.shorter", "count", "pixels along the shorter side"),
    FactKind("displays.count", "count", "displays that say what they are"),
    FactKind("displays.firmware", "text", "displays, and a fingerprint of what their firmware says"),
    FactKind("displays.*.ambient.margin", "ratio", "darkest luminance over the room's light on {}", own=True),
    FactKind("displays.*.current_mode", "resolution", "mode in use on {}", own=True),
    FactKind("displays.*.depth", "bits", "bit depth of the display on {}", own=True),
    FactKind("displays.*.gsdf.deviation", "per cent", "greatest deviation of a grey step on {}", own=True),
    FactKind("displays.*.gsdf.mean", "per cent", "mean deviation of the grey steps on {}", own=True),
    FactKind("displays.*.height", "millimetres", "height of the picture on {}", own=True),
    FactKind("displays.*.interface", "text", "input of the display on {}", own=True),
    FactKind("displays.*.luminance.maximum", "luminance", "maximum luminance, with the room's light, of {}", own=True),
    FactKind("displays.*.luminance.minimum", "luminance", "minimum luminance, with the room's light, of {}", own=True),
    FactKind(
        "displays.*.luminance.own.maximum", "luminance", "maximum luminance, without the room's light, of {}", own=True
    ),
    FactKind(
        "displays.*.luminance.own.minimum", "luminance", "minimum luminance, without the room's light, of {}", own=True
    ),
    FactKind("displays.*.luminance.own.ratio", "ratio", "luminance ratio, without the room's light, of {}", own=True),
    FactKind("displays.*.luminance.ratio", "ratio", "luminance ratio, with the room's light, of {}", own=True),
    FactKind("displays.*.nonuniformity", "per cent", "greatest non-uniformity of the luminance of {}", own=True),
    FactKind("displays.*.made", "text", "week and year of making of the display on {}", own=True),
    FactKind("displays.*.maker", "text", "maker of the display, three letters, on {}", own=True),
    FactKind("displays.*.megapixels", "megapixels", "megapixels of the display on {}", own=True),
    FactKind("displays.*.mode", "resolution", "pixels of the display on {}", own=True),
    FactKind("displays.*.name", "text", "name of the display on {}", own=True),
    FactKind("displays.*.pitch", "millimetres", "pixel pitch of the display on {}", own=True),
    FactKind("displays.*.preferred_mode", "resolution", "mode that X.org prefers on {}", own=True),
    FactKind("displays.*.primary", "truth", "primary display on {}", own=True),
    FactKind("displays.*.product", "text", "product code of the display on {}", own=True),
    FactKind("displays.*.serial", "text", "serial number of the display on {}", own=True),
    FactKind("displays.*.serial_number", "text", "serial number, as a number, of the display on {}", own=True),
    FactKind("displays.*.shorter", "count", "pixels along the shorter side of the display on {}", own=True),
    FactKind("displays.*.width", "millimetres", "width of the picture on {}", own=True),
    FactKind("displays.*.year", "count", "year of making of the display on {}", own=True),
    FactKind("displays.connected", "count", "outputs on which a display hangs"),
    FactKind("displays.panels", "text", "displays, by maker and product"),
    FactKind("displays.primary", "text", "output of the primary display"),
    FactKind("displays.serials", "text", "serial numbers of the displays", own=True),
    FactKind("drives.models", "text", "drives"),
    FactKind("drives.count", "count", "drives, counted"),
    FactKind("drives.health", "text", "health that the drives state themselves"),
    FactKind("drives.*.bus", "text", "how it is connected: drive {}", own=True),
    FactKind("drives.*.firmware", "text", "firmware of drive {}", own=True),
    FactKind("drives.*.health", "text", "health that it states itself: drive {}", own=True),
    FactKind("drives.*.hours", "count", "hours that drive {} has run", own=True),
    FactKind("drives.*.medium", "text", "medium of drive {}", own=True),
    FactKind("drives.*.model", "text", "drive {}", own=True),
    FactKind("drives.*.pending", "count", "sectors that drive {} cannot read for now", own=True),
    FactKind("drives.*.reallocated", "count", "sectors that drive {} has replaced", own=True),
    FactKind("drives.*.serial", "text", "serial number of drive {}", own=True),
    FactKind("drives.*.size", "bytes", "size of drive {}", own=True),
    FactKind("drives.*.temperature", "temperature", "temperature of drive {}", own=True),
    FactKind("drives.*.wear", "per cent", "worn of what drive {} is made for", own=True),
    FactKind("gpu.architecture", "text", "architecture of the graphics card"),
    FactKind("gpu.bios", "text", "video BIOS of the graphics card"),
    FactKind("gpu.count", "count", "graphics cards"),
    FactKind("gpu.cuda", "version", "CUDA of the graphics driver"),
    FactKind("gpu.display_active", "truth", "a screen drawn by the graphics card"),
    FactKind("gpu.driver", "version", "graphics driver"),
    FactKind("gpu.driver.library", "version", "libraries of NVIDIA's driver"),
    FactKind("gpu.driver.matched", "truth", "kernel module and libraries of NVIDIA's driver of one version"),
    FactKind("gpu.driver.module", "version", "kernel module of NVIDIA's driver"),
    FactKind("gpu.ecc", "truth", "error correction of the graphics memory"),
    FactKind("gpu.memory", "bytes", "graphics memory"),
    FactKind("gpu.mesa", "version", "Mesa, the libraries that draw"),
    FactKind("gpu.mig", "truth", "graphics card cut into instances (MIG)"),
    FactKind("gpu.model", "text", "graphics card"),
    FactKind("gpu.opengl", "version", "OpenGL of the driver in use"),
    FactKind("gpu.temperature", "temperature", "temperature of the graphics card", own=True),
    FactKind("gpu.vulkan", "version", "Vulkan of the driver in use"),
    FactKind("gpus.count", "count", "graphics controllers on the PCI bus"),
    FactKind("gpus.models", "text", "graphics controllers on the PCI bus"),
    FactKind("gpus.*.architecture", "text", "architecture of the card at {}"),
    FactKind("gpus.*.bios", "text", "video BIOS of the card at {}"),
    FactKind("gpus.*.device", "text", "graphics controller at {}"),
    FactKind("gpus.*.display_active", "truth", "a screen drawn by the card at {}"),
    FactKind("gpus.*.ecc", "truth", "error correction of the card at {}"),
    FactKind("gpus.*.ids", "text", "PCI vendor and device of the card at {}"),
    FactKind("gpus.*.memory", "bytes", "graphics memory of the card at {}"),
    FactKind("gpus.*.mig", "truth", "instances (MIG) of the card at {}"),
    FactKind("gpus.*.model", "text", "graphics card at {}"),
    FactKind("gpus.*.module", "text", "kernel module of the card at {}"),
    FactKind("gpus.*.serial", "text", "serial number of the card at {}", own=True),
    FactKind("gpus.*.temperature", "temperature", "temperature of the card at {}", own=True),
    FactKind("gpus.*.vendor", "text", "maker of the graphics controller at {}"),
    FactKind("memory.ecc", "text", "error correction of the main memory"),
    FactKind("memory.empty", "text", "empty memory slots"),
    FactKind("memory.installed", "bytes", "memory modules, added up"),
    FactKind("memory.maximum", "bytes", "most memory that the board takes"),
    FactKind("memory.modules", "text", "memory modules"),
    FactKind("memory.parts", "text", "part numbers of the memory modules"),
    FactKind("memory.places", "text", "memory slots in use"),
    FactKind("memory.slot.*.size", "bytes", "module in memory slot {}"),
    FactKind("memory.slot.*.speed", "transfers a second", "speed of the module in memory slot {}"),
    FactKind("memory.slot.*.type", "text", "type of the module in memory slot {}"),
    FactKind("memory.slots", "count", "memory slots"),
    FactKind("memory.slots_used", "count", "memory slots in use, counted"),
    FactKind("memory.total", "bytes", "main memory"),
    FactKind("network.adapters", "text", "network adapters"),
    FactKind("network.addresses", "text", "network addresses", own=True),
    FactKind("network.archive.bandwidth", "bits a second", "bandwidth from the archive, as measured", own=True),
    FactKind("network.archive.connect", "seconds", "time to open a connection to the archive", own=True),
    FactKind("network.archive.latency", "seconds", "round trip to the archive", own=True),
    FactKind("network.archive.loss", "per cent", "packets lost on the way to the archive", own=True),
    FactKind("network.archive.*.bandwidth", "bits a second", "bandwidth from {}, as measured", own=True),
    FactKind("network.archive.*.connect", "seconds", "time to open a connection to {}", own=True),
    FactKind("network.archive.*.latency", "seconds", "round trip to {}", own=True),
    FactKind("network.archive.*.loss", "per cent", "packets lost on the way to {}", own=True),
    FactKind("network.duplex", "text", "duplex of the network link"),
    FactKind("network.mtu", "count", "largest packet of the network link, in bytes"),
    FactKind("network.speed", "bits a second", "speed of the network link"),
    FactKind("network.*.adapter", "text", "network adapter {}"),
    FactKind("network.*.address", "text", "hardware address of {}", own=True),
    FactKind("network.*.addresses", "text", "network addresses of {}", own=True),
    FactKind("network.*.duplex", "text", "duplex of {}"),
    FactKind("network.*.link", "truth", "link of {}"),
    FactKind("network.*.mtu", "count", "largest packet, in bytes, of {}"),
    FactKind("network.*.speed", "bits a second", "speed of {}"),
    FactKind("nginx.body_limit", "bytes", "largest request that nginx passes on"),
    FactKind("nginx.body_unlimited", "truth", "requests of any size passed on by nginx"),
    *(FactKind(f"orthanc.config.{key}", "setting", f"{key} of Orthanc", own=key in _OWN_KEYS) for key in ORTHANC_KEYS),
    FactKind("orthanc.database", "text", "database of Orthanc's index"),
    FactKind("orthanc.environment.*", "text", "{} in the environment of the running Orthanc"),
    FactKind("orthanc.memory", "bytes", "resident memory of Orthanc", own=True),
    FactKind("orthanc.path_plain", "truth", "storage and index paths without spaces and special characters"),
    FactKind("os.architecture", "text", "machine architecture"),
    FactKind("os.build", "count", "build of Windows"),
    FactKind("os.id", "text", "operating system"),
    FactKind("os.kernel", "version", "kernel"),
    FactKind("os.name", "text", "operating system"),
    FactKind("os.service_pack", "count", "service pack of Windows"),
    FactKind("os.version", "version", "release of the operating system"),
    FactKind("package.*", "version", "package {}"),
    FactKind("port.tcp.*", "text", "program on TCP port {}"),
    FactKind("postgresql.extension.*", "version", "extension {} of Orthanc's database"),
    FactKind("postgresql.latency", "seconds", "time of one empty database query (median)", own=True),
    FactKind("postgresql.setting.*", "text", "{} of PostgreSQL"),
    FactKind("postgresql.size", "bytes", "size of Orthanc's database", own=True),
    FactKind("postgresql.version", "version", "PostgreSQL"),
    FactKind("raid.arrays", "text", "arrays of the software RAID"),
    FactKind("raid.controllers", "text", "RAID and SAS controllers"),
    FactKind("raid.health", "text", "health of the software RAID"),
    FactKind("service.*.enabled", "text", "start of {} at boot"),
    FactKind("service.*.state", "text", "service {}"),
    FactKind("systemd.failed", "text", "units of systemd that have failed"),
    FactKind("systemd.state", "text", "state of the system by systemd"),
    FactKind("virtualisation", "text", "virtualisation"),
    FactKind("workload.columns", "count", "columns of a slice", own=True),
    FactKind("workload.concurrent_users", "count", "concurrent users", own=True),
    FactKind("workload.growth", "per cent", "growth a year", own=True),
    FactKind("workload.high_availability", "truth", "high availability", own=True),
    FactKind("workload.instances", "count", "stored images", own=True),
    FactKind("workload.largest_data_set", "bytes", "largest data set", own=True),
    FactKind("workload.modalities", "text", "modalities that are read", own=True),
    FactKind("workload.rows", "count", "rows of a slice", own=True),
    FactKind("workload.slices", "count", "slices of the largest volume", own=True),
    FactKind("workload.studies.*", "count", "studies a year of {}", own=True),
    FactKind("workload.studies_per_year", "count", "studies a year", own=True),
    FactKind("workload.years", "count", "years of the contract", own=True),
)

_STRANGE = re.compile(r"[\s\[\]?]")  # a pattern has stars alone

_EXACT: Mapping[str, FactKind] = {entry.name: entry for entry in CATALOGUE if "*" not in entry.name}
_PATTERNS = tuple(entry for entry in CATALOGUE if "*" in entry.name)


@lru_cache(maxsize=16_384)  # a site states the same names a thousand times over
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


def asked_fact(name: str) -> FactKind:
    """What is known of a fact that a sheet names. Raises ValueError with a sentence for a name that none can have."""
    strange = _STRANGE.search(name)
    if strange is not None:
        raise ValueError(f'no name of a fact holds "{strange[0]}", as "{name}" does; write one, as memory.total, or a '
                         "pattern with a *")  # fmt: skip
    return fact_kind(name)


def _starred(name: str, pattern: str) -> str:
    before, _, after = pattern.partition("*")
    return name[len(before) : len(name) - len(after)]
