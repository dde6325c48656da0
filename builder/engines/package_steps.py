"""Debian packages: one dpkg reading, one apt run for all of them."""

from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host

from builder.engines.apt import install_script, missing, query_script, repair_script
from builder.engines.notes import ask, current_note, hidden


@operation()
def packages(wanted: tuple[str, ...]) -> Generator[StringCommand]:
    """Install what is missing; services wait for their configuration and are started by the role."""
    absent = missing(wanted, ask(host, query_script(wanted)))
    if absent:
        current_note(host).diff = "\n".join(f"+ {package}" for package in absent)
        yield hidden(install_script(absent))


@operation()
def repair() -> Generator[StringCommand]:
    """Finish what an interrupted package installation has left half done."""
    found = ask(host, repair_script(dry=True)).strip()
    if found:
        current_note(host).diff = "\n".join(f"# {line}" for line in found.splitlines())
        yield hidden(repair_script(dry=False))
