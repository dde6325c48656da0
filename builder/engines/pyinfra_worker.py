"""The pyinfra engine's process: one JSON order on standard input, one JSON event a line on standard output.

`python -m builder.engines.pyinfra_worker`. Nothing else is printed on standard output; pyinfra's own log is dropped.
"""

import logging
import sys

from builder.engines.child import EXIT_BAD_ORDER, begin
from builder.engines.job import Order
from builder.engines.shell.link import Link
from builder.engines.shell.target import of_connection

AT_ONCE = 32  # hosts; each holds one SSH process and, while it is asked, some of this machine's processor


def first_links(order: Order) -> dict[str, Link]:
    """Connections to the hosts that come first, begun and not waited for."""
    connections = [host.connection for host in order.job.hosts[:AT_ONCE]]
    return {connection.host: Link(of_connection(connection)) for connection in connections}


def main() -> int:
    """Carry out the order; 0 when it was carried through, whatever came of it on the hosts."""
    begun = begin()
    if begun is None:
        return EXIT_BAD_ORDER
    order, emit = begun
    links = first_links(order)
    # paramiko, which pyinfra imports and we do not use, wants it for one word of ssh_config and does without.
    sys.modules.setdefault("invoke", None)  # type: ignore[arg-type]
    from builder.engines.crew import Crew  # noqa: PLC0415  pyinfra takes half a second to load: SSH connects meanwhile

    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    logging.getLogger("pyinfra").propagate = False
    Crew(order, emit, links).work()
    return 0


if __name__ == "__main__":
    sys.exit(main())
