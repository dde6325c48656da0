"""What a host is before its burn-in: whether one is under way, what it can spare, and which tools it lacks. Parsers
are pure."""

import re
import secrets
from dataclasses import dataclass

from builder.errors import PacsmithError
from builder.models.site import Host
from builder.probes.burn_in_load import FOLDER, PACKAGES, UNIT, Load, tested_directory
from builder.survey.disks import devices, space
from builder.survey.displays import SCREENS
from builder.survey.facts import CONTAINERS
from builder.survey.hardware import memory
from builder.survey.question import Question, Reply, UnreadableError
from builder.survey.remote import Remote
from builder.survey.script import replies, script
from builder.survey.system import virtualisation


class BurnInError(PacsmithError):
    """A burn-in cannot be carried out on a host."""


@dataclass(frozen=True)
class Found:
    """A host before its burn-in. `unit`: state of the unit of a burn-in that is or was here, `run` its run. `free` is
    None where the directory to test does not exist, `filesystem` then empty. Amounts are in bytes, `now` in seconds
    since 1970 by the host's clock."""

    virtual: str
    now: int
    available: int
    limit: int | None
    processors: int
    free: int | None
    filesystem: str
    drives: tuple[str, ...]
    tools: frozenset[str]
    graphics: bool
    screen: bool
    unit: str
    run: str | None

    @property
    def container(self) -> bool:
        """Whether kernel, memory and sensors are those of a machine beneath."""
        return self.virtual in CONTAINERS


def ask(remote: Remote, asked: tuple[Question, ...], *, timeout: float = 60) -> tuple[dict[str, Reply], str]:
    """All questions as root in one go: the answers, and the whole text. Raises Unreachable."""
    text = script(asked, secrets.token_hex(8))
    said = remote.run("sh -s", stdin=text.encode(), sudo=True, timeout=timeout).text
    return replies(said), said


def _question(name: str, command: str) -> Question:
    return Question(name, command, (), lambda _: {})


def look(remote: Remote, host: Host) -> Found:
    """Read the host. Raises Unreachable, BurnInError when it does not say what is needed."""
    directory, authority = tested_directory(host), SCREENS.get(host.host_class, "/nowhere")
    programs = " ".join((*PACKAGES, "smartctl"))
    asked = {
        "virtual": "systemd-detect-virt",
        "now": "date +%s",
        "memory": "cat /proc/meminfo; cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max",
        "processors": "nproc",
        "tools": f"for t in {programs}; do command -v $t >/dev/null && echo $t; done; true",
        "graphics": "ls -d /dev/dri/renderD* /dev/nvidia0 2>/dev/null; true",
        "screen": f"test -e {authority} && echo yes; true",
        "run": f"cat {FOLDER}/run 2>/dev/null || test ! -e {FOLDER} || echo '?'",
        "unit": f"systemctl is-active {UNIT}.service; true",
    }
    if directory is not None:
        asked["space"] = f"df -P -T -B1 -- {directory}"
        asked["drives"] = f'lsblk -s -n -P -o NAME,TYPE,ROTA -- "$(df --output=source -- {directory} | tail -n 1)"'
    answers, said = ask(remote, tuple(_question(*one) for one in asked.items()))
    try:
        return found(answers)
    except (UnreadableError, KeyError, ValueError) as why:
        last = " ".join(said.split())[-100:]
        raise BurnInError(f"{host.name}: it cannot be read before a burn-in: {why} ({last})") from None


def found(answers: dict[str, Reply]) -> Found:
    """The answers to `look`. Raises UnreadableError, KeyError or ValueError for one that is not whole."""
    text = {name: reply.text.strip() for name, reply in answers.items()}
    available = re.search(r"^MemAvailable: +([0-9]+) kB$", text["memory"], re.MULTILINE)
    if available is None:
        raise UnreadableError("it does not say how much memory is available")
    total = memory(answers["memory"])["memory.total"]
    limit = re.fullmatch(r"[0-9]+", text["memory"].rpartition("\n")[2])
    free, filesystem = None, ""
    if "space" in answers and answers["space"].code == 0:
        said = space(answers["space"], "tested")
        amount, filesystem = said["disk.tested.free"], str(said["disk.tested.filesystem"])
        free = amount if isinstance(amount, int) else None
    return Found(
        virtual=str(virtualisation(answers["virtual"])["virtualisation"]),
        now=int(text["now"]),
        available=min(int(available[1]) * 1024, total if isinstance(total, int) else 0),
        limit=int(limit[0]) if limit else None,
        processors=int(text["processors"]),
        free=free,
        filesystem=filesystem,
        drives=_drives(answers.get("drives")),
        tools=frozenset(text["tools"].split()),
        graphics=bool(text["graphics"]),
        screen=text["screen"] == "yes",
        unit=text["unit"] or "unknown",
        run=text["run"] or None,
    )


def _drives(reply: Reply | None) -> tuple[str, ...]:
    """Device names of the physical drives below the tested directory, as far as this machine shows them."""
    try:
        return tuple(sorted({name for name, kind, _ in devices(reply) if kind == "disk"})) if reply else ()
    except UnreadableError:
        return ()


def lacking(loads: list[Load], here: Found) -> list[str]:
    """Debian packages of the programs that the loads need and the host lacks."""
    return sorted({PACKAGES[load.tool] for load in loads if load.tool not in here.tools})


def simulated(remote: Remote, packages: list[str]) -> tuple[str, ...]:
    """Every package that installing `packages` would bring. Raises BurnInError when more than that would change."""
    if not packages:
        return ()
    command = f"LC_ALL=C apt-get -s -q --no-install-recommends install {' '.join(packages)}"
    answer = remote.run(command, sudo=True, timeout=120)
    if answer.code != 0:  # the lists of a host may be missing or old
        remote.run("apt-get -q -o DPkg::Lock::Timeout=120 update </dev/null", sudo=True, timeout=300)
        answer = remote.run(command, sudo=True, timeout=120)
    if answer.code != 0:
        said = [line for line in answer.text.splitlines() if line.startswith("E: ")] or ["no reason given"]
        raise BurnInError(
            f"{remote.connection.host}: {', '.join(packages)} cannot be installed for the burn-in: {said[-1]}; mend "
            "its package sources"
        )
    try:
        return new_packages(answer.stdout.decode("utf-8", "replace"))
    except ValueError as why:
        raise BurnInError(
            f"{remote.connection.host}: the burn-in would change more than it could undo: {why}"
        ) from None


def new_packages(text: str) -> tuple[str, ...]:
    """`apt-get -s install`: the names after Inst. Raises ValueError when something would be upgraded or removed."""
    removed = re.findall(r"^Remv (\S+)", text, re.MULTILINE)
    upgraded = re.findall(r"^Inst (\S+) \[", text, re.MULTILINE)
    if removed:
        raise ValueError(f"{', '.join(removed)} would be removed")
    if upgraded:
        raise ValueError(f"{', '.join(upgraded)} would be upgraded; update the host first")
    return tuple(re.findall(r"^Inst (\S+) \(", text, re.MULTILINE))
