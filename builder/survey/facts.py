"""The whole answer of a machine -> facts (pure). Every promised fact is stated: its value, or the reason why not."""

import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS
from builder.models.site import Host
from builder.survey import (
    clock,
    disks,
    displays,
    firmware,
    graphics,
    hardware,
    nginx,
    orthanc,
    packages,
    postgresql,
    system,
)
from builder.survey.question import Absent, BeneathError, Noted, Question, Reply, Said, UnreadableError
from builder.survey.script import replies, stamps_of

CONTAINERS = ("systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "openvz", "rkt", "wsl", "proot", "pouch",
              "container-other")  # fmt: skip
_CUT_OFF = UnreadableError("the answer of the host was cut off")
_EACH = ("displays.", "gpus.", "memory.slot.", "port.tcp.")  # one for each thing that was found, promised or not
_BENEATH = ("cpu.", "gpu.", "gpus.", "memory.", "os.kernel")


def questions(host: Host) -> tuple[Question, ...]:
    """What a host of this class is asked, in the order of the script."""
    every = (clock.FIRST, *system.questions(host), clock.KEPT, *hardware.questions(), *firmware.questions(),
             *disks.questions(host), *displays.questions(host), *packages.questions(host))  # fmt: skip
    if host.host_class == "workstation":
        every = (*every, *graphics.questions())
    if host.host_class != "archive":
        return (*every, clock.LAST)
    return (*every, *orthanc.questions(), *postgresql.questions(), *nginx.questions(), clock.LAST)


def facts_from(text: str, host: Host) -> dict[str, Fact]:
    """The facts in what the script printed, sorted by name. Never raises: what is not whole is unreadable."""
    answers = replies(text)
    asked = questions(host)
    said: dict[str, Said] = {}
    commands: dict[str, str] = {}
    for question in asked:
        told = parsed(question, answers.get(question.name))
        said |= told
        commands |= {name: question.command for name in told if name in question.promises or name.startswith(_EACH)}
    said |= _derived(host, answers, said)
    commands |= _derived_commands(host, {question.name: question.command for question in asked})
    machine = said.get("virtualisation")
    virtual = machine if isinstance(machine, str) else None
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    facts = {
        name: fact_of(name, _corrected(name, value, virtual), commands[name], _note(name, virtual), digest)
        for name, value in said.items()
        if name in commands
    }
    return dict(sorted({**facts, "clock.offset": _offset(answers, text, digest)}.items()))


def parsed(question: Question, reply: Reply | None) -> dict[str, Said]:
    """What a reply says of all that its question promises, and of more where it says more. Never raises."""
    if reply is None:
        return dict.fromkeys(question.promises, _CUT_OFF)
    try:
        said = question.parse(reply)
    except UnreadableError as why:
        return dict.fromkeys(question.promises, why)
    except (ValueError, LookupError, RecursionError):
        return dict.fromkeys(question.promises, UnreadableError("what the command printed is not understood"))
    return {**dict.fromkeys(question.promises, UnreadableError("the command does not say")), **said}


def _derived(host: Host, answers: Mapping[str, Reply], said: Mapping[str, Said]) -> dict[str, Said]:
    """What only two answers together tell."""
    if host.archive is None:
        return {}
    mounts = [said.get(f"disk.{purpose}.mount") for purpose in ("storage", "database")]
    same = mounts[0] == mounts[1] if all(isinstance(mount, str) for mount in mounts) else None
    derived: dict[str, Said] = {
        "disk.apart": disks.apart(answers.get("drives-storage"), answers.get("drives-database"), same),
        "orthanc.database": orthanc.database(answers.get("orthanc-files"), answers.get("orthanc-process")),
    }
    server = _database_server(said)
    if server is not None and server not in ("127.0.0.1", "::1", "localhost") and not server.startswith("/"):
        derived["postgresql.latency"] = UnreadableError(f"Orthanc's database is on {server}, not on this host")
    return derived


def _database_server(said: Mapping[str, Said]) -> str | None:
    """Where Orthanc's database is, by name or address; None where it does not say."""
    uri, name = said.get("orthanc.config.PostgreSQL.ConnectionUri"), said.get("orthanc.config.PostgreSQL.Host")
    if isinstance(uri, str):
        try:
            return urlsplit(uri).hostname
        except ValueError:
            return uri
    return name if isinstance(name, str) else None


def _derived_commands(host: Host, commands: Mapping[str, str]) -> dict[str, str]:
    if host.archive is None:
        return {}
    return {
        "disk.apart": f"{commands['drives-storage']}; {commands['drives-database']}",
        "orthanc.database": f"{commands['orthanc-files']}; {commands['orthanc-process']}",
    }


def _corrected(name: str, value: Said, virtual: str | None) -> Said:
    """What a machine that is not made of metal says wrongly of itself."""
    if (name.startswith("asset.") or name in firmware.RECORDED) and virtual in CONTAINERS:
        return UnreadableError(f"{virtual} has no equipment record of its own")
    if name == "clock.synchronised" and virtual in (None, *CONTAINERS) and not isinstance(value, UnreadableError):
        return clock.beneath(virtual)
    if isinstance(value, UnreadableError | Absent) or virtual in (None, "none"):
        return value
    if name.startswith("disk.") and name.endswith(".medium"):
        return UnreadableError(f"a drive in {virtual} does not say what it is made of")
    if name == "disk.apart" and value is True:
        return UnreadableError(f"drives that are two in {virtual} may be one beneath")
    return value


def _note(name: str, virtual: str | None) -> str | None:
    if virtual in CONTAINERS and name.startswith(_BENEATH):
        return f"of the machine beneath {virtual}"
    if virtual in CONTAINERS and name.startswith(("disk.", "drives.")):
        return f"as {virtual} shows it"
    if virtual not in (None, "none") and name.startswith(("asset.", "bios.", "board.")):
        return f"of the virtual machine, {virtual}"
    return None


def fact_of(name: str, said: Said, command: str, note: str | None, digest: str) -> Fact:
    """What was said of a fact of the catalogue, with the command that said it and its output's SHA-256."""
    if isinstance(said, Absent):
        return Fact(name=name, command=command, absent=True, raw_sha256=digest)
    if isinstance(said, UnreadableError):
        beneath = True if isinstance(said, BeneathError) else None
        return Fact(name=name, command=command, error=str(said), raw_sha256=digest, beneath=beneath)
    value, own = said if isinstance(said, Noted) else (said, None)
    note = "; ".join(text for text in (own, note) if text) or None
    unit = BASE_UNITS.get(fact_kind(name).kind)
    return Fact(name=name, value=value, unit=unit, command=command, note=note, raw_sha256=digest)


def _offset(answers: Mapping[str, Reply], text: str, digest: str) -> Fact:
    """How far the clock is from the controller's: the amount, its doubt, and, if that is sure, the side."""
    try:
        found = clock.offset(answers, stamps_of(text))
    except UnreadableError as why:
        return fact_of("clock.offset", why, clock.COMMAND, None, digest)
    side = "ahead of the controller" if found.seconds > 0 else "behind the controller"
    note = side if abs(found.seconds) > found.uncertainty else None
    fact = fact_of("clock.offset", abs(found.seconds), clock.COMMAND, note, digest)
    return fact.model_copy(update={"uncertainty": found.uncertainty})
