"""All questions as one POSIX shell script for standard input (one round trip, no file left), and its answer cut up."""

import re
import shlex
from collections.abc import Iterable

from builder.survey.clock import Stamps
from builder.survey.question import Question, Reply

_SECONDS = 20
_PREAMBLE = """\
LC_ALL=C; export LC_ALL
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
cd /
limit=
command -v timeout >/dev/null 2>&1 && limit='timeout {seconds}'
exec 3>&1
ask() {{
  printf '%s begin %s\\n' '{mark}' "$1"
  errors=$($limit sh -c "$2" 2>&1 >&3 3>&- </dev/null); code=$?
  printf '\\n%s errors %s\\n%s\\n%s end %s %s\\n' '{mark}' "$1" "$errors" '{mark}' "$1" "$code"
}}
printf '%s begins\\n' '{mark}'
"""
_STAMPS = re.compile(
    r"^(@@ [0-9a-f]{16}) asked ([0-9]{1,12}\.[0-9]{6}) ([0-9]{1,12}\.[0-9]{6}) by the controller$", re.MULTILINE
)
_BEGINS = re.compile(r"^(@@ [0-9a-f]{16}) begins$", re.MULTILINE)


def script(questions: Iterable[Question], nonce: str) -> str:
    """The shell text. `nonce` (16 hexadecimal digits) marks the sections, so that no output can pass for a marker.

    Questions to be asked beside the others run at the same time, each in a link of a pipe that hands on what the links
    before it say: no file is needed, and each section stays whole.
    """
    mark, asked = f"@@ {nonce}", list(questions)
    lanes = [f"{{ exec 3>&1; {_ask(one)}; cat; }}" for one in asked if one.beside]
    lines = [_ask(one) for one in asked if not one.beside]
    if lanes:  # what they say comes through the pipe; the last question, of the clock, waits for it
        inside = "\n".join((*lines[:-1], "cat", *lines[-1:]))
        lines = [" | ".join((":", *lanes, f"{{\n{inside}\n}}"))]
    text = "".join(f"{line}\n" for line in lines)
    return _PREAMBLE.format(mark=mark, seconds=_SECONDS) + text + f"printf '%s ends\\n' '{mark}'\n"


def _ask(question: Question) -> str:
    return f"ask {question.name} {shlex.quote(question.command)}"


def began(text: str) -> bool:
    """Whether the script ran at all."""
    return _BEGINS.search(text) is not None


def stamped(text: str, nonce: str, stamps: Stamps) -> str:
    """The answer, with the controller's times at its end: a recorded answer states the host's clock as well."""
    return f"{text}\n@@ {nonce} asked {stamps.sent:.6f} {stamps.received:.6f} by the controller\n"


def stamps_of(text: str) -> Stamps | None:
    """The controller's times in a recorded answer; None when there are none. Never raises."""
    first = _BEGINS.search(text)
    found = [match for match in _STAMPS.finditer(text) if first is not None and match[1] == first[1]]
    return Stamps(float(found[-1][2]), float(found[-1][3])) if found else None


def replies(text: str) -> dict[str, Reply]:
    """Each section that is whole, by its name; one that was cut off is not there. Never raises."""
    first = _BEGINS.search(text)
    if first is None:
        return {}
    mark = re.escape(first[1])
    section = re.compile(
        rf"^{mark} begin (?P<name>\S+)\n(?P<text>(?:(?!{mark} ).*\n)*?){mark} errors (?P=name)\n"
        rf"(?P<errors>(?:(?!{mark} ).*\n)*?){mark} end (?P=name) (?P<code>[0-9]{{1,3}})\n",
        re.MULTILINE,
    )
    found = section.finditer(text, first.end())
    return {m["name"]: Reply(int(m["code"]), m["text"].removesuffix("\n"), m["errors"].rstrip("\n")) for m in found}


def section(mark: str, name: str, text: str, errors: str, code: int) -> str:
    """One section as the script prints it, for an answer that is put together from recorded outputs."""
    return f"{mark} begin {name}\n{text}\n{mark} errors {name}\n{errors}\n{mark} end {name} {code}\n"
