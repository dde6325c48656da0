"""The error logs of a host's services: which kinds of error they tell of that they did not tell of before (pure).

A kind is a line without its numbers and without what stands in quotes. An archive that serves well logs errors, too, as
when it refuses a stranger: those it has told of before are no news."""

from collections.abc import Iterable
from shlex import quote

Log = tuple[str, str, str]
"""A service, the shell pattern of its log files, and what marks an error in them (grep -E)."""
_LONGEST = 200
_KIND = (
    's/"[^"]*"/"..."/g; s/[0-9a-f]{8}(-[0-9a-f]{4,12}){2,}/#/g; s/[0-9]+/#/g; s/[[:space:]]+/ /g; '
    r"s/^[EF]?[-#:./ ]+(UTC )?(\[#\] )?//"  # when, and by which process
)


def before_script(folder: str, logs: Iterable[Log]) -> str:
    """Shell text that writes down in `folder` what kinds of error the logs tell of by now, also those rotated away."""
    return f"set -e; umask 077; mkdir -p {folder}; {_kinds(logs)} | sort -u >{folder}/errors-before"


def new_script(folder: str, logs: Iterable[Log]) -> str:
    """Shell text that prints the kinds of error that they did not tell of then. Fails where that was not written."""
    return f"set -e; [ -e {folder}/errors-before ]; {_kinds(logs)} | sort -u | comm -13 {folder}/errors-before -"


def _kinds(logs: Iterable[Log]) -> str:
    each = (
        f"{{ zcat -f {files} 2>/dev/null | grep -aE {quote(marks)} | sed -E {quote(_KIND)} | "
        f"sed 's/^/{name}: /' | cut -c 1-{_LONGEST}; }}"
        for name, files, marks in logs
    )
    return f"export LC_ALL=C.UTF-8; {{ {'; '.join(each)}; }}"
