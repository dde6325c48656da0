"""Recorded answers instead of a machine: one that is far away, not ours to log in to, or not bought yet."""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from builder.errors import BadInput
from builder.models.site import Host
from builder.survey.displays import shown_on
from builder.survey.facts import Archives, questions
from builder.survey.question import NOT_RECORDED
from builder.survey.script import began, section
from builder.survey.tools import TOOLS, named_after, text_of

_EDID = "edid-"


def recorded_answer(folder: Path, host: Host, archives: Archives = ()) -> str:
    """What `folder` holds of `host`, as `facts_from` reads it: the file HOST.txt that `survey --record` has written, or
    a folder HOST with one file a question or a tool, as graphics.xml or nvidia-smi.xml with what `nvidia-smi -q -x`
    printed.

    Raises BadInput when it holds neither, or a file that no question and no tool is called after.
    """
    whole, parts = folder / f"{host.name}.txt", folder / host.name
    if whole.is_file():
        return _whole(whole)
    if parts.is_dir():
        asked = [question.name for question in questions(host, archives)]
        return _assembled(_sections(parts, asked), asked)
    raise BadInput(not_recorded(folder, host))


def is_recorded(folder: Path, host: Host) -> bool:
    """Whether there is a file or a folder of that host."""
    return (folder / f"{host.name}.txt").is_file() or (folder / host.name).is_dir()


def not_recorded(folder: Path, host: Host) -> str:
    """Why a host was not read: with what is there under its name in another spelling, as Read-1 for read01."""
    there = [one for one in _visible(folder) if _spelt(one.stem) == _spelt(host.name)] if folder.is_dir() else []
    hint = f"; there is {there[0].name}, rename it if that is the one" if there else ""
    return (
        f"{folder}: nothing is recorded of {host.name}; it wants {host.name}.txt (from pacsmith survey --record) or a "
        f"folder {host.name} with one file a question or a tool{hint}"
    )


def _spelt(name: str) -> str:
    """The name without what people spell in several ways: capitals, hyphens, noughts before a number."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"[^0-9a-z]", "", name.lower()))


class Recording(NamedTuple):
    """What was recorded of a host on one day, as `facts_from` reads it, and where it is kept."""

    day: str
    place: str
    text: str


def recording_of(folder: Path, host: Host) -> Recording | None:
    """The latest that `folder` holds of `host`, below HOST/: what `survey --record` has written, as 2026-11-18.txt, or
    a folder 2026-11-18 with one file a question or a tool. None when there is nothing of it.

    Raises BadInput for what is named after no day, and as `recorded_answer` does.
    """
    kept = folder / host.name
    if not kept.is_dir():
        return None
    days = {file.stem if file.is_file() else file.name: file for file in _visible(kept)}
    for day, file in days.items():
        if not _is_day(day):
            raise BadInput(f"{file}: name it after the day on which it was recorded, as 2026-11-18 or 2026-11-18.txt")
    if not days:
        return None
    day, latest = max(days.items())
    if latest.is_file():
        return Recording(day, str(latest), _whole(latest))
    asked = [question.name for question in questions(host)]
    return Recording(day, str(latest), _assembled(_sections(latest, asked), asked))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _whole(file: Path) -> str:
    text = _content(file).decode("utf-8", "replace")
    if not began(text):
        raise BadInput(f"{file}: this is no recorded survey; pacsmith survey --record FOLDER writes one")
    return text


def recorded_machines(folder: Path) -> dict[str, str]:
    """Machines that no site knows: `folder` with one file a tool is one machine of its name, else each folder in it is.
    Name -> what was recorded, as `facts_of_tools` reads it.

    Raises BadInput when there is nothing, or a file is named after no tool.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder; name one with a file a tool, as dmidecode.txt")
    inside = _visible(folder)
    folders = [one for one in inside if one.is_dir()]
    files = [one for one in inside if not one.is_dir()]
    if folders and files:
        raise BadInput(
            f"{folder}: it holds the file {files[0].name} and the folder {folders[0].name}; "
            "put the files of each machine into a folder of its own"
        )
    machines = folders or [folder]
    return {machine.resolve().name: _assembled(_sections(machine, ()), ()) for machine in machines}


def _visible(folder: Path) -> list[Path]:
    try:
        return [file for file in sorted(folder.iterdir()) if not file.name.startswith(".")]
    except OSError as fault:
        raise BadInput(f"{folder}: cannot be read: {fault.strerror}; make it readable") from fault


def _sections(folder: Path, asked: Sequence[str]) -> dict[str, str]:
    """What each file says, by the question or tool that it is named after. EDIDs of several connectors are one answer,
    as a living machine gives it."""
    files = _visible(folder)
    if not files:
        raise BadInput(f"{folder}: it is empty; put a file a tool into it, as dmidecode.txt: {_tools()}")
    found: dict[str, Path] = {}
    displays: list[str] = []
    for file in files:
        if file.stem.startswith(_EDID):
            displays.append(shown_on(file.stem.removeprefix(_EDID), text_of(_content(file))))
            continue
        name = _name(file, asked)
        if name in found:
            raise BadInput(f"{file}: {found[name].name} is what {name} printed as well; leave one of them there")
        found[name] = file
    said = {name: text_of(_content(file)) for name, file in found.items()}
    return said | ({"displays": "".join(displays)} if displays else {})


def _name(file: Path, asked: Sequence[str]) -> str:
    """The section that a file becomes. Raises BadInput when it is named after nothing."""
    if file.stem in asked:
        return file.stem
    tool = named_after(file.stem) if file.is_file() else None
    if tool is not None:
        return tool
    if asked:
        raise BadInput(
            f"{file}: no question is called {file.stem}; there are {', '.join(sorted(asked))}; "
            f"nor is a tool: {_tools()}"
        )
    raise BadInput(
        f"{file}: no tool is called {file.stem}; name the file after what printed it or take it away: {_tools()}"
    )


def _tools() -> str:
    return f"{', '.join(sorted(TOOLS, key=str.lower))}, edid-CONNECTOR"


def _assembled(said: Mapping[str, str], asked: Sequence[str]) -> str:
    mark = f"@@ {secrets.token_hex(8)}"
    sections = [
        section(mark, name, said[name], "", 0) if name in said
        else section(mark, name, "", NOT_RECORDED.errors, NOT_RECORDED.code)
        for name in dict.fromkeys((*asked, *said))
    ]  # fmt: skip
    return f"{mark} begins\n" + "".join(sections) + f"{mark} ends\n"


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise BadInput(f"{file}: cannot be read: {fault.strerror}; make it readable") from fault
