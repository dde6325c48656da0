"""The whole answer of a machine -> facts (pure). Every promised fact is stated: its value, or the reason why not."""

import hashlib
from collections.abc import Mapping, Sequence

from builder.inventory.build import ArchiveEnd
from builder.models.fact import Fact
from builder.models.site import Host
from builder.survey import (
    archive_way,
    clock,
    disks,
    displays,
    drives,
    firmware,
    graphics,
    hardware,
    lspci,
    network,
    nginx,
    orthanc,
    packages,
    postgresql,
    raid,
    system,
)
from builder.survey.answers import bare
from builder.survey.derived import derived
from builder.survey.merging import Merged, Told, merged
from builder.survey.question import ABSENT, NotAskedError, Noted, Question, Reply, Said, UnreadableError
from builder.survey.script import replies, stamps_of
from builder.survey.stating import fact_of, parsed
from builder.survey.tools import question_of, tool_of

Archives = Sequence[ArchiveEnd]
CONTAINERS = ("systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "openvz", "rkt", "wsl", "proot", "pouch",
              "container-other")  # fmt: skip
# One for each thing that was found, promised or not.
_EACH = ("displays.", "drives.", "gpus.", "memory.slot.", "network.", "port.tcp.")
_OPEN = UnreadableError("nobody says whether this is a virtual machine, whose drives may be others beneath")
_BENEATH = ("cpu.", "drives.", "gpu.", "gpus.", "memory.", "os.kernel", "raid.")
_OWN = ("gpu.driver.library", "gpu.mesa")


def questions(host: Host, archives: Archives = ()) -> tuple[Question, ...]:
    """What a host of this class is asked, in the order of the script; `archives`: those that it is a client of."""
    every = (clock.FIRST, *system.questions(host), clock.KEPT, *hardware.questions(), *firmware.questions(),
             *disks.questions(host), *drives.questions(), *raid.questions(), *lspci.questions(), *network.questions(),
             *archive_way.questions(archives),
             *displays.questions(host), *packages.questions(host))  # fmt: skip
    if host.host_class == "workstation":
        every = (*every, *graphics.questions())
    if host.host_class != "archive":
        return (*every, clock.LAST)
    return (*every, *orthanc.questions(), *postgresql.questions(), *nginx.questions(), clock.LAST)


def facts_from(text: str, host: Host, archives: Archives = ()) -> dict[str, Fact]:
    """The facts in what the script printed, sorted by name. Never raises: what is not whole is unreadable. `archives`:
    those that the host is a client of.

    A recorded answer may have more sections, of tools that no host of this class is asked with.
    """
    answers = replies(text)
    asked = questions(host, archives)
    sources = [_told(question, parsed(question, answers.get(question.name))) for question in asked]
    every = merged([*sources, *_beside(answers, {question.name for question in asked})])
    every |= archive_way.all_in_all(archives, every)
    every |= derived(host, answers, every, {question.name: question.command for question in asked})
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return dict(sorted({**_stated(every, digest), "clock.offset": _offset(answers, text, digest)}.items()))


def facts_of_tools(text: str) -> dict[str, Fact]:
    """The same of a machine that no site knows: what the recorded tools say, and nothing of what nobody recorded."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return dict(sorted(_stated(merged(_beside(replies(text), set())), digest).items()))


def _told(question: Question, said: Mapping[str, Said]) -> Told:
    """Of what it says beside its promises, only that which there is one of for each thing that was found."""
    kept = {name: value for name, value in said.items() if name in question.promises or name.startswith(_EACH)}
    return Told(tool_of(question.name), question.command, kept)


def _beside(answers: Mapping[str, Reply], asked: set[str]) -> list[Told]:
    known = [(question_of(name), reply) for name, reply in answers.items() if name not in asked]
    return [Told(tool.name, tool.command, parsed(tool, reply)) for tool, reply in known if tool is not None]


def _stated(every: Mapping[str, Merged], digest: str) -> dict[str, Fact]:
    machine = bare(every["virtualisation"].said) if "virtualisation" in every else None
    virtual = machine if isinstance(machine, str) else None
    unsure = isinstance(machine, UnreadableError) and not isinstance(machine, NotAskedError)
    return {
        name: fact_of(
            name,
            _OPEN if unsure and _of_drives(name, one) else _corrected(name, one.said, virtual),
            one.command,
            _note(name, virtual),
            digest,
        )
        for name, one in every.items()
    }


def _of_drives(name: str, one: Merged) -> bool:
    """Whether the kernel of a virtual machine would say this of a drive that may be another one beneath."""
    if one.said is ABSENT and name.startswith("raid."):
        return True
    if isinstance(one.said, UnreadableError) or not one.command.startswith("lsblk"):
        return False
    return _is_medium(name) or _is_unencrypted(name, one.said)


def _is_medium(name: str) -> bool:
    return name.startswith(("disk.", "drives.")) and name.endswith(".medium")


def _is_unencrypted(name: str, said: Said) -> bool:
    return name.endswith((".encrypted", ".encryption")) and (said is ABSENT or said == Noted(False, drives.UNSEEN))


def _corrected(name: str, value: Said, virtual: str | None) -> Said:
    """What a machine that is not made of metal says wrongly of itself."""
    if (name.startswith("asset.") or name in firmware.RECORDED) and virtual in CONTAINERS:
        return UnreadableError(f"{virtual} has no equipment record of its own")
    if name == "clock.synchronised" and virtual in (None, *CONTAINERS) and not isinstance(value, UnreadableError):
        return clock.beneath(virtual)
    if isinstance(value, UnreadableError) or virtual is None or virtual == "none":
        return value
    return _of_virtual_drives(name, value, virtual)


def _of_virtual_drives(name: str, value: Said, virtual: str) -> Said:
    """A virtual drive may be anything beneath."""
    if name.startswith("raid.") and value is ABSENT:
        return UnreadableError(f"{virtual} does not show what its drives lie on")
    if _is_medium(name):
        return UnreadableError(f"a drive in {virtual} does not say what it is made of")
    if _is_unencrypted(name, value):
        return UnreadableError(f"{virtual} does not show whether the machine beneath encrypts its drives")
    if name == "disk.apart" and value is True:
        return UnreadableError(f"drives that are two in {virtual} may be one beneath")
    return value


def _note(name: str, virtual: str | None) -> str | None:
    if virtual in CONTAINERS and name.startswith(_BENEATH) and name not in _OWN:
        return f"of the machine beneath {virtual}"
    if virtual in CONTAINERS and name.startswith("disk."):
        return f"as {virtual} shows it"
    if virtual not in (None, "none") and name.startswith(("asset.", "bios.", "board.")):
        return f"of the virtual machine, {virtual}"
    return None


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
