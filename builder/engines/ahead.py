"""Start SSH to an order's hosts, and ask them what they were asked the last time, before the engine itself is loaded.

pydantic and pyinfra take half a second of processor time to load, as long as a host takes to let us in and to answer.
So nothing here may import either.
"""

import contextlib
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from builder.engines.shell.link import Link
from builder.engines.shell.questions import Asking
from builder.engines.shell.session import COMMAND_SECONDS, Session
from builder.engines.shell.target import of_connection

if TYPE_CHECKING:
    from builder.models.connection import Connection

AT_ONCE = 32  # hosts; each holds one SSH process and, while it is asked, some of this machine's processor


def questions_file(folder: str, host: str, roles: Iterable[str]) -> str:
    """Where is kept what a host was asked for these roles."""
    return f"{folder}/{'-'.join((host, *roles))}.json"


def ask_ahead(order: Any) -> dict[str, Asking]:
    """By host, what was begun and is not waited for. `order` is the document as it came; whoever carries it out checks
    it, so nothing is said here of one that is not as it should be."""
    asked = {}
    # OSError: no ssh, no more processes; told when we connect.
    with contextlib.suppress(OSError, KeyError, TypeError, AttributeError):
        for host in order["job"]["hosts"][:AT_ONCE]:
            asked[host["connection"]["host"]] = _asked(host, order["job"].get("memory"))
    return asked


def _asked(host: Any, memory: str | None) -> Asking:
    where = cast("Connection", SimpleNamespace(**host["connection"]))
    target = of_connection(where)
    file = None if memory is None else questions_file(memory, where.host, (role for role, _ in host["roles"]))
    asking = Asking(Session(target, Link(target)), file, COMMAND_SECONDS)
    asking.begin()
    return asking
