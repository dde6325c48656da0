"""What a survey asks (one command), what came back, and how its text becomes facts."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple


class UnreadableError(ValueError):
    """A fact that could not be read; the text says why, without a full stop."""


class BeneathError(UnreadableError):
    """A fact that only the machine beneath a container could state."""


class NotAskedError(UnreadableError):
    """A fact that nobody asked for: any other reason says more."""


class Absent:
    """The machine was asked and the thing is not there."""


class Noted(NamedTuple):
    """A value with a warning of what it does not say by itself. `at_least`: the truth may be more than was measured."""

    value: bool | int | float | str
    note: str
    at_least: bool = False


ABSENT: Final = Absent()
Said = bool | int | float | str | Noted | Absent | UnreadableError


_COMPLAINT = re.compile(r"error|fatal|not found|no such|denied|cannot|refused", re.IGNORECASE)


class Reply(NamedTuple):
    """What one command said: exit code, output and error output."""

    code: int
    text: str
    errors: str

    def checked(self) -> str:
        """The output. Raises UnreadableError when the command failed, with the last line of its error output."""
        if self.code == 0:
            return self.text
        raise UnreadableError(self.reason())

    def reason(self) -> str:
        """Why the command failed, in one clause."""
        if self.code == 124:
            return "the command did not end in time"
        printable = (re.sub(r"[\x00-\x1f\x7f]+", " ", line).strip() for line in self.errors.splitlines())
        lines = [re.sub(r"^sh: [0-9]+: ", "", line) for line in printable if line]
        if not lines:
            return f"exit code {self.code}"
        return next((line for line in lines if _COMPLAINT.search(line)), lines[-1])[:200].rstrip(". ")


NOT_RECORDED: Final = Reply(125, "", "nobody has recorded it")
"""In a recorded answer, of a question that no file answers: no command ran, so none failed by itself."""


class Question(NamedTuple):
    """`promises` are the facts that the survey states in any case: as unreadable when the parser does not give them.

    `parse` is pure. It may raise UnreadableError for all of its facts, or give it for one; whatever else it raises
    (ValueError, LookupError) makes them unreadable too. `beside`: it waits (for the network, a drive, another program),
    so it is asked at the same time as the others.
    """

    name: str
    command: str
    promises: tuple[str, ...]
    parse: Callable[[Reply], Mapping[str, Said]]
    beside: bool = False
