"""Files, directories and links as a pyinfra operation."""

from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from builder.engines.files import FileSpec, Spec, diff, differs, parse, read_script, write_script
from builder.engines.foreign import aside_script, foreign_script, put_aside
from builder.engines.notes import StepError, ask, current_note, hidden, promised, stamp_path


@operation()
def place(specs: tuple[Spec, ...]) -> Generator[StringCommand]:
    """Make every path as its spec says; one read, one write."""
    note = current_note(host)
    note.paths = tuple(spec.path for spec in specs if isinstance(spec, FileSpec))
    try:
        present = parse(specs, ask(host, read_script(specs)))
    except ValueError as fault:
        raise StepError(str(fault)) from fault
    done = promised(host)
    changes = [
        (spec, now)
        for spec, now in zip(specs, present, strict=True)
        if differs(spec, now) and done.get(spec.path) != spec
    ]
    if not host.state.is_executing:
        done |= {spec.path: spec for spec, _ in changes}
    note.diff = "\n".join(diff(spec, now) for spec, now in changes) or None
    if changes:
        yield hidden(write_script([spec for spec, _ in changes]))


@operation()
def only(folder: str, ending: str, ours: frozenset[str]) -> Generator[StringCommand]:
    """Put foreign files of a folder aside. Its one path is a mark that is renewed whenever it does: what is to be
    restarted after it knows by that, whether or not this run lives that long."""
    note, mark = current_note(host), stamp_path(f"only{folder.replace('/', '-')}")
    note.paths = (mark,)
    found = ask(host, foreign_script(folder, ending, ours)).splitlines()
    note.diff = "\n".join(f"# {folder}/{name}: not pacsmith's, renamed to {put_aside(name)}" for name in found) or None
    if found:
        yield hidden(aside_script(folder, found, mark))
