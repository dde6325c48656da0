"""What one result of an Ansible task says: changed or not, the difference, why it failed (pure)."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from builder.engines.files import abridged

Result = Mapping[str, Any]

ERROR_LINES = 12
_HIDDEN = "its output is hidden because it handles a secret (no_log); run the task's command by hand on the host"
_NO_SUDO = ("Missing sudo password", "a password is required", "is not in the sudoers file", "sudo:")
_OPENINGS = ("Failed to connect to the host via ssh:", "Data could not be sent to remote host")


def printed(event: Mapping[str, Any]) -> Result:
    """The result that Ansible has printed beside the event (events of skipped tasks carry none); empty when none."""
    _, _, text = str(event.get("stdout") or "").partition(" => ")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def changed(event: Mapping[str, Any], items_changed: bool) -> bool:
    """Whether the task changed something; of a task with no_log only what Ansible printed says so."""
    result = event["event_data"].get("res") or {}
    if "changed" in result:
        return bool(result["changed"])
    return items_changed or str(event.get("stdout") or "").startswith("changed:")


def _parts(result: Result) -> Iterator[Result]:
    inner = result.get("results")
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        yield from (part for part in inner if isinstance(part, Mapping))
    else:
        yield result


def diff_text(result: Result) -> str | None:
    """Unified-diff text of everything that the task reports as different; None when it reports nothing."""
    lines: list[str] = []
    for part in _parts(result):
        found = part.get("diff") or []
        for one in found if isinstance(found, list) else [found]:
            lines += _lines(one, _place(part)) if isinstance(one, Mapping) else []
    return "\n".join(abridged(lines)) or None


def _place(part: Result) -> str:
    """The file on the host that a task writes: the header of its diff may name a copy in our own memory instead."""
    arguments = (part.get("invocation") or {}).get("module_args") or {}
    return str(part.get("dest") or part.get("path") or arguments.get("dest") or "")


def _lines(diff: Mapping[str, Any], place: str) -> list[str]:
    if "prepared" in diff:
        return str(diff["prepared"]).splitlines()
    before, after = _text(diff.get("before")), _text(diff.get("after"))
    if before == after:
        return []
    new = place or str(diff.get("after_header") or diff.get("before_header") or _path(diff) or "after")
    old = "/dev/null" if not before else str(place or diff.get("before_header") or new)
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm=""))


def _path(diff: Mapping[str, Any]) -> object:
    after = diff.get("after")
    return after.get("path") if isinstance(after, Mapping) else None


def _text(side: object) -> str:
    if side is None:
        return ""
    return side if isinstance(side, str) else json.dumps(side, indent=1, sort_keys=True)


def why_failed(result: Result) -> str:
    """The reason for a person: Ansible's message, and what the command said last."""
    reasons = []
    for part in _parts(result):
        if part.get("failed") or part is result:
            reasons += _said(part)
    lines = [line for line in "\n".join(dict.fromkeys(reasons)).splitlines() if line.strip()]
    if not lines:
        return _HIDDEN if "censored" in json.dumps(result, default=str) else "the task failed and said nothing"
    return ": ".join(lines) if len(lines) == 2 else "\n".join(lines[:ERROR_LINES])


def _said(part: Result) -> list[str]:
    message = str(part.get("msg") or "").removeprefix("Task failed: ").removeprefix("Module failed: ")
    if message == "non-zero return code":
        message = f"the command ended with exit code {part.get('rc')}"
    faults = part.get("argument_errors") or []
    tail: list[str] = []
    for stream in ("stderr", "module_stderr", "stdout", "module_stdout"):
        tail = str(part.get(stream) or "").strip().splitlines()[-(ERROR_LINES - 1) :]
        if tail:
            break
    known = [line for line in tail if line.strip() not in message.splitlines()]
    return [text for text in (message, *map(str, faults), "\n".join(known)) if text]


def no_root(result: Result) -> str | None:
    """What sudo said when the user could not become root; None when the task failed for another reason."""
    message = str(result.get("msg") or "") + str(result.get("module_stderr") or "")
    return f"sudo: {message.removeprefix('Task failed: ')}" if any(sign in message for sign in _NO_SUDO[:3]) else None


def why_unreachable(result: Result) -> str:
    """What SSH said."""
    message = str(result.get("msg") or "no reason given")
    for opening in _OPENINGS:
        message = message.partition(opening)[2] or message
    return message.strip()


def early_end(code: int | None, printed_lines: Sequence[str]) -> str:
    """A sentence for a run that Ansible refused or gave up as a whole: its errors, and where they are."""
    lines = [line.strip() for text in printed_lines for line in text.splitlines()]
    told = [line for line in lines if line.startswith(("[ERROR]", "ERROR!", "Origin:"))]
    said = "; ".join(told[:ERROR_LINES] or [line for line in lines if line][-1:]) or "it said nothing"
    said = said.replace("[ERROR]: ", "").replace("ERROR! ", "").rstrip(".")
    return f"Ansible ended with exit code {code} before its work was done ({said}); mend what is named"
