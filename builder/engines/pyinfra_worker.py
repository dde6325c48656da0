"""The pyinfra engine's process: one JSON order on standard input, one JSON event a line on standard output.

`python -m builder.engines.pyinfra_worker`. Nothing else is printed on standard output; pyinfra's own log is dropped.
"""

import contextlib
import gc
import logging
import sys
from typing import get_type_hints

from builder.engines.child import EXIT_BAD_ORDER, begin
from builder.engines.job import AT_ONCE, Order
from builder.engines.shell.link import Link
from builder.engines.shell.target import of_connection


def first_links(order: Order) -> dict[str, Link]:
    """Connections to the hosts that come first, begun and not waited for."""
    links = {}
    with contextlib.suppress(OSError):  # no ssh, no more processes: it is told where the hosts are connected
        for host in order.job.hosts[:AT_ONCE]:
            links[host.connection.host] = Link(of_connection(host.connection))
    return links


def quicken() -> None:
    """Take work off pyinfra that it does again and again: its arguments' types, written as text, are worked out once
    (it does so for every fact, operation and class of facts, half a millisecond each)."""
    from pyinfra.api.arguments import AllArguments  # noqa: PLC0415

    AllArguments.__annotations__.update(get_type_hints(AllArguments))


def main() -> int:
    """Carry out the order; 0 when it was carried through, whatever came of it on the hosts."""
    gc.disable()  # while modules are loaded there is nothing to collect
    begun = begin()
    if begun is None:
        return EXIT_BAD_ORDER
    order, emit = begun
    links = first_links(order)
    # paramiko, which pyinfra imports and we do not use, wants it for one word of ssh_config and does without.
    sys.modules.setdefault("invoke", None)  # type: ignore[arg-type]
    quicken()
    from builder.engines.crew import Crew  # noqa: PLC0415  pyinfra takes half a second to load: SSH connects meanwhile

    gc.enable()
    gc.freeze()  # what was loaded stays
    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    logging.getLogger("pyinfra").propagate = False
    Crew(order, emit, links).work()
    return 0


if __name__ == "__main__":
    sys.exit(main())
