"""What a step leaves for its events beside the commands it runs: kept by pyinfra host and operation."""

import shlex
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pyinfra.api.command import StringCommand
from pyinfra.api.hiddenvalue import HiddenValue
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta

from builder.engines.files import LinkSpec, Spec
from builder.engines.shell.connector import PacsmithConnector
from builder.engines.shell.reading import Reading, reading


class StepError(Exception):
    """A step could not read or do what it must; the text is for the person who reads the run."""


@dataclass
class Note:
    """`diff` is what would change (no secrets); `previewable` is False when no plan can tell; `why` not, where it could
    at another time; `paths` its files."""

    diff: str | None = None
    previewable: bool = True
    why: str | None = None
    paths: tuple[str, ...] = field(default=())


def _notes(host: Host) -> dict[str, Note]:
    found: dict[str, Note] = host.connector_data.setdefault("pacsmith_notes", {})
    return found


def note_of(host: Host, operation: str) -> Note:
    """The note of one operation (by pyinfra's hash); made when there is none."""
    return _notes(host).setdefault(operation, Note())


def current_note(host: Host) -> Note:
    """The note of the operation that is being evaluated on this host."""
    return note_of(host, host.current_op_hash or "")


def promised(host: Host) -> dict[str, Spec]:
    """By path, what earlier steps of this plan would have written by now; in a run they have, and it is empty."""
    if host.state.is_executing:
        return {}
    found: dict[str, Spec] = host.connector_data.setdefault("pacsmith_promised", {})
    return found


def promised_enabled(host: Host) -> frozenset[str]:
    """Units that such a step would have enabled with a link of its own."""
    links = (path for path, spec in promised(host).items() if isinstance(spec, LinkSpec))
    return frozenset(PurePosixPath(path).name for path in links if PurePosixPath(path).parent.suffix == ".wants")


def paths_of(host: Host, steps: tuple[OperationMeta, ...]) -> tuple[str, ...]:
    """All files of these steps, sorted."""
    return tuple(sorted({path for step in steps for path in note_of(host, step._hash).paths}))


def any_changed(steps: tuple[OperationMeta, ...]) -> bool:
    """Whether one of these steps has changed something (in a run) or would (in a plan)."""
    return any(step.changed for step in steps)


def hidden(script: str) -> StringCommand:
    """A command whose text is masked wherever pyinfra prints it."""
    return StringCommand(HiddenValue(script))  # type: ignore[no-untyped-call]


def ask(host: Host, script: str, *, kept: bool = True) -> str:
    """Output of a script that only reads. Raises StepError when it does not exit 0, OSError when the host is lost.

    The same question is not asked twice while nothing has changed on the host; with `kept` False it always is.
    """
    with reading(Reading(kept=kept)):
        done, output = host.run_shell_command(hidden(script))
    if not done:
        raise StepError(output.stderr.strip() or output.stdout.strip() or "the host could not be read")
    return output.stdout


def things_moved(host: Host) -> None:
    """Something on the host may be otherwise than it said, though no step has changed it: it is asked again."""
    assert isinstance(host.connector, PacsmithConnector)
    host.connector.changed()


def things_may_move(host: Host) -> bool:
    """Whether something was changed on the host in this pass, so that its services may still be about their work."""
    assert isinstance(host.connector, PacsmithConnector)
    return host.connector.asking is None or host.connector.asking.changed


STAMPS = "/var/lib/pacsmith/stamps"


def stamp_path(name: str) -> str:
    """Where a host remembers for which state of its files a step was last carried out."""
    return f"{STAMPS}/{name}"


def stamp_text(paths: tuple[str, ...]) -> str:
    """Shell text that prints a fingerprint of files: names, modification times and sizes.

    Not their age: the clock of a host may jump while it is built.
    """
    return f"stat -c '%n %.Y %s' {shlex.join(paths)} 2>&1 | sha256sum"
