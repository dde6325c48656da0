"""The operating system: release, kernel, virtualisation, systemd's units, listening ports."""

import re
import shlex
from collections.abc import Mapping

from builder.models.site import Host
from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

_UNITS: Mapping[str, tuple[str, ...]] = {
    "archive": ("orthanc", "postgresql", "nginx", "pacsmith-backup.timer"),
    "": ("ssh", "chrony", "nftables", "prometheus-node-exporter", "unattended-upgrades"),
}
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_FAILED = re.compile(r"(\S+\.[a-z]+) +(?:loaded|not-found|error|masked|bad-setting) +failed +[a-z]+(?: |$)")
_SOCKET = re.compile(r'^LISTEN +\d+ +\d+ +(?P<local>\S+):(?P<port>\d+) +\S+(?: +users:\(\("(?P<program>[^"]+)".*)?$')


def questions(host: Host) -> tuple[Question, ...]:
    """What every Linux host is asked."""
    units = (*_UNITS[""], *_UNITS.get(host.host_class, ()))
    unit_facts = tuple(f"service.{_fact_name(unit)}.{what}" for unit in units for what in ("state", "enabled"))
    ports = _ports_of(host)
    return (
        Question("os-release", "cat /etc/os-release", ("os.id", "os.version", "os.name"), os_release),
        Question("kernel", "uname -s -r -m", ("os.kernel", "os.architecture"), kernel),
        Question("virtualisation", "systemd-detect-virt", ("virtualisation",), virtualisation),
        Question("systemd", "systemctl is-system-running", ("systemd.state",), systemd_state),
        Question("failed-units", "systemctl list-units --failed --plain --no-legend --no-pager", ("systemd.failed",),
                 failed_units),
        Question("services", "systemctl show -p Id,LoadState,ActiveState,UnitFileState -- "
                 + shlex.join(unit if "." in unit else f"{unit}.service" for unit in units), unit_facts, services),
        Question("ports", "ss -H -l -t -n -p", tuple(f"port.tcp.{port}" for port in ports),
                 lambda reply: listening(reply, ports)),
    )  # fmt: skip


def _ports_of(host: Host) -> tuple[int, ...]:
    ports = {host.ae.port} if host.ae else set()
    return tuple(sorted(ports | ({host.archive.web_port} if host.archive else set())))


def os_release(reply: Reply) -> dict[str, Said]:
    """`/etc/os-release`: NAME=value lines, quoted as in a shell."""
    fields: dict[str, str] = {}
    for line in reply.checked().splitlines():
        key, equals, value = line.partition("=")
        if equals:
            fields[key] = " ".join(shlex.split(value))
    names = {"os.id": "ID", "os.version": "VERSION_ID", "os.name": "PRETTY_NAME"}
    return {fact: fields.get(field) or UnreadableError(f"there is no {field}") for fact, field in names.items()}


def kernel(reply: Reply) -> dict[str, Said]:
    """`uname -s -r -m`: three words."""
    words = reply.checked().split()
    if len(words) != 3 or words[0] != "Linux":
        raise UnreadableError("uname did not print a Linux kernel, its release and the machine")
    return {"os.kernel": words[1], "os.architecture": words[2]}


def virtualisation(reply: Reply) -> dict[str, Said]:
    """`systemd-detect-virt` prints "none" with exit code 1 on bare hardware."""
    word = reply.text.strip()
    if not _WORD.fullmatch(word) or (reply.code != 0) != (word == "none"):
        raise UnreadableError(reply.reason())
    return {"virtualisation": word}


def systemd_state(reply: Reply) -> dict[str, Said]:
    """`systemctl is-system-running` prints the state, with an exit code of its own for all but "running"."""
    word = reply.text.strip()
    known = ("initializing", "starting", "running", "degraded", "maintenance", "stopping", "offline")
    if word not in known:
        raise UnreadableError(reply.reason() if reply.code else "systemctl printed no state")
    return {"systemd.state": word}


def failed_units(reply: Reply) -> dict[str, Said]:
    """`systemctl list-units --failed --plain --no-legend`: a line a unit, nothing when none has failed."""
    lines = [line for line in reply.checked().splitlines() if line.strip()]
    found = [_FAILED.match(line) for line in lines]
    if None in found:
        raise UnreadableError("systemctl printed a line that is not understood")
    return {"systemd.failed": " ".join(sorted(match[1] for match in found if match)) or ABSENT}


def services(reply: Reply) -> dict[str, Said]:
    """`systemctl show`: blocks of NAME=value, an empty line between them."""
    said: dict[str, Said] = {}
    for block in re.split(r"\n\s*\n", reply.checked()):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if not {"Id", "LoadState", "ActiveState"} <= fields.keys():
            continue
        unit = _fact_name(fields["Id"])
        missing = fields["LoadState"] == "not-found"
        said[f"service.{unit}.state"] = ABSENT if missing else fields["ActiveState"]
        enabled = fields.get("UnitFileState", "")
        said[f"service.{unit}.enabled"] = ABSENT if missing else enabled or UnreadableError("systemd states nothing")
    return said


def listening(reply: Reply, wanted: tuple[int, ...]) -> dict[str, Said]:
    """`ss -H -l -t -n -p`: the program on each port; a port that is not in the list is absent."""
    said: dict[str, Said] = {}
    for line in reply.checked().splitlines():
        match = _SOCKET.match(line.rstrip())
        if match is None:
            raise UnreadableError("ss printed a line that is not understood")
        said[f"port.tcp.{int(match['port'])}"] = match["program"] or UnreadableError("ss names no program")
    if not said:
        raise UnreadableError("ss shows no listening port at all, not even SSH")
    return {**{f"port.tcp.{port}": ABSENT for port in wanted}, **said}


def _fact_name(unit: str) -> str:
    return re.sub(r"[^a-z0-9@-]+", "-", unit.removesuffix(".service").lower())
