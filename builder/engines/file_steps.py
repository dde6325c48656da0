"""Files, directories and links as a pyinfra operation."""

from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from builder.engines.files import FileSpec, Spec, diff, differs, parse, read_script, write_script
from builder.engines.notes import StepError, ask, current_note, hidden


@operation()
def place(specs: tuple[Spec, ...]) -> Generator[StringCommand]:
    """Make every path as its spec says; one read, one write."""
    note = current_note(host)
    note.paths = tuple(spec.path for spec in specs if isinstance(spec, FileSpec))
    try:
        present = parse(specs, ask(host, read_script(specs)))
    except ValueError as fault:
        raise StepError(str(fault)) from fault
    changes = [(spec, now) for spec, now in zip(specs, present, strict=True) if differs(spec, now)]
    note.diff = "\n".join(diff(spec, now) for spec, now in changes) or None
    if changes:
        yield hidden(write_script([spec for spec, _ in changes]))
