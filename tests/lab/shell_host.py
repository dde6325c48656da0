"""A pyinfra host on a loopback sshd, by our connector or by pyinfra's own, and what one asks of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.api.config import Config
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State, StateStage
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import CommandOutput
from pyinfra.context import ctx_host, ctx_state

from builder.engines.shell.connector import PacsmithConnector
from builder.engines.shell.session import Session

OURS, STOCK = PacsmithConnector, SSHConnector


@contextmanager
def connected(data: dict[str, object], connector: type[Any] = OURS) -> Iterator[Host]:
    """A host that is connected, in pyinfra's context, while the block runs."""
    inventory = Inventory(([("trial", data)], {}))  # type: ignore[no-untyped-call]
    state = State(inventory, Config())  # type: ignore[no-untyped-call]
    (host,) = inventory
    host.connector_cls = connector
    host.init(state)
    state.current_stage = StateStage.Prepare
    with ctx_state.use(state), ctx_host.use(host):
        host.connect(raise_exceptions=True, show_errors=False)
        try:
            yield host
        finally:
            host.disconnect()


def run(host: Host, text: str, **arguments: Any) -> tuple[bool, CommandOutput]:
    """One command, as an operation has it run."""
    return host.run_shell_command(StringCommand(text), **arguments)


def said(host: Host, text: str, **arguments: Any) -> str:
    """The output of a command that must exit 0."""
    done, output = run(host, text, **arguments)
    assert done, output.output
    return output.stdout


def session_of(host: Host) -> Session:
    """What stands behind our connector."""
    connector = host.connector
    assert isinstance(connector, PacsmithConnector)
    assert connector.session is not None
    return connector.session
