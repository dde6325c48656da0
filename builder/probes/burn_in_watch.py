"""What a host says of itself during a burn-in: sensors, error counters, the kernel's log. Commands and pure readings.

Where the numbers are: thermal zones in sysfs-class-thermal, hwmon in sysfs-class-hwmon (both millidegrees Celsius),
EDAC in sysfs-devices-edac, throttling in sysfs-devices-system-cpu of the kernel's ABI documentation.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from builder.survey.question import Question, Reply

_THERMAL = """\
for z in /sys/class/thermal/thermal_zone*; do
  [ -r "$z/temp" ] || continue
  limit=; for t in "$z"/trip_point_*_type; do
    [ -r "$t" ] && [ "$(cat "$t")" = critical ] && limit=$(cat "${t%_type}_temp")
  done
  echo "$(cat "$z/type" 2>/dev/null)|$(cat "$z/temp" 2>/dev/null)|$limit"
done
for f in /sys/class/hwmon/hwmon*/temp*_input; do
  [ -r "$f" ] || continue
  b=${f%_input}
  echo "$(cat "${f%/*}/name" 2>/dev/null) $(cat "${b}_label" 2>/dev/null || basename "$b")\
|$(cat "$f" 2>/dev/null)|$(cat "${b}_crit" 2>/dev/null)"
done; true"""
_NVIDIA = (
    "command -v nvidia-smi >/dev/null || exit 0; nvidia-smi --format=csv,noheader,nounits "
    "--query-gpu=index,name,temperature.gpu,clocks_throttle_reasons.hw_slowdown"
)
_EDAC = """\
for f in /sys/devices/system/edac/mc/mc*/ce_count /sys/devices/system/edac/mc/mc*/ue_count; do
  [ -r "$f" ] && echo "${f##*/} $(cat "$f")"
done; true"""
_THROTTLE = """\
for f in /sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count; do
  [ -r "$f" ] && cat "$f"
done; true"""
_FAILED = "systemctl --failed --plain --no-legend --no-pager | cut -d' ' -f1"
_STARTED = "cat /proc/sys/kernel/random/boot_id; cut -d' ' -f22 /proc/1/stat"
_OOM = "grep '^oom_kill ' /proc/vmstat"


def watched(units: Sequence[str]) -> tuple[Question, ...]:
    """What is asked again and again. The parsers are called by `reading_of`."""
    active = f"systemctl is-active -- {' '.join(units)}; true" if units else "true"
    asked = {"active": active, "thermal": _THERMAL, "nvidia": _NVIDIA, "edac": _EDAC, "throttle": _THROTTLE,
             "failed": _FAILED, "oom": _OOM, "started": _STARTED}  # fmt: skip
    return tuple(Question(name, command, (), lambda _: {}) for name, command in asked.items())


class Temperature(NamedTuple):
    """One sensor, in degrees Celsius; `critical` is the limit that it states itself."""

    sensor: str
    celsius: float
    critical: float | None


@dataclass(frozen=True)
class Reading:
    """One look at a host. None: the host has no such counter. `started`: which start of the machine this is."""

    running: int
    started: str = ""
    temperatures: tuple[Temperature, ...] = ()
    corrected: int | None = None
    uncorrected: int | None = None
    throttled: int | None = None
    failed: frozenset[str] = frozenset()
    killed: int | None = None
    slowed: tuple[str, ...] = ()


def reading_of(replies: Mapping[str, Reply]) -> Reading:
    """What the answers to `watched` say; what is missing or not understood counts as not there."""
    text = {name: reply.text for name, reply in replies.items()}
    cards, slowed = _nvidia(text.get("nvidia", ""))
    edac = re.findall(r"^(ce|ue)_count ([0-9]+)$", text.get("edac", ""), re.MULTILINE)
    throttle = re.findall(r"^[0-9]+$", text.get("throttle", ""), re.MULTILINE)
    killed = re.search(r"^oom_kill ([0-9]+)$", text.get("oom", ""), re.MULTILINE)
    return Reading(
        running=sum(word == "active" for word in text.get("active", "").split()),
        started=text.get("started", "").strip(),
        temperatures=(*_sensors(text.get("thermal", "")), *cards),
        corrected=sum(int(count) for kind, count in edac if kind == "ce") if edac else None,
        uncorrected=sum(int(count) for kind, count in edac if kind == "ue") if edac else None,
        throttled=sum(map(int, throttle)) if throttle else None,
        failed=frozenset(text.get("failed", "").split()),
        killed=int(killed[1]) if killed else None,
        slowed=slowed,
    )


def _sensors(text: str) -> tuple[Temperature, ...]:
    """`name|millidegrees|critical` lines. Boards report sensors that hang on nothing: those beyond -40 to 150 °C."""
    found = []
    for line in text.splitlines():
        name, _, rest = line.partition("|")
        value, _, limit = rest.partition("|")
        if not re.fullmatch(r"-?[0-9]{1,7}", value) or not -40_000 <= int(value) <= 150_000:
            continue
        critical = int(limit) / 1000 if re.fullmatch(r"[1-9][0-9]{3,5}", limit) else None
        found.append(Temperature(" ".join(name.split()) or "a sensor without a name", int(value) / 1000, critical))
    return tuple(found)


def _nvidia(text: str) -> tuple[tuple[Temperature, ...], tuple[str, ...]]:
    """`index, name, celsius, Active`: temperatures, and the cards whose hardware slowed itself down."""
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    whole = [row for row in rows if len(row) == 4 and re.fullmatch(r"[0-9]{1,3}", row[2])]
    cards = tuple(Temperature(f"{row[1]} {row[0]}", float(row[2]), None) for row in whole)
    return cards, tuple(f"{row[1]} {row[0]}" for row in whole if row[3] == "Active")


@dataclass
class Watch:
    """What came of all looks: the first, the last, and the range of each sensor."""

    first: Reading | None = None
    last: Reading | None = None
    looks: int = 0
    ranges: dict[str, tuple[float, float, float | None]] = field(default_factory=dict)
    slowed: set[str] = field(default_factory=set)

    def take(self, reading: Reading) -> None:
        """Take one look in."""
        self.first = self.first or reading
        self.last = reading
        self.looks += 1
        self.slowed |= set(reading.slowed)
        for sensor, celsius, critical in reading.temperatures:
            low, high, _ = self.ranges.get(sensor, (celsius, celsius, critical))
            self.ranges[sensor] = (min(low, celsius), max(high, celsius), critical)

    @property
    def hottest(self) -> float | None:
        """The highest temperature of the last look, in degrees Celsius."""
        return max((one.celsius for one in self.last.temperatures), default=None) if self.last else None


_HARDWARE = re.compile(
    r"machine check|\bmce:|hardware error|\bEDAC\b|uncorrect|\bI/O error|\bblk_update_request"
    r"|\bata[0-9.]+: .*(error|exception|failed)|\bnvme.*(timeout|error|reset)|\bNVRM: Xid|\bPCIe Bus Error|\bAER:"
    r"|thermal|throttl|EXT4-fs error|XFS.*corrupt|out of memory|oom-kill|soft lockup|hung task|call trace|segfault",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"EDAC .*(ver:|giving out|no .*found)|mce: .*(enabled|using|banks)", re.IGNORECASE)
_ERROR_PRIORITY = 3  # syslog(3): err


def kernel_complaints(text: str) -> tuple[str, ...]:
    """Lines of `journalctl -k -o json` that tell of trouble: of priority error or worse, or in the words of a fault.

    Each once, in their order. Raises ValueError when it is no such journal.
    """
    found: dict[str, None] = {}
    for line in text.splitlines():
        entry = json.loads(line)
        message = entry.get("MESSAGE")
        if isinstance(message, list):  # not UTF-8: journald gives its bytes
            message = bytes(message).decode("utf-8", "replace")
        priority = entry.get("PRIORITY", "6")
        if not isinstance(message, str) or _HARMLESS.search(message):
            continue
        if int(priority) <= _ERROR_PRIORITY or _HARDWARE.search(message):
            found[" ".join(message.split())[:200]] = None
    return tuple(found)


class Drive(NamedTuple):
    """A drive's own counts, as smartctl reads them; None where it keeps no such count."""

    name: str
    healthy: bool | None
    counts: Mapping[str, int]


_COUNTED = {5: "reallocated sectors", 187: "uncorrectable errors", 197: "pending sectors", 198: "offline uncorrectable",
            199: "transfer errors"}  # fmt: skip


def drive_of(name: str, text: str) -> Drive | None:
    """`smartctl -j -H -A`: of ATA drives the attributes that count faults (by the numbers in common use), of NVMe the
    media errors (NVM Express Base Specification, SMART / Health Information log). None when it tells nothing."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    counts: dict[str, int] = {}
    for row in (data.get("ata_smart_attributes") or {}).get("table", ()):
        if row.get("id") in _COUNTED and isinstance((row.get("raw") or {}).get("value"), int):
            counts[_COUNTED[row["id"]]] = row["raw"]["value"]
    errors = (data.get("nvme_smart_health_information_log") or {}).get("media_errors")
    if isinstance(errors, int):
        counts["media errors"] = errors
    passed = (data.get("smart_status") or {}).get("passed")
    healthy = passed if isinstance(passed, bool) else None
    return Drive(name, healthy, counts) if healthy is not None or counts else None
